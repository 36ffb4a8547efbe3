"""Whatever the text, reading it ends soon, in sentences or in an error of the documented tree."""

import contextlib
import gc
import random
import time
from collections.abc import Iterator

import pytest

from tts_engine.speech.errors import TextError
from tts_engine.speech.text import WordKind, read
from tts_engine.speech.text.characters import is_hanzi

SEED = 20260501
TEXTS = 3000
LONGEST = 4096
"""Characters in one request."""
NEVER_TOO_LONG = 0.5
"""Seconds, for as many."""
ALPHABETS = (
    "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生着还长重数教量种单曾",
    "〇㐀𠀀𪚥龘齉兒儿花玩点鿿",
    "0123456789",
    "0123456789.,:/-~%¥$年月日点分元个第",
    "abcdefghijklmnopqrstuvwxyzABCXYZ'’",
    "，。！？；：、—…“”（）《》【】·～-.,!?;:()[]{}\"'",
    " \t\n\r\u3000\u2028\xa0\u200b\u200d\ufeff\u202e\u2066",
    "😀👨‍👩‍👧‍👦🇨🇳☺️❤★→©™",
    "བོད་ཡིགहिन्दीไทยעבריתالعربيةРусскийΕλληνικά日本語カタカナ한국어",
    "e\u0301\u0302\u0303n\u0308ｆｕｌｌ　ｗｉｄｔｈ１２３½²³⁸₂ⅣⅩ①❿㎡№℃‰",
    "()（）123451234abcdz重行(",
    "+-*/\\=<>%@#$&^_|`°×÷±≈≠≤≥√∞π′″",
    "好\x00\x01\x1b\x7f\x9f",
)
LONG = {
    "hanzi without a stop": "的一是了我在有他这为之大来以个中上",
    "one hanzi": "得",
    "one digit": "7",
    "digits and points": "1.",
    "digits and hyphens": "1-",
    "digits and commas": "123,",
    "digits and spaces": "1 ",
    "digits and colons": "12:34:",
    "digits and slashes": "1/2/",
    "letters": "a",
    "letters and digits": "a1",
    "letters and points": "a.",
    "at signs": "a@",
    "underscores": "a_",
    "underscored digits": "a1_",
    "brackets": "重(",
    "nested marks": "重(chong2)(",
    "marks": "重(chong2)",
    "currency": "¥",
    "amounts": "¥1-",
    "first and first": "第1、",
    "carets": "2^",
    "superscripts": "⁸",
    "spaces": " 好",
    "erhua": "花儿",
    "not": "不",
    "tildes": "三~",
    "stars": "1381234*",
    "telephone": "+86 ",
    "ranges": "1到",
    "borrow": "借还",
    "weekdays": "周一-",
    "emoji": "😀",
    "quotes": "“”",
}


def _texts() -> Iterator[str]:
    chance = random.Random(SEED)  # noqa: S311 - test data
    for _ in range(TEXTS):
        alphabet = "".join(chance.sample(ALPHABETS, chance.randint(1, 4)))
        yield "".join(chance.choices(alphabet, k=chance.randint(0, 60)))


def test_any_text_is_read_or_refused() -> None:
    """Random strings of many scripts end in a reading whose every Hanzi has its pinyin, or in a TextError."""
    for text in _texts():
        try:
            reading = read(text)
        except TextError:
            continue
        assert reading.sentences, text
        for sentence in reading.sentences:
            assert any(word.kind is not WordKind.PUNCTUATION for word in sentence.words), text
        silent = [c.char for c in reading.characters if is_hanzi(c.char) and c.pinyin is None]
        assert not silent, (text, silent)


def _seconds(text: str) -> float:
    """Processor time, without the garbage collector: what it costs depends on what else is loaded."""
    gc.disable()
    began = time.process_time()
    try:
        with contextlib.suppress(TextError):
            read(text)
        return time.process_time() - began
    finally:
        gc.enable()


@pytest.mark.parametrize("unit", LONG.values(), ids=LONG.keys())
def test_time_grows_with_the_length_and_not_faster(unit: str) -> None:
    """Half a second, for 4,096 characters, is never too long; else eight times the text is not 64 times the work."""
    short, full = ((unit * size)[:size] for size in (LONGEST // 8, LONGEST))
    slow = _seconds(full)
    if slow > NEVER_TOO_LONG:
        quick, slow = min(_seconds(short) for _ in range(3)), min(slow, _seconds(full))
        assert slow <= 32 * quick, f"{len(short)} characters {quick:.3f} s, {len(full)} characters {slow:.3f} s"
