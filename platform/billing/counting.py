"""What a text costs: the count we bill, and the facts from which any vendor's rule can be replayed.

`plain` is the text to be spoken: without SSML tags and without the `(zi4)` of pronunciation marks,
both of which the caller takes out. A character is a Unicode code point, so one from beyond the
first plane (𠮷, most emoji) counts one, whatever an encoding makes of it.
"""

import re
from dataclasses import dataclass

# The ideographs of every block and plane, the compatibility forms, and the zero 〇.
HANZI = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class TextFacts:
    """Counts of the stripped text; `hanzi + other_characters` is what we bill."""

    hanzi: int
    other_characters: int
    gbk_bytes: int  # in GB18030, which is GBK with four bytes for what GBK lacks
    utf8_bytes: int
    normalised_characters: int  # of the text as it is read out, numbers and symbols in words


def billable_characters(plain: str) -> int:
    return len(plain.strip())


def text_facts(plain: str, normalised: str) -> TextFacts:
    text = plain.strip()
    hanzi = len(HANZI.findall(text))
    return TextFacts(
        hanzi=hanzi,
        other_characters=len(text) - hanzi,
        gbk_bytes=len(text.encode("gb18030")),
        utf8_bytes=len(text.encode("utf-8")),
        normalised_characters=len(normalised.strip()),
    )
