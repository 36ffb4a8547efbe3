"""Looking at a team's console, and leaving it."""

from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.errors import UnacceptableReason, UnknownTenant
from accounts.selectors import tenant_by_name
from accounts.visits import Visit, visit_begin, visit_end, visit_of
from console.operators.guard import operators_only


@operators_only
@require_POST
def begin(request: HttpRequest, name: str) -> HttpResponse:
    try:
        visit_begin(request, tenant=tenant_by_name(name), reason=request.POST.get("reason", ""))
    except UnknownTenant as missing:
        raise Http404(name) from missing
    except UnacceptableReason:
        messages.error(request, _("Say in a few words why you look at the team's console."))
        return redirect("operators_tenant", name)
    return redirect("statement")


@operators_only
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Back to the team's page; without a visit to all teams."""
    visit = visit_of(request)
    visit_end(request)
    return redirect("operators_tenant", visit.tenant.name) if visit else redirect("operators_tenants")


def visit(request: HttpRequest) -> dict[str, Visit | None]:
    """For every template: whom the operator visits. A context processor.

    The API's own pages know no user where nobody is signed in.
    """
    user: AbstractBaseUser | AnonymousUser | None = request.user
    return {"visit": visit_of(request) if user and user.is_authenticated else None}
