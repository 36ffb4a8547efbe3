"""What the team had spoken: to find, hear, take away and delete."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.models import Member, Scope
from console.history_form import HistoryForm, Names
from console.team import for_members_with
from console.words import emotion_words, history_words, state_words
from tts_engine import store
from tts_engine.errors import SynthesisNotFound
from tts_engine.history import Place, everything, page
from tts_engine.jobs.results import archive
from tts_engine.jobs.results.lists import MARK, line
from tts_engine.models import InputType, Status, Synthesis
from tts_engine.retention.selectors import policy_of
from tts_engine.selectors import HistoryFilter, syntheses_get, synthesis_get
from tts_engine.services import synthesis_delete
from tts_engine.streaming import PIECE, gathered, streamed

ROWS = 50  # of a page
SUBTITLES = ("srt", "vtt", "lrc")  # of those that the API has
AT_ONCE = 1000  # rows read at a time for a table of all
COLUMNS = (
    "id", "created_at", "status", "text", "voice", "emotion", "asked_by", "characters", "billed_characters", "seconds",
    "from_cache", "format", "job", "error",
)  # fmt: skip

readers = for_members_with(Scope.HISTORY)


@dataclass(frozen=True)
class Row:
    """A Synthesis in the words of the page."""

    synthesis: Synthesis
    names: Names
    keep_days: int | None

    @property
    def voice(self) -> str:
        return self.names.voices.get(self.synthesis.voice, self.synthesis.voice)

    @property
    def emotion(self) -> str:
        """Nothing of a neutral one, which goes without saying."""
        return emotion_words()[self.synthesis.emotion] if self.synthesis.emotion != "neutral" else ""

    @property
    def state(self) -> str:
        return state_words()[self.synthesis.status]

    @property
    def asked_by(self) -> str:
        return self.names.asked_by(self.synthesis.api_key_id, self.synthesis.member_id)

    @property
    def spoken(self) -> bool:
        return self.synthesis.status == Status.DONE

    @cached_property
    def has_audio(self) -> bool:
        return self.spoken and store.is_kept(self.synthesis)

    @property
    def seconds(self) -> float | None:
        return None if self.synthesis.audio_ms is None else self.synthesis.audio_ms / 1000

    @property
    def deleted_on(self) -> datetime | None:
        """When the team's retention deletes it; what belongs to a job goes with that."""
        if self.keep_days is None or self.synthesis.job_id:
            return None
        return self.synthesis.created_at + timedelta(days=self.keep_days)

    @property
    def again_id(self) -> str:
        """Of the element that holds it."""
        return f"again-{self.synthesis.id}"

    @property
    def again(self) -> dict[str, Any] | None:
        """What the studio takes to speak it again; nothing where it cannot, or the text is not kept."""
        one = self.synthesis
        if not one.text or one.input_type == InputType.SSML:
            return None
        return {
            "text": one.text,
            "voice": one.voice,
            "emotion": one.emotion,
            "intensity": one.emotion_intensity,
            "speed": one.speed,
            "pitch": one.pitch,
        }


@readers
@require_safe
@vary_on_headers("HX-Request")
def history(request: HttpRequest, member: Member) -> HttpResponse:
    """The newest of what is looked for, or those `?before=` a place; a part of the page where htmx asks."""
    names = Names(member)
    form = _form(request.GET, member, names)
    before = _place(request.GET.get("before"))
    keep_days = policy_of(member.tenant_id).keep_days
    rows, older = [], None
    if form.is_valid():
        found = page(tenant_id=member.tenant_id, narrow=form.narrow, before=before, size=ROWS)
        rows, older = [Row(row, names, keep_days) for row in found.rows], found.older
    asked = _asked(form)
    query = urlencode(asked)
    shown = {
        "member": member,
        "form": form,
        "rows": rows,
        "older": older and urlencode({**asked, "before": older}),
        "looked_upto": older and len(rows) < ROWS and older.created_at,
        "asked": asked,
        "query": query,
        "before": before,
        "keep_days": keep_days,
        "page": {"words": history_words()},
    }
    part = _part(request)
    template = "history_rows" if part and before else "history_results" if part else "history"
    answer = render(request, f"console/{template}.html", shown, status=400 if form.errors else 200)
    if part and not before:
        answer["HX-Push-Url"] = _address(query)
    return answer


@readers
@require_safe
@vary_on_headers("HX-Request")
def recording(request: HttpRequest, synthesis_id: UUID, member: Member) -> HttpResponse:
    """All there is to say of one, and what can be done with it."""
    try:
        synthesis = synthesis_get(tenant_id=member.tenant_id, synthesis_id=synthesis_id)
    except SynthesisNotFound as missing:
        raise Http404(synthesis_id) from missing
    row = Row(synthesis, Names(member), policy_of(member.tenant_id).keep_days)
    shown = {"member": member, "row": row, "subtitles": SUBTITLES}
    if _part(request):
        return render(request, "console/history_detail.html", shown)
    return render(request, "console/history_recording.html", {**shown, "page": {"words": history_words()}})


@readers
@require_safe
def table(request: HttpRequest, member: Member) -> HttpResponseBase:
    """All that is looked for as CSV, written while it is read."""
    names = Names(member)
    form = _form(request.GET, member, names)
    if not form.is_valid():
        return redirect(_address(request.GET.urlencode()))
    pieces = gathered(_lines(member, form.narrow, names), least=PIECE)
    return _file(pieces, "text/csv; charset=utf-8", "history.csv")


@readers
@require_POST
def download(request: HttpRequest, member: Member) -> HttpResponseBase:
    """The chosen recordings as a ZIP, of those that have audio."""
    chosen = [one for one in _chosen(request, member) if one.status == Status.DONE and store.is_kept(one)]
    if not chosen:
        messages.error(request, _("None of these recordings has audio."))
        return redirect(_address(request.POST.get("back", "")))
    return _file(archive.recordings_bytes(chosen), "application/zip", "voxhouse.zip")


@readers
@require_POST
def delete(request: HttpRequest, member: Member) -> HttpResponse:
    """Text and audio of the chosen, for good; what was counted and billed stays."""
    chosen = _chosen(request, member)
    for synthesis in chosen:
        synthesis_delete(synthesis)
    told = ngettext("{count} recording is deleted.", "{count} recordings are deleted.", len(chosen))
    messages.success(request, told.format(count=len(chosen)))
    return redirect(_address(request.POST.get("back", "")))


def _form(asked: QueryDict, member: Member, names: Names) -> HistoryForm:
    return HistoryForm(asked, names=names, zone=member.tenant.time_zone)


def _asked(form: HistoryForm) -> dict[str, str]:
    """What was given, as an address has it."""
    return {name: form.data[name] for name in form.fields if form.data.get(name)}


def _place(written: str | None) -> Place | None:
    if written is None:
        return None
    try:
        return Place.read(written)
    except ValueError as error:
        raise Http404(written) from error


def _part(request: HttpRequest) -> bool:
    """Whether htmx asks, and not for a page that it has forgotten."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def _address(query: str) -> str:
    return reverse("history") + (f"?{query}" if query else "")


def _chosen(request: HttpRequest, member: Member) -> list[Synthesis]:
    """`only` that one, else all that are ticked. 404 for what is not the team's."""
    given = request.POST.getlist("only") or request.POST.getlist("id")
    try:
        ids = [UUID(one) for one in dict.fromkeys(given[: settings.HISTORY_DOWNLOAD_MOST])]
        return syntheses_get(tenant_id=member.tenant_id, ids=ids)
    except (ValueError, SynthesisNotFound) as missing:
        raise Http404 from missing


def _lines(member: Member, narrow: HistoryFilter, names: Names) -> Iterable[bytes]:
    zone = ZoneInfo(member.tenant.time_zone)
    yield (MARK + line(COLUMNS)).encode()
    for one in everything(tenant_id=member.tenant_id, narrow=narrow, size=AT_ONCE):
        row = Row(one, names, None)
        seconds = "" if row.seconds is None else row.seconds
        cells = (
            one.id, one.created_at.astimezone(zone).isoformat(timespec="seconds"), one.status, one.text, one.voice,
            one.emotion, row.asked_by, one.characters, one.billable(), seconds, int(one.cache_hit), one.audio_format,
            one.job_id or "", one.error_message,
        )  # fmt: skip
        yield line(cells).encode()


def _file(pieces: Generator[bytes, None, None], media_type: str, name: str) -> StreamingHttpResponse:
    disposition = content_disposition_header(as_attachment=True, filename=name) or ""
    headers = {"Content-Type": media_type, "Content-Disposition": disposition, "Cache-Control": "private"}
    return StreamingHttpResponse(streamed(pieces), headers=headers)
