"""Each vendor's counting rule: facts of requests in, billed units out; and what units cost."""

from decimal import Decimal

from billing.price_book.facts import Facts
from billing.price_book.schema import Encoding, Pack, Price, TierMode, Unit

# In calls as full as the vendor allows, to compare lists by.
TEN_THOUSAND_HANZI = Facts(
    requests=34,
    hanzi=10_000,
    normalised_hanzi=10_000,
    gbk_bytes=20_000,
    utf8_bytes=30_000,
    gbk_blocks_120=167,
    calls_300=34,
    audio_ms=2_500_000,  # four Hanzi a second
)


def billed_units(price: Price, facts: Facts) -> Decimal:
    """What the vendor would count for these requests; whole numbers but for audio.

    The sum over requests is the same as the count of the sums, for `facts` hold what each request
    was rounded to.
    """
    match price.unit:
        case Unit.CHARACTER if price.counts_normalised_text:
            count = price.char_weight_cjk * facts.normalised_hanzi + facts.normalised_other_characters
        case Unit.CHARACTER:
            count = price.char_weight_cjk * facts.hanzi + facts.other_characters
        case Unit.CALL:
            count = facts.requests if price.max_chars_per_call is None else facts.calls_300
        case Unit.BLOCK:
            count = facts.gbk_blocks_120
        case Unit.BYTE:
            count = facts.gbk_bytes if price.encoding is Encoding.GBK else facts.utf8_bytes
        case Unit.SECOND:
            return Decimal(facts.audio_ms) / 1000
        case Unit.TOKEN:
            return Decimal(facts.audio_ms) * (price.tokens_per_minute or 0) / 60_000
    return Decimal(count)


def tier_cost(price: Price, units: Decimal) -> Decimal:
    """What a price's tiers ask for the units of one reset period, in its currency, unrounded."""
    paid = max(Decimal(0), units - price.free_quota)
    if price.tier_mode is TierMode.ALL_UNITS:
        reached = next(tier for tier in price.tiers if tier.up_to is None or paid <= tier.up_to)
        return paid * reached.price / price.batch
    cost, below = Decimal(0), Decimal(0)
    for tier in price.tiers:
        above = paid if tier.up_to is None else min(paid, Decimal(tier.up_to))
        cost += max(Decimal(0), above - below) * tier.price
        below = above
    return cost / price.batch


def list_cost(price: Price, units: Decimal, pack: Pack | None = None) -> Decimal:
    """At the pack's price or the first tier's, without free quota: for comparing price lists."""
    if pack:
        return units * pack.price / pack.units
    return units * price.tiers[0].price / price.batch
