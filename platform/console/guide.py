"""The API guide: a team's first call, every door with an example, what refuses and what the team may.

Its examples are files that a test runs against a running platform, as they are printed.
"""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models import Member, Scope
from accounts.selectors import newest_usable_key
from billing import selectors as billing
from console.team import for_members


@dataclass(frozen=True, slots=True)
class Door:
    """One thing that a program can ask for, and the file that shows how."""

    title: str | Promise
    method: str
    address: str
    scope: str
    example: str


DOORS = (
    Door(_("Speak with a manner"), "POST", "/v1/audio/speech", Scope.SPEECH, "style.sh"),
    Door(_("Voices and what each can do"), "GET", "/v1/audio/voices", Scope.SPEECH, "voices.sh"),
    Door(_("How a text will be read, and what it costs"), "POST", "/v1/text/preview", Scope.SPEECH, "preview.sh"),
    Door(_("Long texts and tables"), "POST", "/v1/jobs", Scope.SPEECH, "jobs.sh"),
    Door(_("Audio inside JSON"), "POST", "/tts", Scope.SPEECH, "simple.sh"),
    Door(_("Past recordings and subtitles"), "GET", "/v1/history", Scope.HISTORY, "history.sh"),
    Door(_("What is used and left"), "GET", "/v1/usage", Scope.USAGE, "usage.sh"),
    Door(_("How your words are said"), "PUT", "/v1/dictionary/entries/{word}", Scope.ADMIN, "dictionary.sh"),
    Door(_("Be told of events"), "POST", "/v1/webhooks", Scope.WEBHOOKS, "webhooks.sh"),
)

FIRST = (("curl", "speech.sh"), ("Python", "speech.py.txt"), ("JavaScript", "speech.mjs"))

REFUSALS = (
    (400, _("The request cannot be honoured"), _("“param” names the member at fault. Mend it; again is in vain.")),
    (401, _("No key, or one that is wrong, revoked or expired"), _("Send Authorization: Bearer and the whole key.")),
    (403, _("The key may not do this"), _("Use a key with the scope that the door needs.")),
    (404, _("There is nothing of your team's there"), _("Look at the id; what was deleted is gone.")),
    (409, _("Not in its present state"), _("Wait until it is done, or ask what state it is in.")),
    (429, _("Too many, too fast, or the quota is used up"), _("Wait as long as Retry-After says, then send it again.")),
    (503, _("Your turn would come too late"), _("Nothing was billed. Wait as long as Retry-After says.")),
)


def example(name: str, url: str) -> str:
    """The file's text with this instance's address, as it is to be copied."""
    return render_to_string(f"console/guide/{name}", {"url": url}).strip()


@require_safe
@for_members
def guide(request: HttpRequest, member: Member) -> HttpResponse:
    """With the address that the member came by, and the end of the team's newest key."""
    url = request.build_absolute_uri("/").rstrip("/")
    page = {
        "member": member,
        "url": url,
        "key": newest_usable_key(member.tenant),
        "first": [(title, example(name, url)) for title, name in FIRST],
        "doors": [(door, example(door.example, url)) for door in DOORS],
        "refusals": REFUSALS,
        "limits": billing.limits(member.tenant_id),
        "seconds": int(settings.WEBHOOK_TIMEOUT.total_seconds()),
        "verify": example("verify.py.txt", url),
    }
    return render(request, "console/guide.html", page)
