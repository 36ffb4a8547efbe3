"""Teams: found, created, and changed in what they may."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts import invitations, selectors
from accounts.errors import AccountsError, UnknownTenant
from accounts.models import Tenant
from accounts.services import tenant_create
from billing import overview
from billing.errors import BillingError
from billing.limits.selectors import raises_in_force
from billing.limits.services import account_resume, account_suspend, quota_raise
from billing.services import account_open, plan_set
from console.members import invitation_link
from console.operators.forms import InviteForm, PlanOfTenantForm, RaiseForm, RefusableForm, TenantForm, VisitForm
from console.operators.guard import operators_only
from console.team import actor_of

INVITATION_DAYS = 7
EVENTS = 20  # of a team's trail that its page shows


@operators_only
@require_http_methods(["GET", "HEAD", "POST"])
def tenants(request: HttpRequest) -> HttpResponse:
    """All by name, `?q=` those whose name holds it; and a form that creates one."""
    form = TenantForm(request.POST or None)
    if form.is_valid() and _created(form, actor_of(request)):
        name = form.cleaned_data["name"]
        messages.success(request, _("The team {team} is there. Add its members now.").format(team=name))
        return redirect("operators_tenant", name)
    part = request.GET.get("q", "").strip().lower().replace("\0", "")
    lines = overview.teams(part=part, order="name", most=settings.OPERATORS_TEAMS)
    page = {"lines": lines, "part": part, "more": len(lines) == settings.OPERATORS_TEAMS, "form": form}
    return render(request, "console/operators_tenants.html", page, status=400 if form.errors else 200)


def _created(form: TenantForm, actor: str) -> bool:
    data = form.cleaned_data
    try:
        with transaction.atomic():
            tenant = tenant_create(name=data["name"], time_zone=data["time_zone"], actor=actor)
            account_open(tenant=tenant, plan_name=data["plan"], actor=actor)
    except (AccountsError, BillingError) as refusal:
        form.refuse(refusal)
        return False
    return True


@operators_only
@require_http_methods(["GET", "HEAD", "POST"])
def tenant(request: HttpRequest, name: str) -> HttpResponse:
    """One of them; a POST says in `do` what to change."""
    try:
        found = selectors.tenant_by_name(name)
    except UnknownTenant as missing:
        raise Http404(name) from missing
    if request.method != "POST":
        return _page(request, found)
    do = request.POST.get("do", "")
    if do in CHANGES:
        form_class, change, told = CHANGES[do]
        form = form_class(request.POST)
        if not form.is_valid():
            return _page(request, found, do, form)
        try:
            change(found, form, actor_of(request))
        except (AccountsError, BillingError) as refusal:
            form.refuse(refusal)
            return _page(request, found, do, form)
        messages.success(request, str(told))
    elif do == "invite":
        return _invite(request, found)
    elif do in {"suspend", "resume"}:
        (account_suspend if do == "suspend" else account_resume)(tenant=found, actor=actor_of(request))
    else:
        return HttpResponseBadRequest()
    return redirect("operators_tenant", name)


def _invite(request: HttpRequest, found: Tenant) -> HttpResponse:
    """The link is in the answer, once, to be handed over."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, found, "invite", form)
    try:
        _invited, token = invitations.invite_by_operator(
            tenant=found, role=form.cleaned_data["role"], days=INVITATION_DAYS, actor=actor_of(request)
        )
    except AccountsError as refusal:
        form.refuse(refusal)
        return _page(request, found, "invite", form)
    return _page(request, found, link=invitation_link(request, token))


def _page(
    request: HttpRequest, found: Tenant, do: str = "", refused: RefusableForm | None = None, link: str = ""
) -> HttpResponse:
    line = overview.team(found.id)
    forms = {
        "plan": PlanOfTenantForm(initial={"plan": line.plan}),
        "raise": RaiseForm(),
        "invite": InviteForm(),
        "visit": VisitForm(),
    }
    page = {
        "team": found,
        "line": line,
        "members": selectors.members(found),
        "keys": selectors.api_keys(found),
        "raises": raises_in_force(found.id),
        "events": selectors.audit_events(found)[:EVENTS],
        "visit_minutes": settings.VISIT_LASTS // timedelta(minutes=1),
        "invitations": selectors.open_invitations(found),
        "link": link,
        "forms": {**forms, do: refused} if refused else forms,
    }
    return render(request, "console/operators_tenant.html", page, status=400 if refused else 200)


def _set_plan(tenant: Tenant, form: PlanOfTenantForm, actor: str) -> None:
    plan_set(tenant=tenant, plan_name=form.cleaned_data["plan"], actor=actor)


def _raise(tenant: Tenant, form: RaiseForm, actor: str) -> None:
    quota_raise(
        tenant=tenant, characters=form.cleaned_data["characters"], until=form.moment(tenant.time_zone), actor=actor
    )


CHANGES: dict[str, tuple[type[RefusableForm], Callable[[Tenant, Any, str], None], Promise]] = {
    "plan": (PlanOfTenantForm, _set_plan, gettext_lazy("The plan holds from the next request on.")),
    "raise": (RaiseForm, _raise, gettext_lazy("The quota is raised.")),
}
