"""English inside Chinese as ARPAbet: lower case, without stress digits, divided into syllables.

How a Latin word is said (whole, in parts, letter by letter, or by rule when no lexicon has it) is
decided where Kokoro's is, with misaki's lexicons (Apache-2.0). Their IPA stands one to one for the
39 phones of ARPAbet, which is all the model knows. Syllables take as many consonants before their
vowel as English allows at a word's beginning (the maximal onset principle, Kahn 1976), and the tone
is the stress: 1 primary, 0 none; secondary stress counts as none in the model's training scripts.
"""

import re
from collections.abc import Iterator

from tts_engine.speech.errors import UnknownUnit
from tts_engine.speech.voices.kokoro import english
from tts_engine.speech.voices.sambert.syllables import Syllable

_VOWELS = {
    "A": "ey", "I": "ay", "O": "ow", "W": "aw", "Y": "oy", "i": "iy", "u": "uw", "æ": "ae", "ɑ": "aa", "ɔ": "ao",
    "ə": "ah", "ɛ": "eh", "ɪ": "ih", "ʊ": "uh", "ʌ": "ah", "ᵊ": "ah", "ᵻ": "ih", "ɜ": "er", "ɜɹ": "er", "əɹ": "er",
}  # fmt: skip
_CONSONANTS = {
    "b": "b", "d": "d", "f": "f", "h": "hh", "j": "y", "k": "k", "l": "l", "m": "m", "n": "n", "p": "p", "s": "s",
    "t": "t", "v": "v", "w": "w", "z": "z", "ð": "dh", "ŋ": "ng", "ɡ": "g", "ɹ": "r", "ɾ": "t", "ʃ": "sh", "ʒ": "zh",
    "ʔ": "t", "ʤ": "jh", "ʧ": "ch", "θ": "th",
}  # fmt: skip
_ONSETS = frozenset(
    tuple(onset.split())
    for onset in (
        *("p l", "p r", "p y", "b l", "b r", "b y", "t r", "t w", "d r", "d w", "k l", "k r", "k w", "k y"),
        *("g l", "g r", "g w", "g y", "f l", "f r", "f y", "th r", "th w", "sh r", "v y", "m y", "n y", "hh y"),
        *("s p", "s t", "s k", "s m", "s n", "s l", "s w", "s f", "s p l", "s p r", "s p y", "s t r", "s k r"),
        *("s k w", "s k y"),
    )
)
"""The clusters an English syllable may begin with; of single consonants only ng may not."""

_MARKS = "ˈˌ"
# An r after a vowel colours it, unless it begins the next syllable: furry, but a-rrival.
_SYMBOL = re.compile(f"ɜɹ|əɹ(?![{_MARKS}]?[{''.join(sorted({v[0] for v in _VOWELS}))}])|.")
_SYLLABIC_N = re.compile("(?<=ʔ)n")  # button: a syllable without a vowel in IPA, AH N in ARPAbet


def syllables(word: str, first: int) -> Iterator[Syllable]:
    """The syllables of a Latin word that begins at character `first`; those of one part share its characters.

    Raises UnknownUnit for a sound that ARPAbet has no phone for.
    """
    for part in english.parts(word):
        for phones, tone in _divided(_SYLLABIC_N.sub("ən", part.symbols)):
            yield Syllable(phones, tone, first + part.first, first + part.end)


def _divided(ipa: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """`həlˈO` -> (hh ah) 0, (l ow) 1."""
    consonants: list[str] = []
    syllable: list[str] = []  # up to its vowel; empty before the first
    tone = stress = 0
    for symbol in _SYMBOL.findall(ipa):
        if symbol in _MARKS:
            stress = int(symbol == "ˈ")
        elif symbol in _CONSONANTS:
            consonants.append(_CONSONANTS[symbol])
        elif symbol in _VOWELS:
            onset = _onset(consonants) if syllable else 0
            if syllable:
                yield (*syllable, *consonants[:onset]), tone
            syllable = [*consonants[onset:], _VOWELS[symbol]]
            consonants, tone, stress = [], stress, 0
        else:
            raise UnknownUnit([symbol])
    yield (*syllable, *consonants), tone


def _onset(consonants: list[str]) -> int:
    """Where among the consonants between two vowels the second syllable begins."""
    for start in range(len(consonants)):
        cluster = tuple(consonants[start:])
        if cluster in _ONSETS or (len(cluster) == 1 and cluster != ("ng",)):
            return start
    return len(consonants)
