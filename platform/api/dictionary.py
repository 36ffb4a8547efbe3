"""`/v1/dictionary`: how a team wants words to be said."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api.door import Door, StrictSerializer, TextField, actor_of, caller_of
from api.downloads import attachment
from api.pages import Pages
from api.parsers import CSVParser
from api.preview import reading_told
from tts_engine.dictionary import selectors, services
from tts_engine.dictionary.models import DictionaryEntry, DictionaryVersion
from tts_engine.dictionary.table import read_table, write_table
from tts_engine.dictionary.trial import try_text
from tts_engine.speech.text.dictionary import Entry, Kind

VALUES = ", ".join(f"'{kind}'" for kind in Kind)


class DictionaryRow(serializers.Serializer[DictionaryEntry]):
    """An entry: of what may be said of a word one is there, the others are null."""

    object = serializers.CharField(read_only=True, default="dictionary.entry")
    word = serializers.CharField(read_only=True)
    pinyin = serializers.CharField(read_only=True, allow_null=True)
    replacement = serializers.CharField(read_only=True, allow_null=True)
    ssml = serializers.CharField(read_only=True, allow_null=True)
    since = serializers.IntegerField(read_only=True, help_text="the version that made it so")

    def to_representation(self, entry: DictionaryEntry) -> dict[str, Any]:
        return {"object": "dictionary.entry", **_told(entry), "since": entry.since}


class WordSaid(StrictSerializer):
    """How a word is to be said: one of these."""

    pinyin = TextField(required=False, allow_null=True, help_text="a syllable with its tone for each Chinese character")
    replacement = TextField(required=False, allow_null=True, help_text="what is read in its place")
    ssml = TextField(required=False, allow_null=True, help_text="text with phoneme, sub, say-as and break")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = {Kind(name): value for name, value in attrs.items() if value is not None}
        if len(given) != 1:
            raise ValidationError(f"Give exactly one of {VALUES}.", "required")
        return {"kind": next(iter(given)), "value": next(iter(given.values()))}


class Version(serializers.ModelSerializer[DictionaryVersion]):
    object = serializers.CharField(read_only=True, default="dictionary.version")

    class Meta:
        model = DictionaryVersion
        fields = ("object", "number", "created_at", "actor", "action", "added", "changed", "removed", "entries")


class EntryPages(Pages):
    ordering = "-id"
    page_size = 100
    max_page_size = 1000


class VersionPages(Pages):
    ordering = "-number"
    page_size = 20
    max_page_size = 100


class PageQuery(StrictSerializer):
    limit = serializers.IntegerField(min_value=1, max_value=VersionPages.max_page_size, required=False)
    cursor = serializers.CharField(required=False, help_text="`next` of the page before")


class EntriesQuery(PageQuery):
    limit = serializers.IntegerField(min_value=1, max_value=EntryPages.max_page_size, required=False)
    q = TextField(required=False, allow_blank=True, max_length=100, help_text="a part of the word or of what is said")
    version = serializers.IntegerField(min_value=1, required=False, help_text="an earlier one; the newest without")


class ExportQuery(StrictSerializer):
    version = serializers.IntegerField(min_value=1, required=False, help_text="an earlier one; the newest without")


class ImportQuery(StrictSerializer):
    mode = serializers.ChoiceField(
        choices=["merge", "replace"], default="merge", help_text="`replace` removes what is not in the file"
    )


class TestRequest(StrictSerializer):
    input = TextField(max_length=settings.SPEECH_MAX_CHARACTERS)


class DictionaryDoor(Door):
    scope = "admin"
    refusals = (404,)

    @extend_schema(operation_id="list_dictionary", parameters=[EntriesQuery], responses=DictionaryRow(many=True))
    def get(self, request: Request) -> Response:
        """The entries, those that were changed last first."""
        query = _query(EntriesQuery, request)
        tenant_id = caller_of(request).tenant_id
        number = _number(tenant_id, query)
        rows = selectors.entries(tenant_id, number)
        if part := query.get("q"):
            rows = selectors.containing(rows, part)
        answer = EntryPages().answer(rows, request, DictionaryRow)
        answer.data["version"] = number
        return answer


class EntryDoor(Door):
    scope = "admin"
    refusals = (409,)

    @extend_schema(operation_id="get_dictionary_entry", responses=DictionaryRow)
    def get(self, request: Request, word: str) -> Response:
        """How one word is said."""
        return Response(DictionaryRow(selectors.entry(caller_of(request).tenant_id, word)).data)

    @extend_schema(operation_id="put_dictionary_entry", request=WordSaid, responses=DictionaryRow)
    def put(self, request: Request, word: str) -> Response:
        """Have a word said so from now on."""
        asked = WordSaid(data=request.data)
        asked.is_valid(raise_exception=True)
        entry = services.entry_make(word, **asked.validated_data)
        tenant_id = caller_of(request).tenant_id
        services.entry_put(tenant_id=tenant_id, entry=entry, actor=actor_of(request))
        return Response(DictionaryRow(selectors.entry(tenant_id, entry.word)).data)

    @extend_schema(operation_id="delete_dictionary_entry", responses={204: None})
    def delete(self, request: Request, word: str) -> Response:
        """Have a word said as it is without the dictionary."""
        services.entry_delete(tenant_id=caller_of(request).tenant_id, word=word, actor=actor_of(request))
        return Response(status=204)


class ImportDoor(Door):
    scope = "admin"
    refusals = (409,)
    parser_classes = [CSVParser]

    @extend_schema(
        operation_id="import_dictionary",
        parameters=[ImportQuery],
        request={"text/csv": OpenApiTypes.BINARY},
        responses=Version,
    )
    def post(self, request: Request) -> Response:
        """Put all entries of a CSV file at once; one faulty row and none is. Answers the newest version."""
        query = _query(ImportQuery, request)
        tenant_id = caller_of(request).tenant_id
        sent: Any = request.data  # of CSVParser, which no empty body reaches
        services.entries_import(
            tenant_id=tenant_id,
            entries=read_table(sent.get("file", b"")),
            replace=query["mode"] == "replace",
            actor=actor_of(request),
        )
        return _newest(tenant_id)


class ExportDoor(Door):
    scope = "admin"
    refusals = (404,)

    @extend_schema(
        operation_id="export_dictionary", parameters=[ExportQuery], responses={(200, "text/csv"): OpenApiTypes.STR}
    )
    def get(self, request: Request) -> HttpResponse:
        """All entries by word, as a CSV file that `import` takes: UTF-8 with the mark by which Excel knows it."""
        tenant_id = caller_of(request).tenant_id
        number = _number(tenant_id, _query(ExportQuery, request))
        rows = selectors.entries(tenant_id, number).order_by("word")
        table = write_table(Entry(row.word, Kind(row.kind), row.value) for row in rows)
        return HttpResponse(
            table.encode("utf-8-sig"),
            content_type="text/csv; charset=utf-8",
            headers=attachment(f"dictionary-{number}.csv"),
        )


class TestDoor(Door):
    scope = "admin"

    @extend_schema(operation_id="test_dictionary", request=TestRequest, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """How a text is read without the dictionary and with it, and which entries occur; nothing is spoken."""
        asked = TestRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        tried = try_text(caller_of(request).tenant_id, asked.validated_data["input"])
        return Response(
            {
                "object": "dictionary.test",
                "version": tried.version,
                "matches": [{"start": match.start, "end": match.end, **_told(match.entry)} for match in tried.matches],
                "before": reading_told(tried.before),
                "after": reading_told(tried.after),
            }
        )


class VersionsDoor(Door):
    scope = "admin"

    @extend_schema(operation_id="list_dictionary_versions", parameters=[PageQuery], responses=Version(many=True))
    def get(self, request: Request) -> Response:
        """What was changed when and by whom, the newest first."""
        _query(PageQuery, request)
        return VersionPages().answer(selectors.versions(caller_of(request).tenant_id), request, Version)


class RestoreDoor(Door):
    scope = "admin"
    refusals = (409,)

    @extend_schema(operation_id="restore_dictionary_version", request=None, responses=Version)
    def post(self, request: Request, number: int) -> Response:
        """Make the dictionary what it was in that version. Answers the newest version."""
        tenant_id = caller_of(request).tenant_id
        services.version_restore(tenant_id=tenant_id, number=number, actor=actor_of(request))
        return _newest(tenant_id)


def _query(kind: type[StrictSerializer], request: Request) -> dict[str, Any]:
    query = kind(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    asked: dict[str, Any] = query.validated_data
    return asked


def _number(tenant_id: UUID, query: dict[str, Any]) -> int:
    """Of the version that is asked for, which is there. Raises DictionaryVersionNotFound."""
    if "version" in query:
        return selectors.version(tenant_id, query["version"]).number
    return selectors.current_number(tenant_id)


def _newest(tenant_id: UUID) -> Response:
    return Response(Version(selectors.versions(tenant_id).first()).data)


def _told(entry: Entry | DictionaryEntry) -> dict[str, str | None]:
    return {"word": entry.word, **{kind.value: entry.value if kind == entry.kind else None for kind in Kind}}
