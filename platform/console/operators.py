"""The operators' pages: what the people who run the platform see of every team."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import wraps
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Tenant, User
from accounts.selectors import tenants
from billing.errors import NoPriceBook
from billing.savings.compare import Savings
from billing.savings.cost import BusyCost, Cost, MonthlyCost
from billing.savings.selectors import own_cost, savings_between
from billing.savings.services import own_cost_set
from billing.usage import selectors as usage
from console.forms import BusyCostForm, CostForm, MonthlyCostForm
from console.team import View, actor_of

MONTHS = 12  # that the list of months goes back


def operators_only(view: View) -> View:
    """For whom Django calls staff; whoever else is signed in gets 403 and a page that says so."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not cast(User, request.user).is_staff:
            return render(request, "console/operators_only.html", status=403)
        return view(request, *args, **kwargs)

    return guarded


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose savings, and of which month; of this month its days until today."""

    team: Tenant
    month: date  # its first day
    today: date  # at the team's

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
        """None where there was no price book, or no exchange rate, for these days."""
        try:
            return savings_between(self.team.id, first=self.month, last=self.last, own=own)
        except NoPriceBook:
            return None


def _asked(request: HttpRequest) -> Asked:
    """From `?team=NAME&month=2026-11`; the first team by name and this month by default."""
    name, month = request.GET.get("team"), request.GET.get("month")
    team = next((team for team in tenants() if name in (None, team.name)), None)
    if team is None:
        raise Http404(name)
    today = usage.today(team.id)
    try:
        first = date.fromisoformat(f"{month}-01") if month else today.replace(day=1)
    except ValueError as error:
        raise Http404(month) from error
    if first > today:
        raise Http404(month)
    return Asked(team, first, today)


@operators_only
@require_http_methods(["GET", "HEAD", "POST"])
def savings(request: HttpRequest) -> HttpResponse:
    """A team's own cost, to be changed, and what its requests of a month save."""
    asked = _asked(request)
    forms = _typed(request) if request.method == "POST" else _stored(own_cost(asked.team.id))
    chosen = forms.chosen
    if chosen.is_bound and chosen.is_valid():
        own_cost_set(tenant=asked.team, cost=chosen.cost, actor=actor_of(request))
        messages.success(request, _("The own cost of {team} is saved.").format(team=asked.team.name))
        return redirect(request.get_full_path())
    page = {
        "asked": asked,
        "teams": tenants(),
        "forms": forms,
        "savings": asked.savings(own_cost(asked.team.id)),
    }
    return render(request, "console/operators_savings.html", page, status=400 if chosen.is_bound else 200)


@operators_only
@require_POST
def savings_figures(request: HttpRequest) -> HttpResponse:
    """The figures alone, with the own cost that is typed and not saved."""
    asked, chosen = _asked(request), _typed(request).chosen
    own = chosen.cost if chosen.is_valid() else own_cost(asked.team.id)
    return render(request, "console/operators_figures.html", {"asked": asked, "savings": asked.savings(own)})


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
