"""Plans: what teams may, compared side by side."""

from django.contrib import messages
from django.forms.models import model_to_dict
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.errors import BillingError
from billing.limits.services import plan_change, plan_create
from billing.selectors import plans as all_plans
from console.operators.forms import LimitsForm, NewPlanForm
from console.operators.guard import operators_only
from console.team import actor_of

LIKE_STANDARD = {
    "requests_per_minute": 600,
    "concurrent_requests": 300,
    "max_text_characters": 4096,
    "weight": 1,
    "priority": 0,
    "cached_rate": 0,
}


@operators_only
@require_http_methods(["GET", "HEAD", "POST"])
def plans(request: HttpRequest) -> HttpResponse:
    """All of them, and a form that creates one."""
    form = NewPlanForm(request.POST or None, initial=LIKE_STANDARD)
    if form.is_valid():
        try:
            made = plan_create(name=form.cleaned_data["name"], limits=form.limits, actor=actor_of(request))
        except BillingError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The plan {plan} is there; teams can be put on it.").format(plan=made.name))
            return redirect("operators_plans")
    page = {"plans": all_plans(), "form": form}
    return render(request, "console/operators_plans.html", page, status=400 if form.errors else 200)


@operators_only
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, name: str) -> HttpResponse:
    """One of them, to be changed for every team on it."""
    found = next((each for each in all_plans() if each.name == name), None)
    if found is None:
        raise Http404(name)
    form = LimitsForm(request.POST or None, initial=model_to_dict(found))
    if form.is_valid():
        try:
            plan_change(name=name, limits=form.limits, actor=actor_of(request))
        except BillingError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The limits hold from the next request on."))
            return redirect("operators_plans")
    page = {"plan": found, "plans": all_plans(), "form": form}
    return render(request, "console/operators_plans.html", page, status=400 if form.errors else 200)
