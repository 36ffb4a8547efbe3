"""Each vendor's counting rule and tiers: properties on any text, and the figures that a book is judged by."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.counting import text_facts
from billing.price_book.facts import FACTS, Facts, facts_of_request, total
from billing.price_book.reading import read
from billing.price_book.rules import billed_units, list_cost, tier_cost
from billing.price_book.schema import Book, Encoding, Price, Reset, Tier, TierMode, Unit, book_of
from billing.price_book.services import SHIPPED
from billing.savings import scenario as what_if
from billing.savings.replay import offers
from billing.savings.scenario import Scenario

BOOK: Book = book_of(read(SHIPPED))
PRICES = {price.id: price for price in BOOK.prices}
OFFERS = {offer.id: offer for offer in offers(BOOK.prices)}
RATES = what_if.rates_of(BOOK)

texts = st.text(st.sampled_from("声音坊𠮷1a。,é😀 "), min_size=1, max_size=700).filter(str.strip)
# What no price of the shipped book counts by, and a book may.
A_CHARACTER = PRICES["aliyun-sambert"]
SECONDS = replace(A_CHARACTER, unit=Unit.SECOND)
OTHER_RULES = [
    SECONDS,
    replace(A_CHARACTER, unit=Unit.CALL, max_chars_per_call=None),
    replace(A_CHARACTER, unit=Unit.BYTE, encoding=Encoding.GBK),
]
prices = st.sampled_from([*BOOK.prices, *OTHER_RULES])
amounts = st.integers(min_value=0, max_value=10**9).map(Decimal)


def facts_of(text: str, *, normalised: str | None = None, audio_ms: int = 1000) -> Facts:
    counted = text_facts(text, text if normalised is None else normalised)
    return facts_of_request(
        hanzi=counted.hanzi,
        other_characters=counted.other_characters,
        gbk_bytes=counted.gbk_bytes,
        utf8_bytes=counted.utf8_bytes,
        normalised_characters=counted.normalised_characters,
        audio_ms=audio_ms,
        synthesis_ms=audio_ms // 5,
    )


def units(price_id: str, text: str, *, normalised: str | None = None) -> Decimal:
    return billed_units(PRICES[price_id], facts_of(text, normalised=normalised))


@st.composite
def tiered(draw: st.DrawFn, mode: TierMode = TierMode.GRADUATED) -> Price:
    """A price of one to five tiers, each cheaper than the one before, with or without a free quota."""
    ends = sorted(draw(st.sets(st.integers(1, 10**8), max_size=4)))
    falling = sorted(draw(st.lists(st.integers(1, 1000), min_size=len(ends) + 1, max_size=len(ends) + 1)), reverse=True)
    tiers = tuple(Tier(Decimal(price), end) for price, end in zip(falling, [*ends, None], strict=True))
    return replace(PRICES["aliyun-sambert"], tiers=tiers, tier_mode=mode, free_quota=draw(st.integers(0, 10**6)))


# --- What each rule counts --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price_id", "text", "count"),
    [
        ("aliyun-sambert", "你好,a1。", 6),  # every character is one
        ("aliyun-cosyvoice-plus", "你好,a1。", 8),  # a Hanzi is two
        ("aliyun-nls", "声" * 300, 1),  # a call holds 300 characters
        ("aliyun-nls", "声" * 301, 2),
        ("aliyun-nls", "声" * 1000, 4),
        ("baidu-basic", "声" * 60, 1),  # a block holds 120 bytes of GBK
        ("baidu-basic", "声" * 60 + "a", 2),
        ("baidu-basic", "a" * 120, 1),
        ("fish-audio", "声a", 4),  # bytes of UTF-8
        ("fish-audio", "𠮷", 4),
        ("openai-tts-1", "𠮷😀", 2),
    ],
)
def test_a_rule_counts(price_id: str, text: str, count: int) -> None:
    """One request's text, as its vendor counts it."""
    assert units(price_id, text) == count


@pytest.mark.parametrize(
    ("text", "normalised", "count"),
    [
        ("你好。", "你好。", 5),  # nothing is read out differently
        ("一百二十三", "一百二十三", 10),
        ("第123", "第一百二十三", 9),  # 12 at the vendor: that all of it is Hanzi is not stored
        ("你好😀", "你好", 4),  # what has no reading is not billed
    ],
)
def test_normalised_text_is_never_counted_too_high(text: str, normalised: str, count: int) -> None:
    """Where normalised text is billed, we count the fewest Hanzi that the stored facts allow."""
    assert units("aliyun-voice-studio", text, normalised=normalised) == count


def test_audio_is_counted_by_its_length() -> None:
    """1,250 tokens a minute, or seconds, to the millisecond."""
    assert billed_units(PRICES["openai-gpt-4o-mini-tts"], Facts(audio_ms=90_000)) == 1875
    assert billed_units(SECONDS, Facts(audio_ms=90_001)) == Decimal("90.001")


def test_every_unit_of_a_book_is_tried_below() -> None:
    """A rule that is added gets its properties tested, or this fails."""
    assert {price.unit for price in [*BOOK.prices, *OTHER_RULES]} == set(Unit)


# --- Properties of every rule -----------------------------------------------------------------


@given(price=prices, parts=st.lists(texts, max_size=5))
def test_units_of_requests_add_up(price: Price, parts: list[str]) -> None:
    """The count of the sums is the sum of the counts: a day's facts replay each request's own rounding."""
    facts = [facts_of(part) for part in parts]
    parted = sum((billed_units(price, one) for one in facts), Decimal(0))
    assert abs(billed_units(price, total(facts)) - parted) < Decimal("1e-20")  # thirds of a token are decimals here


@given(price=prices, text=texts, more=texts)
def test_a_longer_text_is_never_counted_less(price: Price, text: str, more: str) -> None:
    """Every rule is monotone."""
    longer = text.strip() + more.strip()
    assert billed_units(price, facts_of(longer)) >= billed_units(price, facts_of(text.strip()))


@given(price=prices, text=texts, more=texts)
def test_splitting_a_text_never_counts_less(price: Price, text: str, more: str) -> None:
    """Rounding up is done by request, so two requests count at least what their joined text would."""
    joined = facts_of(text.strip() + more.strip(), audio_ms=2000)
    assert billed_units(price, joined) <= billed_units(price, total([facts_of(text), facts_of(more)]))


@given(text=texts)
def test_facts_are_consistent(text: str) -> None:
    """Nothing is negative, and an unchanged reading has the Hanzi of the text."""
    facts = facts_of(text)
    assert all(getattr(facts, name) >= 0 for name in FACTS)
    assert (facts.normalised_hanzi, facts.normalised_other_characters) == (facts.hanzi, facts.other_characters)


# --- Tiers ------------------------------------------------------------------------------------


@given(price=tiered(), some=amounts, more=amounts)
def test_graduated_tiers_are_continuous(price: Price, some: Decimal, more: Decimal) -> None:
    """More units never cost less, and each costs the dearest tier's price at most: no jump anywhere."""
    step = tier_cost(price, some + more) - tier_cost(price, some)
    assert 0 <= step <= more * price.tiers[0].price / price.batch


@given(price=tiered(TierMode.ALL_UNITS), some=amounts)
def test_all_units_never_cost_more_than_graduated(price: Price, some: Decimal) -> None:
    """Where prices fall, one price for all is at most the graduated cost."""
    assert tier_cost(price, some) <= tier_cost(replace(price, tier_mode=TierMode.GRADUATED), some)


@given(price=tiered(), some=amounts)
def test_the_free_quota_is_free(price: Price, some: Decimal) -> None:
    """Up to it nothing is paid; beyond, only what is above it."""
    paid = replace(price, free_quota=0)
    assert tier_cost(price, some) == tier_cost(paid, max(Decimal(0), some - price.free_quota))


@pytest.mark.parametrize(
    ("millions", "graduated", "all_units"),
    [(0, 0, 0), (6, 12_000, 12_000), (7, 13_600, 11_200), (30, 50_400, 48_000), (200, 210_400, 130_000)],
)
def test_baidus_tiers(millions: int, graduated: int, all_units: int) -> None:
    """Its five tiers by hand, both ways to read them; the book says graduated."""
    price, blocks = PRICES["baidu-basic"], Decimal(millions * 1_000_000)
    assert price.tier_mode is TierMode.GRADUATED
    assert price.reset is Reset.MONTH
    assert tier_cost(price, blocks) == graduated
    assert tier_cost(replace(price, tier_mode=TierMode.ALL_UNITS), blocks) == all_units


# --- Figures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offer_id", "yuan"),
    {
        "aliyun-sambert": "1",
        "aliyun-cosyvoice-plus": "4",
        "aliyun-cosyvoice-flash": "2",
        "aliyun-qwen-tts-flash": "1.6",
        "aliyun-voice-studio": "2.4",
        "aliyun-minimax-turbo": "4",
        "aliyun-minimax-hd": "7",
        "unisound-u2": "0.4",
        "baidu-long-text-packs-1000000": "1.7",
        "tencent-intl-standard": "0.8875",
        "tencent-intl-premium": "1.3135",
        "openai-tts-1": "1.065",
        "openai-tts-1-hd": "2.13",
        "polly-standard": "0.284",
        "polly-neural": "1.136",
        "polly-generative": "2.13",
        "polly-long-form": "7.1",
        "azure-neural": "2.13",
        "xai-tts": "0.2982",
        "fish-audio": "3.195",
        "elevenlabs-flash": "3.55",
    }.items(),
)
def test_ten_thousand_hanzi_cost(offer_id: str, yuan: str) -> None:
    """Yuan for 10,000 plain Hanzi at the list price, to the last digit; 7.1 yuan a dollar."""
    offer = OFFERS[offer_id]
    counted = billed_units(offer.price, facts_of("声" * 10_000))
    rate = RATES.yuan(offer.price.currency, BOOK.effective_from)
    assert list_cost(offer.price, counted, offer.pack) * rate == Decimal(yuan)


@pytest.mark.parametrize(
    ("offer_id", "characters", "yuan"),
    [
        ("aliyun-nls-packs-30000", 300, "0.11"),
        ("aliyun-nls-packs-1000000", 300, "0.06"),
        ("aliyun-nls-packs-182000000", 300, "0.037"),
        ("aliyun-nls-packs-30000", 60, "0.56"),
        ("aliyun-nls-packs-1000000", 60, "0.30"),
        ("aliyun-nls-packs-182000000", 60, "0.18"),
        ("baidu-basic", 60, "0.33"),
        ("baidu-premium", 60, "0.67"),
        ("baidu-large-model", 60, "0.75"),
    ],
)
def test_ten_thousand_hanzi_in_calls_cost(offer_id: str, characters: int, yuan: str) -> None:
    """Where calls are billed, the price of 10,000 Hanzi is that of the calls that they fill."""
    offer = OFFERS[offer_id]
    one_call = list_cost(offer.price, billed_units(offer.price, facts_of("声" * characters)), offer.pack)
    cost = one_call * 10_000 / characters
    assert cost.quantize(Decimal(yuan)) == Decimal(yuan)


@pytest.mark.parametrize(
    ("offer_id", "yuan"),
    {
        "aliyun-nls-packs-30000": 333,
        "aliyun-nls-packs-1000000": 180,
        "aliyun-nls-packs-182000000": 110,
        "baidu-basic": 200,
        "baidu-premium": 400,
        "baidu-large-model": 450,
        "aliyun-sambert": 600,
        "openai-tts-1": 639,
        "aliyun-qwen-tts-flash": 960,
        "aliyun-cosyvoice-flash": 1200,
        "aliyun-cosyvoice-plus": 2400,
    }.items(),
)
def test_a_hundred_thousand_calls_a_day_cost(offer_id: str, yuan: int) -> None:
    """The load of the savings article, 100,000 calls of 60 Hanzi a day, at each list price."""
    article = Scenario(calls_a_day=100_000, characters=60, busy_ms=0)
    assert round(what_if.list_cost_a_day(article, OFFERS[offer_id], RATES, BOOK.effective_from)) == yuan


def test_the_articles_claim() -> None:
    """Its price for 1,000 characters makes 36 yuan a day of that load; 600 take 1,000 characters a call."""
    article = Scenario(calls_a_day=100_000, characters=60, busy_ms=0)
    assert what_if.claimed_a_day(article) == 36
    assert what_if.characters_for_the_claim(article) == 1000
