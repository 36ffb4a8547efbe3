"""The voices of this installation: what each is, and how much it spoke this month."""

from dataclasses import dataclass
from operator import attrgetter

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.price_book.days import today
from billing.usage import selectors as usage
from billing.usage.facts import UsageFacts, total
from console.operators.guard import operators_only
from console.team import actor_of
from tts_engine.services import catalog, voice_remove
from tts_engine.speech.errors import UnknownVoice
from tts_engine.speech.voice import VoiceInfo


@dataclass(frozen=True, slots=True)
class VoiceLine:
    """`facts` are of this month, over all speakers of the voice."""

    info: VoiceInfo
    removable: bool
    facts: UsageFacts


@operators_only
@require_http_methods(["GET", "HEAD", "POST"])
def voices(request: HttpRequest) -> HttpResponse:
    """All that are installed; a POST removes the added one that `remove` names."""
    if request.method == "POST":
        name = request.POST.get("remove", "")
        try:
            voice_remove(name, actor=actor_of(request))
        except UnknownVoice as missing:
            raise Http404(name) from missing
        messages.success(request, _("The voice {voice} is removed.").format(voice=name))
        return redirect("operators_voices")
    spoken = {share.values[0]: share.facts for share in usage.shares_of_all(today().replace(day=1), "voice")}
    lines = [
        VoiceLine(
            one.info,
            one.removable,
            total([facts for speaker in one.info.speakers if (facts := spoken.get(speaker.id))]),
        )
        for one in catalog().installed().values()
    ]
    lines.sort(key=attrgetter("facts.audio_ms"), reverse=True)
    return render(request, "console/operators_voices.html", {"lines": lines})
