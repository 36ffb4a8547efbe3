"""Divide a sentence into words: jieba for Hanzi, letters together, each punctuation mark alone."""

import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

from tts_engine.speech.text.characters import HANZI
from tts_engine.speech.text.lexicon import has_phrase
from tts_engine.speech.text.types import WordKind

_LONGEST_RUN = 256  # Hanzi at once: jieba's time grows with the square of what it has no word for
_TOKEN = re.compile(rf"([{HANZI}]{{1,{_LONGEST_RUN}}})|([A-Za-z]+(?:['’][A-Za-z]+)*)|(.)", re.S)
_LONG = 4  # characters; what is longer is a merge unless it is known as a phrase
_loading = Lock()


@dataclass(frozen=True, slots=True)
class Token:
    """A word and where in its sentence it begins."""

    text: str
    start: int
    kind: WordKind


@cache
def _load() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of jieba's import: pkg_resources, invalid escapes
        import jieba
    tokenizer = jieba.Tokenizer()
    # Not tokenizer.initialize(): that trusts a cache file of a fixed name in a folder anyone may write to.
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer


def tokenizer() -> Any:
    """jieba's tokenizer, loaded by the first caller (some 0.6 s) while others wait."""
    with _loading:
        return _load()


def segment(text: str) -> list[Token]:
    """The words of a sentence in order; joined they are the sentence."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        if match[1]:
            tokens += _hanzi(match[1], match.start())
        else:
            kind = WordKind.LATIN if match[2] else WordKind.PUNCTUATION
            tokens.append(Token(match.group(), match.start(), kind))
    return tokens


def _hanzi(run: str, start: int) -> Iterator[Token]:
    for word in tokenizer().cut(run):
        for part in _natural(word):
            yield Token(part, start, WordKind.HANZI)
            start += len(part)


@cache
def _natural(word: str) -> tuple[str, ...]:
    """今天天气 -> 今天, 天气: a long word in the parts of two and three characters most often seen alone."""
    if len(word) < _LONG or has_phrase(word):
        return (word,)
    frequency = tokenizer().FREQ
    best: list[tuple[float, tuple[str, ...]] | None] = [(0.0, ())] + [None] * len(word)
    for end in range(2, len(word) + 1):
        for length in (2, 3):
            before = best[end - length] if end >= length else None
            part = word[end - length : end]
            if before is None or not frequency.get(part):
                continue
            score = before[0] + math.log(frequency[part] / tokenizer().total)
            if best[end] is None or score > best[end][0]:  # type: ignore[index]
                best[end] = (score, (*before[1], part))
    whole = best[-1]
    return whole[1] if whole else (word,)
