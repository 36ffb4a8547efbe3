"""The sums of a day's requests from which every vendor's bill can be replayed.

A rule that rounds does so request by request (a call of 301 characters is two calls, however short
the next one is), so what rounding makes of a request is counted before requests are added up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from operator import attrgetter

CALL_CHARACTERS = 300  # the longest text of one call where calls are billed (Aliyun NLS)
BLOCK_BYTES = 120  # of GBK, where blocks are billed (Baidu)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Sums over requests that were answered; those from the cache too, which a vendor would bill again."""

    requests: int = 0
    hanzi: int = 0
    other_characters: int = 0
    normalised_hanzi: int = 0  # of the text as it is read out: see `facts_of_request`
    normalised_other_characters: int = 0
    gbk_bytes: int = 0
    utf8_bytes: int = 0
    gbk_blocks_120: int = 0  # each request's bytes in blocks of 120, the last one rounded up
    calls_300: int = 0  # each request's characters in calls of at most 300
    audio_ms: int = 0
    busy_ms: int = 0  # of a worker that spoke


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyFacts(Facts):
    """The facts of one calendar day."""

    day: date


FACTS = tuple(field.name for field in fields(Facts))


def facts_of_request(
    *,
    hanzi: int,
    other_characters: int,
    gbk_bytes: int,
    utf8_bytes: int,
    normalised_characters: int,
    audio_ms: int | None,
    synthesis_ms: int | None,
) -> Facts:
    """One answered request as facts to be added up. Times are None where nothing was spoken.

    How many of the normalised characters are Hanzi is not stored. Reading out writes words for
    numbers and signs and leaves Hanzi as they are, so at least `normalised_characters -
    other_characters` are Hanzi. That least is taken: a vendor's bill is never set too high by it.
    """
    normalised_others = max(0, min(other_characters, normalised_characters - hanzi))
    return Facts(
        requests=1,
        hanzi=hanzi,
        other_characters=other_characters,
        normalised_hanzi=normalised_characters - normalised_others,
        normalised_other_characters=normalised_others,
        gbk_bytes=gbk_bytes,
        utf8_bytes=utf8_bytes,
        gbk_blocks_120=-(-gbk_bytes // BLOCK_BYTES),
        calls_300=-(-(hanzi + other_characters) // CALL_CHARACTERS),
        audio_ms=audio_ms or 0,
        busy_ms=synthesis_ms or 0,
    )


def sums(facts: Iterable[Facts], names: Sequence[str] = FACTS) -> dict[str, int]:
    """Of many requests or days, by the names of what is added up."""
    columns = zip(*map(attrgetter(*names), facts), strict=True)
    return dict.fromkeys(names, 0) | dict(zip(names, map(sum, columns), strict=False))


def total(facts: Iterable[Facts]) -> Facts:
    return Facts(**sums(facts))
