"""A team's webhooks: where its programs listen, and what each was told."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Member, Scope
from console.forms import EndpointForm
from console.log import log_page, number_of
from console.team import actor_of, for_members_with
from console.words import refusal_words
from webhooks import selectors, services
from webhooks.errors import DeliveryNotFound, EndpointNotFound, WebhookError
from webhooks.models import Endpoint


@for_members_with(Scope.WEBHOOKS)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def webhooks(request: HttpRequest, member: Member) -> HttpResponse:
    """All of the team's, and a form that makes a new one, whose secret the answer shows once."""
    form = EndpointForm(request.POST or None)
    made: Endpoint | None = None
    if form.is_valid():
        try:
            made = services.endpoint_create(tenant_id=member.tenant_id, actor=actor_of(request), **form.cleaned_data)
        except WebhookError as refusal:
            form.add_error(refusal.param, refusal_words(refusal))
        else:
            form = EndpointForm()
    page = {
        "member": member,
        "form": form,
        "endpoints": selectors.endpoints(member.tenant_id),
        "endpoint": made,
    }
    return render(request, "console/webhooks.html", page, status=400 if form.errors else 200)


@for_members_with(Scope.WEBHOOKS)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def webhook(request: HttpRequest, webhook_id: UUID, member: Member) -> HttpResponse:
    """One of them with its log; a POST says in `do` what to do with it."""
    try:
        endpoint = selectors.endpoint(member.tenant_id, webhook_id)
        return _do(request, endpoint, member) if request.method == "POST" else _shown(request, endpoint, member)
    except (EndpointNotFound, DeliveryNotFound) as missing:
        raise Http404(webhook_id) from missing
    except WebhookError as refusal:
        messages.error(request, refusal_words(refusal))
        return redirect(request.get_full_path())


def _shown(request: HttpRequest, endpoint: Endpoint, member: Member, *, secret: str = "") -> HttpResponse:
    page = {
        "member": member,
        "endpoint": endpoint,
        "secret": secret,
        "log": log_page(request, selectors.deliveries(endpoint)),
    }
    return render(request, "console/webhook.html", page)


def _do(request: HttpRequest, endpoint: Endpoint, member: Member) -> HttpResponse:
    actor = actor_of(request)
    match request.POST.get("do"):
        case "test":
            services.endpoint_test(endpoint=endpoint)
            messages.success(request, _("A test message is on its way."))
        case "rotate":
            rotated = services.secret_rotate(endpoint=endpoint, actor=actor)
            return _shown(request, rotated, member, secret=rotated.secret)
        case "enable" | "disable" as asked:
            services.endpoint_change(endpoint=endpoint, enabled=asked == "enable", actor=actor)
        case "delete":
            services.endpoint_delete(endpoint=endpoint, actor=actor)
            messages.success(request, _("The webhook is deleted."))
            return redirect("webhooks")
        case "replay":
            delivery = selectors.delivery(endpoint, number_of(request.POST.get("delivery", "")))
            services.delivery_replay(delivery=delivery)
            messages.success(request, _("The message is on its way again."))
        case _:
            return HttpResponseBadRequest()
    return redirect(request.get_full_path())
