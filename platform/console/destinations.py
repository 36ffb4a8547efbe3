"""A team's destinations: where the results of its jobs are put, and what was put there."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Member, Scope
from console.forms import DestinationForm
from console.log import log_page, number_of
from console.team import actor_of, for_members_with
from console.words import refusal_words
from tts_engine.delivery import selectors, services, trial
from tts_engine.delivery.models import Destination
from tts_engine.errors import DestinationNotFound, EngineError, FileDeliveryNotFound
from webhooks.errors import AddressError


@for_members_with(Scope.WEBHOOKS)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def destinations(request: HttpRequest, member: Member) -> HttpResponse:
    """All of the team's, and a form that makes a new one."""
    form = DestinationForm(request.POST or None)
    if form.is_valid():
        try:
            made = services.destination_create(tenant_id=member.tenant_id, actor=actor_of(request), **form.members)
        except (EngineError, AddressError) as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The destination is saved. Test it now."))
            return redirect("destination", made.id)
    page = {"member": member, "form": form, "destinations": selectors.destinations(member.tenant_id)}
    return render(request, "console/destinations.html", page, status=400 if form.errors else 200)


@for_members_with(Scope.WEBHOOKS)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def destination(request: HttpRequest, destination_id: UUID, member: Member) -> HttpResponse:
    """One of them with its log; a POST says in `do` what to do with it."""
    try:
        found = selectors.destination(member.tenant_id, destination_id)
        if request.method == "POST":
            return _do(request, found)
    except (DestinationNotFound, FileDeliveryNotFound) as missing:
        raise Http404(destination_id) from missing
    except EngineError as refusal:
        messages.error(request, refusal_words(refusal))
        return redirect(request.get_full_path())
    page = {"member": member, "destination": found, "log": log_page(request, selectors.deliveries(found))}
    return render(request, "console/destination.html", page)


def _do(request: HttpRequest, found: Destination) -> HttpResponse:
    actor = actor_of(request)
    match request.POST.get("do"):
        case "test":
            _tell_trial(request, trial.run(found))
        case "enable" | "disable" as asked:
            services.destination_change(destination=found, enabled=asked == "enable", actor=actor)
        case "default":
            services.destination_change(destination=found, is_default=True, actor=actor)
        case "delete":
            services.destination_delete(destination=found, actor=actor)
            messages.success(request, _("The destination is deleted."))
            return redirect("destinations")
        case "replay":
            delivery = selectors.delivery(found, number_of(request.POST.get("delivery", "")))
            services.delivery_replay(delivery=delivery)
            messages.success(request, _("The file is on its way again."))
        case "replay-failed":
            count = services.failed_replay(destination=found)
            messages.success(request, _("Files on their way again: {count}").format(count=count))
        case _:
            return HttpResponseBadRequest()
    return redirect(request.get_full_path())


def _tell_trial(request: HttpRequest, tried: trial.Trial) -> None:
    if tried.delivered:
        told = _("{name} has arrived after {ms} ms.")
        messages.success(request, told.format(name=tried.name, ms=tried.duration_ms))
    elif tried.status_code is None:
        messages.error(request, _("Nothing arrived: {reason}").format(reason=tried.error))
    else:
        told = _("It was refused with the status {status}: {answer}")
        messages.error(request, told.format(status=tried.status_code, answer=tried.answer[:200]))
