"""The console's pages. Each asks a selector and fills a template; the scripts call /v1/... themselves."""

from dataclasses import asdict
from datetime import date

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Member, Scope
from accounts.roles import SCOPES
from billing import selectors as billing
from billing.savings.estimate import cost_of_a_million
from billing.usage import selectors as usage
from console.team import for_members
from console.words import jobs_words, studio_words
from tts_engine.delivery import selectors as delivery
from tts_engine.manuscripts import BOOKS, TABLES
from tts_engine.speech.audio.formats import FORMATS


@require_safe
@for_members
def studio(request: HttpRequest, member: Member) -> HttpResponse:
    """Write a text, hear it while it is made, take it away."""
    limits = billing.limits(member.tenant_id)
    page = {
        "words": studio_words(),
        "quota": asdict(billing.usage(member.tenant_id)),
        "max_characters": min(settings.SPEECH_MAX_CHARACTERS, limits.max_text_characters),
        "cost_of_a_million": cost_of_a_million(member.tenant_id),
        "may_teach": Scope.ADMIN in SCOPES[member.role],
        "origin": request.build_absolute_uri("/").rstrip("/"),
    }
    alert = billing.quota_alert(member.tenant_id)
    return render(request, "console/studio.html", {"member": member, "page": page, "alert": alert})


@require_safe
@for_members
def jobs(request: HttpRequest, member: Member) -> HttpResponse:
    """Upload a long text or a table, see what it will cost, follow it to its end, take away what it made."""
    page = {"words": jobs_words(), "max_characters": settings.JOB_MAX_CHARACTERS}
    upload = {"endings": (*BOOKS, *TABLES), "formats": list(FORMATS), "megabytes": settings.JOB_BODY_BYTES // 1024**2}
    context = {
        "member": member,
        "page": page,
        "upload": upload,
        "destinations": [each for each in delivery.destinations(member.tenant_id) if each.enabled],
        "alert": billing.quota_alert(member.tenant_id),
    }
    return render(request, "console/jobs.html", context)


@require_safe
@for_members
def statement(request: HttpRequest, member: Member, month: date | None = None) -> HttpResponse:
    """A month of the member's team, to be printed; this one if no other is named."""
    this_month = usage.this_month(member.tenant_id)
    shown = usage.statement(member.tenant_id, month or this_month)
    page = {"member": member, "statement": shown, "has_next": shown.following <= this_month}
    return render(request, "console/statement.html", page)
