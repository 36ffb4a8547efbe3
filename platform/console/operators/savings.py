"""What speech, of all teams or of one, would have cost at vendors, less what it costs here: now, over time, what if."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Tenant
from accounts.selectors import tenants
from billing.errors import NoPriceBook
from billing.price_book.days import today as vendors_today
from billing.savings.compare import Savings
from billing.savings.cost import MICRO, BusyCost, Cost, MonthlyCost
from billing.savings.scenario import Scenario
from billing.savings.selectors import offers_on, own_cost, savings_between, timeline_until, what_if
from billing.savings.services import own_cost_set
from billing.savings.timeline import Timeline
from billing.usage import selectors as usage
from console.forms import BusyCostForm, CostForm, MonthlyCostForm
from console.operators import report
from console.operators.forms import WhatIfForm
from console.operators.guard import operators_only
from console.team import actor_of

MONTHS = 12  # that the list of months goes back


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose savings, of which month (of this month its days until today), and against which offer."""

    team: Tenant | None  # None is all teams, as one customer of the vendor
    month: date  # its first day
    today: date  # at the team's; of all teams the vendors', as on the dashboard
    vendor: str | None  # an offer's id; None is the price book's default

    @property
    def tenant_id(self) -> UUID | None:
        return self.team.id if self.team else None

    @property
    def last(self) -> date:
        return min(usage.month_after(self.month) - timedelta(days=1), self.today)

    @property
    def months(self) -> list[date]:
        """To choose from, newest first."""
        found = [self.today.replace(day=1)]
        while len(found) < MONTHS:
            found.append((found[-1] - timedelta(days=1)).replace(day=1))
        return sorted({*found, self.month}, reverse=True)

    def savings(self, own: Cost | None) -> Savings | None:
        """None where there was no price book, no price of this vendor, or no exchange rate, for these days."""
        try:
            return savings_between(self.tenant_id, first=self.month, last=self.last, own=own, chosen=self.vendor)
        except NoPriceBook:
            return None

    def timeline(self, own: Cost | None) -> Timeline:
        """Up to today, whatever month is asked for."""
        return timeline_until(self.tenant_id, self.today, months=settings.SAVINGS_MONTHS, own=own, chosen=self.vendor)


def _asked(request: HttpRequest) -> Asked:
    """From `?team=NAME&month=2026-11&vendor=OFFER`; all teams and this month by default."""
    name, month, vendor = (request.GET.get(name) for name in ("team", "month", "vendor"))
    team = next((team for team in tenants() if team.name == name), None)
    if name and team is None:
        raise Http404(name)
    today = usage.today(team.id) if team else vendors_today()
    try:
        first = date.fromisoformat(f"{month}-01") if month else today.replace(day=1)
    except ValueError as error:
        raise Http404(month) from error
    if first > today:
        raise Http404(month)
    if vendor and all(offer.id != vendor for offer in offers_on(today)):
        raise Http404(vendor)
    return Asked(team, first, today, vendor or None)


@operators_only
@require_http_methods(["GET", "HEAD", "POST"])
def savings(request: HttpRequest) -> HttpResponse:
    """The own cost, to be changed, what the requests save, over time too, and what others would."""
    asked = _asked(request)
    forms = _typed(request) if request.method == "POST" else _stored(own_cost(asked.tenant_id))
    chosen = forms.chosen
    if chosen.is_bound and chosen.is_valid():
        own_cost_set(tenant=asked.team, cost=chosen.cost, actor=actor_of(request))
        messages.success(request, _saved(asked))
        return redirect(request.get_full_path())
    own = own_cost(asked.tenant_id)
    found, timeline = asked.savings(own), asked.timeline(own)
    scenario = WhatIfForm(initial=_like(found, asked))
    page = {
        "asked": asked,
        "teams": tenants(),
        "offers": offers_on(asked.today),
        "forms": forms,
        "savings": found,
        "timeline": timeline,
        "curve": _curve(timeline),
        "scenario": scenario,
        "imagined": _imagined(asked, own, found, scenario.initial),
    }
    return render(request, "console/operators_savings.html", page, status=400 if chosen.is_bound else 200)


def _saved(asked: Asked) -> str:
    if asked.team is None:
        return _("The own cost of the platform is saved.")
    return _("The own cost of {team} is saved.").format(team=asked.team.name)


@operators_only
@require_POST
def savings_figures(request: HttpRequest) -> HttpResponse:
    """The figures alone, with the own cost that is typed and not saved."""
    asked, chosen = _asked(request), _typed(request).chosen
    own = chosen.cost if chosen.is_valid() else own_cost(asked.tenant_id)
    return render(request, "console/operators_figures.html", {"asked": asked, "savings": asked.savings(own)})


@operators_only
@require_safe
def what_if_figures(request: HttpRequest) -> HttpResponse:
    """A month of another load, for the sliders."""
    asked, form = _asked(request), WhatIfForm(request.GET)
    if not form.is_valid():
        return render(request, "console/operators_whatif.html", {"form": form}, status=400)
    own = own_cost(asked.tenant_id)
    imagined = _imagined(asked, own, asked.savings(own), form.cleaned_data)
    return render(request, "console/operators_whatif.html", {"imagined": imagined})


def _imagined(asked: Asked, own: Cost | None, real: Savings | None, load: Mapping[str, Any]) -> Savings | None:
    """A request keeps a worker as busy as this month's do, character by character."""
    spoken = real.facts.hanzi + real.facts.other_characters if real else 0
    busy_ms = load["characters"] * real.facts.busy_ms // spoken if real and spoken else 0
    scenario = Scenario(calls_a_day=load["calls"], characters=load["characters"], busy_ms=busy_ms)
    try:
        return what_if(scenario, own.of_servers(load["servers"]) if own else None, asked.vendor, after=asked.today)
    except NoPriceBook:
        return None


def _like(found: Savings | None, asked: Asked) -> dict[str, int]:
    """The load of the month that is shown, as the sliders can be set."""
    if found is None or not found.facts.requests:
        return {"calls": 10_000, "characters": 60, "servers": 1}
    days = (asked.last - asked.month).days + 1
    spoken = found.facts.hanzi + found.facts.other_characters
    return WhatIfForm.nearest(found.facts.requests // days, spoken // found.facts.requests)


def _curve(timeline: Timeline) -> dict[str, list[Any]]:
    """Columns for the chart, in yuan."""

    def column(name: str) -> list[Any]:
        amounts = (getattr(point, name) for point in timeline.points)
        return [None if amount is None else amount / MICRO for amount in amounts]

    days = [point.day.isoformat() for point in timeline.points]
    return {"days": days, "chosen": column("chosen"), "cheapest": column("cheapest"), "here": column("here")}


@operators_only
@require_safe
def savings_csv(request: HttpRequest) -> HttpResponse:
    """Every offer of every month, as a table."""
    asked = _asked(request)
    return _file(asked, "csv", "text/csv; charset=utf-8", report.as_csv(asked.timeline(own_cost(asked.tenant_id))))


@operators_only
@require_safe
def savings_pdf(request: HttpRequest) -> HttpResponse:
    """A sheet to hand to finance, with the figures of the page."""
    from console.operators import sheet  # here, as fpdf takes as long to import as a quarter of everything else

    asked = _asked(request)
    timeline = asked.timeline(own_cost(asked.tenant_id))
    return _file(asked, "pdf", "application/pdf", sheet.as_pdf(asked.team, asked.today, timeline))


def _file(asked: Asked, ending: str, kind: str, content: bytes) -> HttpResponse:
    name = f"savings-{asked.team.name if asked.team else 'all-teams'}-{asked.today:%F}.{ending}"
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@dataclass(frozen=True, slots=True)
class CostForms:
    """Both ways to say a cost, of which one is chosen."""

    monthly: MonthlyCostForm
    busy: BusyCostForm
    by_the_hour: bool

    @property
    def chosen(self) -> CostForm:
        return self.busy if self.by_the_hour else self.monthly


def _typed(request: HttpRequest) -> CostForms:
    by_the_hour = request.POST.get("by") == "hour"
    monthly = None if by_the_hour else request.POST
    return CostForms(MonthlyCostForm(monthly), BusyCostForm(request.POST if by_the_hour else None), by_the_hour)


def _stored(cost: Cost | None) -> CostForms:
    monthly = asdict(cost) if isinstance(cost, MonthlyCost) else {}
    busy = {"busy_hour": cost.hour} if isinstance(cost, BusyCost) else {}
    return CostForms(MonthlyCostForm(initial=monthly), BusyCostForm(initial=busy), bool(busy))
