"""A team's API keys: made, capped, rerolled, revoked. The text of a key is in the answer that made it alone."""

from dataclasses import asdict
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import selectors, services
from accounts.errors import AccountsError, UnknownApiKey
from accounts.models import ApiKey, Member, Scope
from billing.errors import UnacceptableLimit
from billing.limits.selectors import KeyStanding, key_standings
from billing.limits.services import key_limit_set
from console.account_words import refusal_words, refuse
from console.team import actor_of, for_members_with
from console.team_forms import CapsForm, GraceForm, KeyForm


@for_members_with(Scope.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def keys(request: HttpRequest, member: Member) -> HttpResponse:
    """All of the team's, and a form that makes a new one, whose text the answer shows once."""
    form = KeyForm(request.POST or None)
    key, secret = None, ""
    if form.is_valid():
        try:
            key, secret = _made(request, form, member)
        except (AccountsError, UnacceptableLimit) as refusal:
            refuse(form, refusal)
        else:
            form = KeyForm()
    standings, now = key_standings(member.tenant_id), timezone.now()
    rows = [(each, standings.get(each.id, KeyStanding())) for each in selectors.api_keys(member.tenant)]
    page = {
        "member": member,
        "form": form,
        "working": [row for row in rows if works(row[0])],
        "ended": [row for row in rows if not works(row[0])],
        "key": key,
        "secret": secret,
        "now": now,
    }
    return render(request, "console/keys.html", page, status=400 if form.errors else 200)


@transaction.atomic
def _made(request: HttpRequest, form: KeyForm, member: Member) -> tuple[ApiKey, str]:
    """With its cap, or neither."""
    asked, actor = form.cleaned_data, actor_of(request)
    key, secret = services.api_key_create(
        tenant=member.tenant, name=asked["name"], scopes=asked["scopes"], expires_at=asked["expires"], actor=actor
    )
    if asked["characters_per_period"] is not None:
        limits = {"characters_per_period": asked["characters_per_period"]}
        key_limit_set(key_id=key.id, limits=limits, actor=actor)
    return key, secret


@for_members_with(Scope.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def key(request: HttpRequest, key_id: UUID, member: Member) -> HttpResponse:
    """One of them; a POST says in `do` what to do with it."""
    try:
        found = selectors.api_key(member.tenant, key_id)
        return _do(request, found, member) if request.method == "POST" else _shown(request, found, member)
    except UnknownApiKey as missing:
        raise Http404(key_id) from missing
    except AccountsError as refusal:
        messages.error(request, refusal_words(refusal))
        return redirect(request.get_full_path())


def _do(request: HttpRequest, found: ApiKey, member: Member) -> HttpResponse:
    match request.POST.get("do"):
        case "reroll":
            form = GraceForm(request.POST)
            if not form.is_valid():
                return HttpResponseBadRequest()
            rerolled, secret = services.api_key_reroll(key=found, grace=form.length, actor=actor_of(request))
            return _shown(request, rerolled, member, secret=secret)
        case "limit":
            return _limited(request, found, member)
        case "revoke":
            services.api_key_revoke(key_id=found.id, actor=actor_of(request))
            messages.success(request, _("The key is revoked: nothing that uses it works any more."))
            return redirect("keys")
        case _:
            return HttpResponseBadRequest()


def _limited(request: HttpRequest, found: ApiKey, member: Member) -> HttpResponse:
    services.require_working(found, timezone.now())
    form = CapsForm(request.POST)
    if not form.is_valid():
        return _shown(request, found, member, caps=form)
    key_limit_set(key_id=found.id, limits=form.cleaned_data, actor=actor_of(request))
    messages.success(request, _("The caps hold from the next request on."))
    return redirect("key", found.id)


def _shown(
    request: HttpRequest, found: ApiKey, member: Member, *, secret: str = "", caps: CapsForm | None = None
) -> HttpResponse:
    standing = key_standings(member.tenant_id).get(found.id, KeyStanding())
    page = {
        "member": member,
        "key": found,
        "works": works(found),
        "secret": secret,
        "standing": standing,
        "caps": caps or CapsForm(initial=asdict(standing)),
        "grace": GraceForm(),
        "now": timezone.now(),
    }
    return render(request, "console/key.html", page, status=400 if caps else 200)


def works(key: ApiKey) -> bool:
    """Neither revoked nor expired."""
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > timezone.now())
