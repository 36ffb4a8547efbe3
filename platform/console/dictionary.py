"""The page of the pronunciation dictionary, for those who may change what belongs to their team."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Member, Scope
from console.forms import EntryForm, SentenceForm, TableForm, VersionForm
from console.team import actor_of, for_members_with
from console.words import row_problem
from tts_engine.dictionary import selectors, services
from tts_engine.dictionary.models import DictionaryVersion
from tts_engine.dictionary.table import read_table
from tts_engine.dictionary.trial import try_text
from tts_engine.errors import (
    DictionaryEntryNotFound,
    DictionaryFull,
    DictionaryTableInvalid,
    DictionaryTableTooLarge,
    DictionaryTextTooLong,
    DictionaryVersionNotFound,
)
from tts_engine.speech.errors import TextError

ROWS = 50  # of entries on a page
VERSIONS = 10  # that can be gone back to

admins_only = for_members_with(Scope.ADMIN)


@admins_only
@require_safe
def page(request: HttpRequest, member: Member) -> HttpResponse:
    """`?q=` searches, `?page=` turns over, `?edit=WORD` fills the form with an entry."""
    return _page(request, member, entry_form=_stored(member, request.GET.get("edit", "")))


@admins_only
@require_POST
def put(request: HttpRequest, member: Member) -> HttpResponse:
    """Add a word, or say it in another way."""
    form = EntryForm(request.POST)
    if not form.is_valid():
        return _page(request, member, entry_form=form, status=400)
    try:
        services.entry_put(tenant_id=member.tenant_id, entry=form.entry, actor=actor_of(request))
    except DictionaryFull:
        form.add_error(None, _("The dictionary is full. Delete entries that are no longer needed."))
        return _page(request, member, entry_form=form, status=409)
    messages.success(request, _("“{word}” is said so from now on.").format(word=form.entry.word))
    return redirect("dictionary")


@admins_only
@require_POST
def delete(request: HttpRequest, member: Member) -> HttpResponse:
    """Take a word out; an earlier version has it still. One that somebody else has just taken out is out."""
    word = request.POST.get("word", "")
    try:
        services.entry_delete(tenant_id=member.tenant_id, word=word, actor=actor_of(request))
    except DictionaryEntryNotFound:
        return redirect("dictionary")
    messages.success(request, _("“{word}” is deleted. An earlier version brings it back.").format(word=word))
    return redirect("dictionary")


@admins_only
@require_POST
def take_in(request: HttpRequest, member: Member) -> HttpResponse:
    """Import a CSV file: all of it, or nothing and what is wrong with each row."""
    form = TableForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, member, table_form=form, status=400)
    try:
        version = services.entries_import(
            tenant_id=member.tenant_id,
            entries=read_table(form.cleaned_data["file"].read()),
            replace=form.cleaned_data["replace"],
            actor=actor_of(request),
        )
    except DictionaryTableInvalid as refusal:
        told = [row_problem(fault) for fault in refusal.faults[: refusal.TOLD]]
        if more := len(refusal.faults) - len(told):
            told.append(_("And {more} more.").format(more=more))
        return _page(request, member, faults=told, status=400)
    except DictionaryTableTooLarge:
        return _page(request, member, faults=[_("The file is too large. Split it.")], status=413)
    except DictionaryFull:
        return _page(request, member, faults=[_("The dictionary would have too many entries.")], status=409)
    messages.success(request, _changed(version))
    return redirect("dictionary")


@admins_only
@require_POST
def restore(request: HttpRequest, member: Member) -> HttpResponse:
    """Go back to an earlier version, as a new one."""
    form = VersionForm(request.POST)
    number = form.cleaned_data["version"] if form.is_valid() else 0  # which no version has
    try:
        version = services.version_restore(tenant_id=member.tenant_id, number=number, actor=actor_of(request))
    except DictionaryVersionNotFound:
        messages.error(request, _("This version is no longer kept."))
    else:
        messages.success(request, _changed(version))
    return redirect("dictionary")


@admins_only
@require_POST
def try_sentence(request: HttpRequest, member: Member) -> HttpResponse:
    """The part of the page that shows how a sentence is read, for the page's script."""
    form = SentenceForm(request.POST)
    tried, problem = None, ""
    if form.is_valid():
        try:
            tried = try_text(member.tenant_id, form.cleaned_data["sentence"])
        except TextError:
            problem = _("There is nothing in this text that can be spoken.")
        except DictionaryTextTooLong:
            problem = _("The dictionary makes this text too long to be spoken.")
    return render(request, "console/dictionary_trial.html", {"tried": tried, "problem": problem})


def _page(
    request: HttpRequest,
    member: Member,
    *,
    entry_form: EntryForm | None = None,
    table_form: TableForm | None = None,
    faults: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    part = request.GET.get("q", "")
    rows = selectors.entries(member.tenant_id)
    shown = {
        "member": member,
        "part": part,
        "rows": Paginator(selectors.containing(rows, part) if part else rows, ROWS).get_page(request.GET.get("page")),
        "versions": selectors.versions(member.tenant_id)[:VERSIONS],
        "entry_form": entry_form or EntryForm(),
        "table_form": table_form or TableForm(),
        "sentence_form": SentenceForm(),
        "faults": faults,
    }
    return render(request, "console/dictionary.html", shown, status=status)


def _stored(member: Member, word: str) -> EntryForm:
    """The form with what is said of the word now; with the word alone where it is new."""
    if not word:
        return EntryForm()
    try:
        entry = selectors.entry(member.tenant_id, word)
    except DictionaryEntryNotFound:
        return EntryForm(initial={"word": word})
    return EntryForm(initial={"word": entry.word, "kind": entry.kind, "value": entry.value})


def _changed(version: DictionaryVersion | None) -> str:
    if version is None:
        return _("Nothing had to be changed.")
    counts: dict[str, Any] = {"added": version.added, "changed": version.changed, "removed": version.removed}
    return _("Added: {added}, changed: {changed}, removed: {removed}.").format(**counts)
