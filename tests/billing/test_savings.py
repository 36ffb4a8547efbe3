"""What the same requests cost elsewhere and here: bills by the day and month, own costs, comparisons."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEvent, Tenant
from accounts.selectors import audit_events
from billing.errors import CostInvalid, NoPriceBook
from billing.models import DailyUsage, OwnCost
from billing.price_book.facts import DailyFacts
from billing.price_book.reading import read
from billing.price_book.schema import Book, Pack, Price, Rate, Reset, Tier, Unit, book_of
from billing.price_book.selectors import InForce
from billing.price_book.services import SHIPPED
from billing.savings.compare import Savings, savings
from billing.savings.cost import BusyCost, Cost, MonthlyCost, micro, months
from billing.savings.replay import Bill, replay
from billing.savings.scenario import rates_of
from billing.savings.selectors import own_cost
from billing.savings.services import own_cost_set
from billing.usage.selectors import daily_facts
from tests.billing.conftest import MakeTenant

SHIPPED_BOOK = book_of(read(SHIPPED))
JANUARY = (date(2027, 1, 1), date(2027, 1, 31))

# A yuan a character; of a price under test everything else is said there.
PLAIN = replace(
    next(price for price in SHIPPED_BOOK.prices if price.id == "aliyun-sambert"),
    id="plain",
    batch=1,
    tiers=(Tier(Decimal(1), None),),
    free_quota=0,
)


def book(*prices: Price, version: str = "test", rates: tuple[Rate, ...] = ()) -> Book:
    return Book(version, date(2026, 1, 1), prices[0].id, rates, prices, ())


def days(first: date, last: date, *, characters: int, busy_ms: int = 0) -> list[DailyFacts]:
    """One request of so many Hanzi on each day."""
    return [
        DailyFacts(day=first + timedelta(days=number), requests=1, hanzi=characters, calls_300=1, busy_ms=busy_ms)
        for number in range((last - first).days + 1)
    ]


def bills(usage: list[DailyFacts], *books: InForce) -> dict[str, Bill]:
    return {bill.offer.id: bill for bill in replay(usage, books, rates_of(books[-1].book))}


def of_january(price: Price, *, characters: int) -> Bill:
    usage = days(*JANUARY, characters=characters)
    return next(iter(bills(usage, InForce(book(price), *JANUARY)).values()))


def compared(own: Cost | None, *, vendor_yuan: int = 31, prices: tuple[Price, ...] = (PLAIN,)) -> Savings:
    """January's, with one request a day."""
    usage = days(*JANUARY, characters=vendor_yuan // 31, busy_ms=3_600_000)
    return savings(usage, [InForce(book(*prices), *JANUARY)], rates_of(book(*prices)), own)


# --- Bills ------------------------------------------------------------------------------------


def test_tiers_begin_anew_each_month() -> None:
    """The first ten units of each month are dear, in both months."""
    price = replace(PLAIN, tiers=(Tier(Decimal(5), 10), Tier(Decimal(1), None)))
    first, last = date(2027, 1, 31), date(2027, 2, 1)
    found = bills(days(first, last, characters=12), InForce(book(price), first, last))
    assert found["plain"].yuan == 2 * (10 * 5 + 2)


def test_tiers_by_day_begin_anew_each_day() -> None:
    """Where the vendor counts by the day, 31 days have 31 first tiers."""
    price = replace(PLAIN, tiers=(Tier(Decimal(5), 10), Tier(Decimal(1), None)), reset=Reset.DAY)
    assert of_january(price, characters=12).yuan == 31 * (10 * 5 + 2)
    assert of_january(replace(price, reset=Reset.MONTH), characters=12).yuan == 10 * 5 + (31 * 12 - 10)


def test_the_free_quota_is_of_a_month() -> None:
    """It is taken off once, not every day, and no bill is below nothing."""
    assert of_january(replace(PLAIN, free_quota=30), characters=1).yuan == 1
    assert of_january(replace(PLAIN, free_quota=100), characters=1).yuan == 0


def test_a_pack_costs_its_used_part_where_it_is_used_up_in_time() -> None:
    """310 calls in January are 3,650 a year: a pack of 3,650 is within reach, one of 3,651 is not."""
    packs = (Pack(3650, Decimal(365), 365), Pack(3651, Decimal(1), 365))
    price = replace(PLAIN, unit=Unit.CALL, tiers=(), packs=packs)
    usage = [replace(day, requests=10) for day in days(*JANUARY, characters=60)]
    found = bills(usage, InForce(book(price), *JANUARY))
    assert found["plain-3650"].yuan == 31
    assert found["plain-3650"].reachable
    assert not found["plain-3651"].reachable


def test_a_bill_is_converted_at_its_last_days_rate() -> None:
    """The rate of the day on which the vendor makes it out."""
    price = replace(PLAIN, currency="USD")
    rates = (Rate("USD", date(2026, 1, 1), Decimal(7), ""), Rate("USD", JANUARY[1], Decimal(8), ""))
    found = bills(days(*JANUARY, characters=1), InForce(book(price, rates=rates), *JANUARY))
    assert found["plain"].yuan == 31 * 8


def test_each_day_is_priced_by_the_book_of_that_day() -> None:
    """A new book changes the days from its first on; what is not in both books is not compared."""
    dearer = replace(PLAIN, tiers=(Tier(Decimal(3), None),))
    new = replace(PLAIN, id="new")
    middle = date(2027, 1, 10)
    found = bills(
        days(*JANUARY, characters=1),
        InForce(book(PLAIN), JANUARY[0], middle - timedelta(days=1)),
        InForce(book(dearer, new), middle, JANUARY[1]),
    )
    assert {name: bill.yuan for name, bill in found.items()} == {"plain": 9 + 22 * 3}


def test_a_price_that_ends_within_the_days_is_not_compared() -> None:
    """Half a bill would look cheap."""
    ending = replace(PLAIN, id="ending", effective_to=date(2027, 1, 30))
    assert "ending" not in bills(days(*JANUARY, characters=1), InForce(book(PLAIN, ending), *JANUARY))


@given(st.lists(st.integers(0, 10**6), min_size=31, max_size=31))
def test_a_month_costs_the_same_however_it_falls_on_days(characters: list[int]) -> None:
    """Monthly tiers see only the sum."""
    price = replace(PLAIN, tiers=(Tier(Decimal(5), 1000), Tier(Decimal(1), None)), free_quota=10)
    usage = [replace(day, hanzi=n) for day, n in zip(days(*JANUARY, characters=0), characters, strict=True)]
    at_once = [replace(usage[0], hanzi=sum(characters))]
    span = InForce(book(price), *JANUARY)
    assert bills(usage, span)["plain"].yuan == bills(at_once, span)["plain"].yuan


# --- All teams --------------------------------------------------------------------------------

FALLING = replace(PLAIN, tiers=(Tier(Decimal(5), 100), Tier(Decimal(2), 1000), Tier(Decimal(1), None)))


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=4))
def test_a_company_reaches_the_cheaper_tiers_sooner(characters: list[int]) -> None:
    """One account for all teams is never dearer than an account for each, where prices fall and nothing is free."""
    apart = sum(of_january(FALLING, characters=each).yuan for each in characters)
    assert of_january(FALLING, characters=sum(characters)).yuan <= apart


def test_all_teams_are_one_customer(make_tenant: MakeTenant, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """Their days are added up in one statement; tiers and the free quota are of the sum, which each team has alone."""
    teams = [make_tenant("alice-team"), make_tenant("tea", time_zone="Pacific/Auckland")]
    for team, voice, day in zip([*teams, teams[1]], "vvw", [9, 9, 10], strict=True):
        DailyUsage.objects.create(
            tenant=team, day=date(2027, 1, day), voice=voice, model="m", requests=1, hanzi=90, busy_ms=7
        )
    first, last = JANUARY
    with django_assert_num_queries(1):
        summed = daily_facts(None, first=first, last=last)
    assert summed == [
        DailyFacts(day=date(2027, 1, 9), requests=2, hanzi=180, busy_ms=14),
        DailyFacts(day=date(2027, 1, 10), requests=1, hanzi=90, busy_ms=7),
    ]
    span = InForce(book(FALLING, replace(PLAIN, id="free", free_quota=50)), *JANUARY)
    apart = [bills(daily_facts(team.id, first=first, last=last), span) for team in teams]
    assert [found["plain"].yuan for found in apart] == [450, 500 + 80 * 2]
    assert bills(summed, span)["plain"].yuan == 500 + 170 * 2
    assert [found["free"].yuan for found in apart] == [40, 130]
    assert bills(summed, span)["free"].yuan == 220


# --- Own cost ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2027, 2, 1), date(2027, 2, 28), 1),
        (date(2028, 2, 1), date(2028, 2, 29), 1),
        (date(2027, 1, 1), date(2027, 12, 31), 12),
        (date(2027, 4, 15), date(2027, 4, 15), Decimal(1) / 30),
    ],
)
def test_months(first: date, last: date, expected: Decimal) -> None:
    """Whole months are one each, long or short; a day is its part of its month."""
    assert months(first, last) == expected


def test_a_monthly_cost() -> None:
    """Server, power, staff, and the month's part of the one-off."""
    own = MonthlyCost(server=Decimal(3000), power=Decimal(500), staff=Decimal(1), one_off=Decimal(12_000))
    assert compared(own).own_cost == 4501 * 1_000_000


def test_a_busy_cost() -> None:
    """31 hours of work at 2 yuan."""
    assert compared(BusyCost(Decimal(2))).own_cost == 62_000_000


def test_a_millionth_is_the_least() -> None:
    """Amounts leave as whole millionths, halves to even."""
    assert [micro(Decimal(text)) for text in ("0.0000005", "0.0000015", "-1.0000001")] == [0, 2, -1_000_000]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"server": Decimal(-1)}, "server"),
        ({"one_off": Decimal("nan")}, "one_off"),
        ({"staff": Decimal("1e30")}, "staff"),
        ({"one_off_months": 0}, "one_off_months"),
    ],
)
def test_a_cost_that_is_none_is_refused(values: dict[str, Decimal], field: str) -> None:
    """Negative, huge, or spread over no months: the field is named."""
    with pytest.raises(CostInvalid) as refusal:
        MonthlyCost(**values)  # type: ignore[arg-type]  # one_off_months is an int
    assert refusal.value.param == field


# --- Savings ----------------------------------------------------------------------------------


def test_the_default_stands_beside_the_cheapest_and_the_dearest() -> None:
    """Whoever reads one number reads the others too."""
    cheap = replace(PLAIN, id="cheap", tiers=(Tier(Decimal("0.5"), None),))
    dear = replace(PLAIN, id="dear", tiers=(Tier(Decimal(9), None),))
    found = compared(MonthlyCost(server=Decimal(20)), prices=(PLAIN, dear, cheap))
    assert [found.default.offer.id, found.cheapest.offer.id, found.dearest.offer.id] == ["plain", "cheap", "dear"]
    assert [found.default.saving, found.cheapest.saving] == [11_000_000, -4_500_000]
    assert [comparison.offer.id for comparison in found.comparisons] == ["cheap", "plain", "dear"]


def test_a_pack_out_of_reach_is_not_the_cheapest() -> None:
    """It is listed, but nobody pays it."""
    huge = replace(PLAIN, id="huge", tiers=(), packs=(Pack(10**9, Decimal(1), 365),))
    found = compared(None, prices=(PLAIN, huge))
    assert (found.comparisons[0].offer.id, found.cheapest.offer.id) == ("huge-1000000000", "plain")


@pytest.mark.parametrize(
    ("own", "payback"),
    [
        (MonthlyCost(server=Decimal(11), one_off=Decimal(100)), 5),  # 20 a month are gained
        (MonthlyCost(server=Decimal(31), one_off=Decimal(100)), None),
        (MonthlyCost(server=Decimal(11)), 0),
        (BusyCost(Decimal("0.5")), 0),
        (BusyCost(Decimal(1)), None),
        (None, None),
    ],
)
def test_payback(own: Cost | None, payback: int | None) -> None:
    """Months until the monthly gain has paid for what was spent once; never where nothing is gained."""
    assert compared(own).default.payback_months == payback


def test_the_cost_of_a_call() -> None:
    """31 calls for 31 yuan there, 62 here."""
    found = compared(MonthlyCost(server=Decimal(62)))
    assert (found.default.cost_a_call, found.own_cost_a_call) == (1_000_000, 2_000_000)


def test_without_requests_nothing_is_divided() -> None:
    """No usage: nothing to pay elsewhere, no cost a call, a saving below zero."""
    span = InForce(SHIPPED_BOOK, *JANUARY)
    found = savings([], [span], rates_of(SHIPPED_BOOK), MonthlyCost(server=Decimal(1)))
    assert (found.default.cost, found.default.cost_a_call, found.default.saving) == (0, None, -1_000_000)


def test_days_that_lack_the_default_are_refused() -> None:
    """The default of the last book must have a price on all of them."""
    late = replace(PLAIN, effective_from=date(2027, 1, 2))
    with pytest.raises(NoPriceBook, match="plain"):
        compared(None, prices=(late,))


# --- What is stored and printed ---------------------------------------------------------------


@pytest.mark.parametrize("own", [MonthlyCost(server=Decimal("3000.5"), one_off_months=36), BusyCost(Decimal("1.25"))])
def test_an_own_cost_is_kept(tenant: Tenant, own: Cost) -> None:
    """What is set is what is read, the last one counts, and the trail tells of it."""
    assert own_cost(tenant.id) is None
    own_cost_set(tenant=tenant, cost=BusyCost(Decimal(9)))
    own_cost_set(tenant=tenant, cost=own)
    assert own_cost(tenant.id) == own
    assert audit_events(tenant)[0].action == "own_cost.set"


def test_the_platforms_own_cost_is_apart(tenant: Tenant) -> None:
    """There is one, changed as a team's is, and neither stands for the other."""
    own_cost_set(tenant=None, cost=BusyCost(Decimal(9)))
    assert own_cost(tenant.id) is None
    own_cost_set(tenant=tenant, cost=BusyCost(Decimal(1)))
    own_cost_set(tenant=None, cost=BusyCost(Decimal(2)))
    assert (own_cost(tenant.id), own_cost(None)) == (BusyCost(Decimal(1)), BusyCost(Decimal(2)))
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.tenant, event.details) == ("own_cost.set", None, {"busy_hour": 2_000_000})
    with pytest.raises(IntegrityError, match="own_cost_once"):
        OwnCost.objects.create(tenant=None)


def test_the_command_sets_it(tenant: Tenant) -> None:
    """`own_cost TENANT --server …`; of two forms at once or an unknown tenant nothing is set."""
    call_command("own_cost", "alice-team", "--server", "3000", "--one-off", "12000", stdout=StringIO())
    assert own_cost(tenant.id) == MonthlyCost(server=Decimal(3000), one_off=Decimal(12_000))
    for words in (("alice-team", "--busy-hour", "1", "--staff", "2"), ("nobody",), ("alice-team", "--server", "-1")):
        with pytest.raises(CommandError):
            call_command("own_cost", *words)
    assert OwnCost.objects.count() == 1


@pytest.mark.django_db
def test_the_command_sets_the_platforms() -> None:
    """`own_cost --all`: either it or a tenant is named."""
    out = StringIO()
    call_command("own_cost", "--all", "--busy-hour", "3", "--json", stdout=out)
    assert own_cost(None) == BusyCost(Decimal(3))
    assert json.loads(out.getvalue())["tenant"] is None
    for words in (("--server", "1"), ("alice-team", "--all", "--server", "1")):
        with pytest.raises(CommandError):
            call_command("own_cost", *words)


@pytest.fixture
def scenario() -> Callable[..., str]:
    """scenario(words…): what `manage.py savings --scenario` prints."""

    def run(*words: str) -> str:
        out = StringIO()
        call_command("savings", "--scenario", *words, stdout=out)
        return out.getvalue()

    return run


def test_the_articles_example(scenario: Callable[..., str]) -> None:
    """Without options it is the savings article's, needs no database, and says what of it is right."""
    shape = json.loads(scenario("--json"))
    costs = {offer["id"]: offer["list_yuan_a_day"] for offer in shape["offers"]}
    assert (shape["own_yuan_a_year"], costs["aliyun-sambert"], costs["baidu-basic"]) == ("48000.00", "600.00", "200.00")
    assert shape["default"]["id"] == "aliyun-sambert"
    assert shape["claim"] == {"yuan_a_day_of_this_load": "36.00", "characters_a_call_for_600_yuan": "1000"}
    printed = scenario()
    assert "each call must have 1000 characters" in printed
    assert "azure-neural" in printed and "unverified" in printed


def test_any_other_what_if(scenario: Callable[..., str]) -> None:
    """Other loads and costs; a year is twelve months, of 360 a month here and 12 once."""
    words = ("--calls-per-day", "10", "--characters", "300", "--server-yuan-a-year", "4320", "--one-off-yuan", "12")
    shape = json.loads(scenario(*words, "--json"))
    assert shape["own_yuan_a_year"] == "4332.00"
    assert shape["default"]["list_yuan_a_day"] == "0.30"
    assert shape["default"]["payback_months"] is None
    by_the_hour = json.loads(scenario("--busy-hour-yuan", "3.6", "--busy-ms-per-call", "1000", "--json"))
    assert by_the_hour["own_yuan_a_call"] == "0.001000"


@pytest.mark.parametrize(
    "words",
    [("--calls-per-day", "0"), ("--characters", "-3"), ("--server-yuan-a-year", "nan"), ("--book", "missing.yaml")],
)
def test_a_wrong_what_if_is_refused(scenario: Callable[..., str], words: tuple[str, ...]) -> None:
    """One clear error."""
    with pytest.raises(CommandError):
        scenario(*words)
