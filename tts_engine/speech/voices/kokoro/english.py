"""English inside Chinese: words and letters in Kokoro's own symbols.

The lexicons are misaki's (Apache-2.0): `us_gold.json`, checked by hand, then `us_silver.json`,
184,000 words together. What is in neither is read by rule, see `by_rule`.
"""

import functools
import importlib.resources
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# OpenAI -> Open AI, iPhone -> i Phone, HTTPServer -> HTTP Server; an apostrophe stays in its word.
PART = re.compile(r"[A-Z]+(?![a-z'’])|[A-Z]?[a-z]+(?:['’][a-z]+)*|[A-Z]|\d")
VOWELS = re.compile(r"[aeiouy]", re.IGNORECASE)
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LONGEST_WORD = 28  # letters; what is longer is no word and is spelt

# Letters to sounds for words in no lexicon, longest match first: the commonest value of each
# spelling in American English (after Venezky, The Structure of English Orthography, 1970).
SPELLINGS = {
    "tion": "ʃən", "sion": "ʒən", "ough": "O", "augh": "ɔ", "eigh": "A", "igh": "I", "tch": "ʧ", "dge": "ʤ",
    "ch": "ʧ", "sh": "ʃ", "th": "θ", "ph": "f", "wh": "w", "ck": "k", "ng": "ŋ", "qu": "kw", "gh": "ɡ", "kn": "n",
    "wr": "ɹ", "ee": "i", "ea": "i", "oo": "u", "ai": "A", "ay": "A", "oa": "O", "ow": "O", "ou": "W", "oi": "Y",
    "oy": "Y", "au": "ɔ", "aw": "ɔ", "ew": "ju", "ie": "i", "ei": "A", "ue": "u", "ar": "ɑɹ", "or": "ɔɹ", "er": "əɹ",
    "ir": "ɜɹ", "ur": "ɜɹ", "bb": "b", "cc": "k", "dd": "d", "ff": "f", "gg": "ɡ", "ll": "l", "mm": "m", "nn": "n",
    "pp": "p", "rr": "ɹ", "ss": "s", "tt": "t", "zz": "z", "ce": "sɛ", "ci": "sɪ", "cy": "sI",
    "a": "æ", "b": "b", "c": "k", "d": "d", "e": "ɛ", "f": "f", "g": "ɡ", "h": "h", "i": "ɪ", "j": "ʤ", "k": "k",
    "l": "l", "m": "m", "n": "n", "o": "ɑ", "p": "p", "q": "k", "r": "ɹ", "s": "s", "t": "t", "u": "ʌ", "v": "v",
    "w": "w", "x": "ks", "y": "i", "z": "z",
}  # fmt: skip
SPELLING = re.compile("|".join(sorted(SPELLINGS, key=len, reverse=True)))
LONG_VOWELS = {"a": "A", "e": "i", "i": "I", "o": "O", "u": "ju"}
MAGIC_E = re.compile(r"(?<![aeiou])([aeiou])([bcdfgklmnpstvz])e$")  # made, Skype


# IPA as dictionaries write English, in the model's symbols; longer ones first.
IPA = {
    "tʃ": "ʧ", "dʒ": "ʤ", "eɪ": "A", "aɪ": "I", "oʊ": "O", "əʊ": "Q", "aʊ": "W", "ɔɪ": "Y", "ɝ": "ɜɹ", "g": "ɡ",
    "r": "ɹ", ".": "", "‿": "", " ": "",
}  # fmt: skip
IPA_SYMBOL = re.compile("|".join(map(re.escape, IPA)))
LATE_STRESS = re.compile("([ˈˌ])([^AIOQWYaeiouyɑɐɒæɔəɚɛɜɨɪɯøœʊʌɤᵻˈˌ]+)")
SAYABLE = frozenset("abcdefghijklmnopqrstuvwxyzɑɐɒæβɔɕçɖðʤəɚɛɜɝɟɡɥɨɪʝɯɰŋɳɲɴøɸθœɹɾɻʁɽʂʃʈʧʊʋʌɣɤχʎʒʔˈˌːʰʲᵻ.‿ ")


def from_ipa(sounds: str) -> str:
    """`təˈmeɪtoʊ` in the model's symbols, təmˈAtO; every one of SAYABLE has some.

    Dictionaries write a stress before its syllable, the model's lexicon before its vowel.
    """
    return LATE_STRESS.sub(r"\2\1", IPA_SYMBOL.sub(lambda match: IPA[match.group()], sounds))


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a Latin word spoken on its own, and its place [first, end) in the word."""

    symbols: str
    first: int
    end: int


def parts(word: str) -> Iterator[Part]:
    """How a Latin word is said: whole, in the parts its capitals show, or letter by letter."""
    whole = _from_lexicon(word) if not word.isupper() else None
    if whole is not None:
        yield Part(whole, 0, len(word))
        return
    for match in PART.finditer(word):
        text, first = match.group(), match.start()
        if text.isdigit():
            yield Part(_lexicon()[DIGITS[int(text)]], first, first + 1)
        elif _is_spelt(text):
            yield from (Part(_letter(letter), at, at + 1) for at, letter in enumerate(text, first) if letter.isalpha())
        else:
            yield Part(_from_lexicon(text) or by_rule(text), first, match.end())


def by_rule(word: str) -> str:
    """A word in no lexicon by the commonest value of its spellings, the first syllable stressed."""
    word = word.lower()
    ending = ""
    if magic := MAGIC_E.search(word):
        vowel, consonant = magic.groups()
        word, ending = word[: magic.start()], LONG_VOWELS[vowel] + SPELLINGS[consonant]
    return "ˈ" + "".join(SPELLINGS[match.group()] for match in SPELLING.finditer(word)) + ending


def _is_spelt(text: str) -> bool:
    return text.isupper() or len(text) == 1 or len(text) > LONGEST_WORD or not VOWELS.search(text)


def _letter(letter: str) -> str:
    return _lexicon()[letter.upper()]


def _from_lexicon(word: str) -> str | None:
    word = word.replace("’", "'")
    forms = (word, word.lower(), word.capitalize()) if len(word) > 1 else ()
    return next((_lexicon()[form] for form in forms if form in _lexicon()), None)


@functools.cache
def _lexicon() -> Mapping[str, str]:
    """Word to symbols; of words with several readings the default. 0.2 s and 40 MB, once, when first needed."""
    data = importlib.resources.files("misaki.data")
    lexicon: dict[str, str] = {}
    for name in ("us_silver.json", "us_gold.json"):
        for word, entry in json.loads((data / name).read_text("utf-8")).items():
            symbols = entry["DEFAULT"] if isinstance(entry, dict) else entry
            if symbols is not None:
                lexicon[word] = symbols
    return lexicon
