"""The operators' page of savings: who may open it, what it shows, what it takes and refuses."""

import csv
import io
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pypdf import PdfReader
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEvent, Tenant
from accounts.selectors import audit_events
from accounts.services import member_add, user_create
from billing.models import DailyUsage
from billing.price_book.days import VENDORS_ZONE
from billing.price_book.services import SHIPPED, price_book_load
from billing.savings.cost import BusyCost, Cost, MonthlyCost
from billing.savings.scenario import Scenario
from billing.savings.selectors import own_cost, what_if
from billing.savings.services import own_cost_set
from billing.usage.selectors import today
from console.templatetags.money import yuan
from tests.console.visitors import operator
from tests.factories import make_tenant

pytestmark = pytest.mark.django_db

PAGE, FIGURES, WHAT_IF = "/operators/savings", "/operators/savings/figures", "/operators/savings/what-if"
MONTHLY = {"by": "month", "server": "100", "one_off": "1200", "one_off_months": "12"}


@pytest.fixture
def tenant(tmp_path: Path) -> Tenant:
    """A team whose 100 requests of June cost 600 yuan at the default vendor, and kept a worker busy for two hours."""
    book = tmp_path / "book.yaml"
    book.write_text(SHIPPED.read_text().replace("effective_from: 2026-11-01", "effective_from: 2026-06-01"))
    price_book_load(book)
    return spoken_in_june(30_000 + 6_000_000)  # the free quota, and a yuan for 10,000


def spoken_in_june(hanzi: int) -> Tenant:
    """A team with a hundred requests of so many Hanzi together."""
    tenant = make_tenant()
    june = {"day": date(2026, 6, 9), "voice": "v", "model": "m"}
    DailyUsage.objects.create(tenant=tenant, **june, requests=100, hanzi=hanzi, busy_ms=7_200_000)
    return tenant


def june(tenant: Tenant, path: str = PAGE) -> str:
    return f"{path}?team={tenant.name}&month=2026-06"


def words(answer: Any) -> str:
    """What is read on the page, with single blanks."""
    assert answer.status_code == 200, answer.content
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("path", [PAGE, FIGURES])
def test_for_operators_only(tenant: Tenant, path: str) -> None:
    """A visitor signs in first; an owner of the team is told whom it is for, and changes nothing."""
    assert Client().post(path).headers["Location"] == f"/accounts/login/?next={path}"
    owner = user_create(username="mei", password="a long word to guess")
    member_add(tenant=tenant, user=owner, role="owner")
    mei = Client(headers={"accept-language": "en"})
    mei.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    answer = mei.post(june(tenant, path), MONTHLY)
    assert answer.status_code == 403
    assert "This page is for operators" in answer.content.decode()
    assert own_cost(tenant.id) is None


def test_the_menu_leads_there(sun: Client) -> None:
    """An operator's, and nobody else's."""
    assert f'href="{PAGE}"' in sun.get("/").content.decode()
    sun.logout()
    assert PAGE not in sun.get("/accounts/login/").content.decode()


@pytest.mark.parametrize(
    ("own", "told"),
    [
        (
            MonthlyCost(server=Decimal(100), one_off=Decimal(1200)),
            ["¥400.00", "saved against Aliyun DashScope Sambert", "¥200.00", "¥2.0000 a call", "¥600.00", "2.4 months"],
        ),
        (BusyCost(Decimal(50)), ["¥500.00", "¥100.00", "¥6.0000 a call", "at once"]),
        (
            MonthlyCost(server=Decimal(1600)),
            ["¥1,000.00", "dearer than Aliyun DashScope Sambert", "never", "−¥1,000.00"],
        ),
        (None, ["¥600.00", "Say what it costs here"]),
    ],
)
def test_a_months_saving(sun: Client, tenant: Tenant, own: Cost | None, told: list[str]) -> None:
    """Against the default vendor, with both costs, a call's and the payback; beside it the cheapest and the range."""
    if own:
        own_cost_set(tenant=tenant, cost=own)
    page = words(sun.get(june(tenant)))
    for figure in [*told, "Requests: 100", "cheapest", "dearest", "unverified"]:
        assert figure in page


def test_an_own_cost_is_saved(sun: Client, tenant: Tenant) -> None:
    """As the command would: by the month, then by the hour; the trail has who did it, and the form shows it again."""
    answer = sun.post(june(tenant), MONTHLY)
    assert answer.headers["Location"] == june(tenant)
    assert own_cost(tenant.id) == MonthlyCost(server=Decimal(100), one_off=Decimal(1200))
    page = words(sun.get(june(tenant)))
    assert f"The own cost of {tenant.name} is saved." in page
    assert 'name="one_off" value="1200"' in page
    sun.post(june(tenant), {"by": "hour", "busy_hour": "12.5"})
    assert own_cost(tenant.id) == BusyCost(Decimal("12.5"))
    assert 'name="busy_hour" value="12.5"' in words(sun.get(june(tenant)))
    assert audit_events(tenant)[0].actor == "user:sun"


def test_figures_of_what_is_typed(sun: Client, tenant: Tenant) -> None:
    """The figures alone, with a cost that nobody has saved; what is no cost leaves them as they are saved."""
    own_cost_set(tenant=tenant, cost=BusyCost(Decimal(50)))
    typed = words(sun.post(june(tenant, FIGURES), MONTHLY))
    assert "¥400.00" in typed
    assert "<html" not in typed
    assert "¥500.00" in words(sun.post(june(tenant, FIGURES), {**MONTHLY, "server": "-1"}))
    assert own_cost(tenant.id) == BusyCost(Decimal(50))


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"server": "-1"}, "From 0 to 1,000,000,000."),
        ({"staff": "1e30"}, "From 0 to 1,000,000,000."),
        ({"power": "NaN"}, "Enter a number."),
        ({"one_off": "much"}, "Enter a number."),
        ({"one_off_months": "0"}, "From 1 to 1,200."),
        ({"one_off_months": "9999999999"}, "From 1 to 1,200."),
        ({"one_off_months": "1.5"}, "Enter a whole number."),
        ({"by": "hour"}, "This field is required."),
        ({"by": "hour", "busy_hour": "-1"}, "From 0 to 1,000,000,000."),
    ],
)
def test_what_is_no_cost(sun: Client, tenant: Tenant, typed: dict[str, str], told: str) -> None:
    """Refused at its field, with what was typed left as it is; nothing is saved."""
    answer = sun.post(june(tenant), MONTHLY | typed)
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert all(f'value="{value}"' in answer.content.decode() for name, value in typed.items() if name != "by")
    assert own_cost(tenant.id) is None


@pytest.mark.parametrize("query", ["team=nobody", "month=2026-13", "month=june", "month=2999-01", "team=%00"])
def test_what_there_is_not(sun: Client, tenant: Tenant, query: str) -> None:
    """No such team, no month, a month to come: 404."""
    assert sun.get(f"{PAGE}?{query}").status_code == 404


def test_this_month_of_all_teams_unasked(sun: Client, tenant: Tenant) -> None:
    """All teams come first, this month with its days until today: the vendors' for all, a team's own for a team."""
    page, of_team = words(sun.get(PAGE)), words(sun.get(f"{PAGE}?team={tenant.name}"))
    assert '<select class="select" id="team" name="team"> <option value="">All teams</option> <option>' in page
    assert "Own cost of the platform" in page
    assert f"– {timezone.localdate(timezone=VENDORS_ZONE):%Y-%m-%d}" in page
    assert f"<option selected>{tenant.name}</option>" in of_team
    assert f"– {timezone.localdate(timezone=ZoneInfo(tenant.time_zone)):%Y-%m-%d}" in of_team


def test_the_company(sun: Client, tenant: Tenant, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    """The sum of all teams against the platform's own cost, in figures, table and sheet, whoever else has one.

    The free quota is given once, so that a second team pays for all its Hanzi; more teams are no more questions.
    """
    own_cost_set(tenant=tenant, cost=MonthlyCost(server=Decimal(7)))
    query = "?team=&month=2026-06"
    with CaptureQueriesContext(connection) as asked:
        sun.get(PAGE + query)
    of_one_team = len(asked)
    for _ in range(3):
        spoken_in_june(1_000_000)
    assert sun.post(PAGE + query, MONTHLY).status_code == 302
    assert (own_cost(None), own_cost(tenant.id)) == (
        MonthlyCost(server=Decimal(100), one_off=Decimal(1200)),
        MonthlyCost(server=Decimal(7)),
    )
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.actor, event.tenant) == ("own_cost.set", "user:sun", None)
    assert "The own cost of the platform is saved." in words(sun.get(PAGE + query))
    with django_assert_max_num_queries(of_one_team):
        page = words(sun.get(PAGE + query))
    for figure in ("Requests: 400", "¥900.00", "¥700.00", 'name="one_off" value="1200"'):
        assert figure in page, figure
    assert "¥693.00" in words(sun.post(FIGURES + query, {"by": "month", "server": "207", "one_off_months": "12"}))
    table = sun.get("/operators/savings.csv" + query)
    assert table.headers["Content-Disposition"].startswith('attachment; filename="savings-all-teams-')
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    (default,) = (row for row in rows if row["month"] == "2026-06" and row["compared_with"] == "True")
    assert (default["own_cost_yuan"], default["cost_yuan"]) == ("200.000000", "900.000000")
    sheet = read_sheet(sun.get("/operators/savings.pdf" + query).content)
    for figure in ("Savings of all teams", "¥900.00", "¥700.00"):
        assert figure in sheet, figure
    load = {"calls": 1000, "characters": 60, "servers": 2}
    assert "¥400.00" in words(sun.get(WHAT_IF, load))


def test_a_month_without_prices(sun: Client, tenant: Tenant) -> None:
    """Before the first price book there is nothing to compare with, which is said; the cost can be set all the same."""
    page = words(sun.get(f"{PAGE}?team={tenant.name}&month=2026-05"))
    assert "There was no price book in this month" in page
    assert 'name="server"' in page


def test_without_a_team(sun: Client) -> None:
    """Before the first tenant the platform's own cost can be said."""
    assert "Own cost of the platform" in words(sun.get(PAGE))


def test_in_chinese(tenant: Tenant) -> None:
    """The same page in the operator's language."""
    page = words(operator(language="zh-hans").get(june(tenant)))
    for told in ("<h1>节省费用</h1>", "请求 100 次", "按工作小时", "默认对比", "资源包 1,000,000"):
        assert told in page


def test_another_vendor_to_compare_with(sun: Client, tenant: Tenant) -> None:
    """In the figures and over time; one that is in no book is 404."""
    page = words(sun.get(f"{june(tenant)}&vendor=baidu-basic"))
    assert 'value="baidu-basic" selected' in page
    assert sun.get(f"{june(tenant)}&vendor=nobody").status_code == 404


def test_savings_over_time(sun: Client, tenant: Tenant) -> None:
    """From June on: each month, the sum, and when the purchase has paid for itself."""
    own_cost_set(tenant=tenant, cost=MonthlyCost(one_off=Decimal(300)))
    page = words(sun.get(june(tenant)))
    assert "Over time" in page
    assert "2026-06-01 –" in page
    assert "reached" in page


def read_sheet(pdf: bytes) -> str:
    """Its text; pypdf reads the two bytes of a letter one by one."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).replace("\0", "")


def test_what_finance_takes_away(sun: Client, tenant: Tenant) -> None:
    """The table has every offer of every month; the sheet has the page's own figures, in embedded letters."""
    own_cost_set(tenant=tenant, cost=MonthlyCost(server=Decimal(100)))
    page = words(sun.get(june(tenant)))
    table = sun.get(june(tenant, "/operators/savings.csv"))
    assert table.headers["Content-Disposition"].startswith(f'attachment; filename="savings-{tenant.name}-')
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    (default,) = (row for row in rows if row["month"] == "2026-06" and row["compared_with"] == "True")
    assert (default["own_cost_yuan"], default["cost_yuan"]) == ("100.000000", "600.000000")
    content = sun.get(june(tenant, "/operators/savings.pdf")).content
    text = read_sheet(content)
    saved = re.search(r"Saved so far</dt><dd class=\"[a-z-]+\">([^<]+)</dd>", page)
    assert saved
    for figure in (saved[1], "¥600.00", "¥500.00", "2026-06", f"Savings of {tenant.name}"):
        assert figure in text, figure
    assert b"/FontFile" in content


def test_the_sheet_in_chinese(tenant: Tenant) -> None:
    """Its letters are in the file, whatever the reader's machine has."""
    answer = operator(language="zh-hans").get(june(tenant, "/operators/savings.pdf"))
    assert "节省" in read_sheet(answer.content)


def test_what_if(sun: Client, tenant: Tenant) -> None:
    """Twice the servers cost twice, and the vendors bill what the same functions say of such a month."""
    own_cost_set(tenant=tenant, cost=MonthlyCost(server=Decimal(100), staff=Decimal(50)))
    load: dict[str, str | int] = {"team": tenant.name, "calls": 1000, "characters": 60}
    one = words(sun.get(WHAT_IF, load | {"servers": 1}))
    two = words(sun.get(WHAT_IF, load | {"servers": 2}))
    assert "¥150.00" in one
    assert "¥250.00" in two
    assert "<html" not in one
    expected = what_if(Scenario(calls_a_day=1000, characters=60, busy_ms=0), None, None, after=today(tenant.id))
    assert yuan(expected.default.cost) in one


@pytest.mark.parametrize("load", [{"calls": "0"}, {"calls": "x"}, {"servers": "999"}, {}])
def test_a_load_beyond_the_sliders(sun: Client, tenant: Tenant, load: dict[str, str]) -> None:
    """Is refused in the part of the page that asked."""
    answer = sun.get(june(tenant, WHAT_IF), {"characters": "60", **load})
    assert answer.status_code == 400
    assert "beyond what the sliders" in answer.content.decode()
