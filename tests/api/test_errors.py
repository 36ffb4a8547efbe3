"""Every error of every room has a code of its own and a status that somebody chose."""

import errno
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError
from redis.exceptions import ConnectionError
from rest_framework import exceptions

from accounts import errors as accounts
from api import errors as api
from api.errors import OUR_MISTAKES, problem_of
from billing import errors as billing
from tts_engine import errors as engine
from tts_engine.manuscripts import errors as manuscripts
from tts_engine.speech import errors as speech
from webhooks import errors as webhooks

TREES = (accounts, webhooks, billing, engine, manuscripts, speech, api)

# What clients may rely on: code and status of each error that can reach them.
CONTRACT: dict[type[Exception], tuple[str, int]] = {
    accounts.InvalidApiKey: ("invalid_api_key", 401),
    accounts.ApiKeyRevoked: ("invalid_api_key", 401),
    accounts.ApiKeyExpired: ("invalid_api_key", 401),
    accounts.InsufficientScope: ("insufficient_scope", 403),
    accounts.VisitReadsOnly: ("visit_reads_only", 403),
    accounts.Unknown: ("not_found", 404),
    accounts.UnknownTenant: ("tenant_not_found", 404),
    accounts.UnknownUser: ("user_not_found", 404),
    accounts.UnknownApiKey: ("api_key_not_found", 404),
    accounts.UnknownMember: ("member_not_found", 404),
    accounts.UnknownInvitation: ("invitation_not_found", 404),
    accounts.RoleNotAllowed: ("role_not_allowed", 403),
    accounts.Conflict: ("conflict", 409),
    accounts.ApiKeyEnded: ("api_key_ended", 409),
    accounts.TooManyApiKeys: ("api_key_limit_reached", 409),
    accounts.LastOwner: ("last_owner", 409),
    accounts.TooManyInvitations: ("invitation_limit_reached", 409),
    accounts.InvitationOver: ("invitation_over", 410),
    accounts.Exists: ("already_exists", 409),
    accounts.TenantExists: ("tenant_exists", 409),
    accounts.UserExists: ("user_exists", 409),
    accounts.MemberExists: ("member_exists", 409),
    accounts.Unacceptable: ("unacceptable_value", 400),
    accounts.UnacceptableName: ("unacceptable_name", 400),
    accounts.UnacceptableReason: ("unacceptable_reason", 400),
    accounts.UnacceptableUser: ("unacceptable_user", 400),
    accounts.UnknownTimeZone: ("unknown_time_zone", 400),
    accounts.UnknownRole: ("unknown_role", 400),
    accounts.UnknownScope: ("unknown_scope", 400),
    accounts.UnacceptableExpiry: ("unacceptable_expiry", 400),
    accounts.UnacceptableGrace: ("unacceptable_grace", 400),
    accounts.UnacceptablePassword: ("unacceptable_password", 400),
    webhooks.AddressError: ("address_unacceptable", 400),
    webhooks.UnacceptableUrl: ("address_unacceptable", 400),
    webhooks.AddressNotFound: ("address_not_found", 400),
    webhooks.AddressRefused: ("address_refused", 400),
    webhooks.Unreachable: ("address_unreachable", 502),
    webhooks.UnknownEvent: ("unknown_event", 400),
    webhooks.TooManyEndpoints: ("webhook_limit_reached", 409),
    webhooks.EndpointDisabled: ("webhook_disabled", 409),
    webhooks.EndpointNotFound: ("webhook_not_found", 404),
    webhooks.DeliveryNotFound: ("delivery_not_found", 404),
    engine.DestinationInvalid: ("destination_invalid", 400),
    engine.TooManyDestinations: ("destination_limit_reached", 409),
    engine.DestinationDisabled: ("destination_disabled", 409),
    engine.DestinationInUse: ("destination_in_use", 409),
    engine.DestinationNotFound: ("destination_not_found", 404),
    engine.FileDeliveryNotFound: ("file_delivery_not_found", 404),
    billing.QuotaExceeded: ("insufficient_quota", 429),
    billing.KeyQuotaExceeded: ("insufficient_quota", 429),
    billing.RateExceeded: ("rate_limit_exceeded", 429),
    billing.ConcurrencyExceeded: ("concurrency_limit_exceeded", 429),
    engine.JobHasNoAudio: ("job_audio_not_ready", 409),
    engine.ResultTooLarge: ("result_too_large", 400),
    manuscripts.UnknownKind: ("file_kind_unknown", 415),
    manuscripts.TooLarge: ("file_too_large", 413),
    manuscripts.UnknownEncoding: ("file_encoding_unknown", 400),
    manuscripts.Damaged: ("file_damaged", 400),
    manuscripts.Hostile: ("file_hostile", 400),
    manuscripts.NothingToRead: ("file_empty", 400),
    manuscripts.TemplateInvalid: ("template_invalid", 400),
    manuscripts.RowsInvalid: ("rows_invalid", 400),
    billing.TextTooLong: ("string_above_max_length", 400),
    billing.TenantSuspended: ("tenant_suspended", 403),
    billing.PlanExists: ("plan_exists", 409),
    billing.UnacceptableLimit: ("unacceptable_limit", 400),
    billing.UnacceptableAddress: ("unacceptable_address", 400),
    billing.UnknownPlan: ("plan_not_found", 400),
    billing.OpenRequests: ("open_requests", 409),
    billing.UnknownAccount: ("account_not_found", 403),
    billing.AccountExists: ("account_exists", 409),
    engine.SynthesisNotFound: ("synthesis_not_found", 404),
    engine.AudioNotReady: ("audio_not_ready", 409),
    engine.StorageUnavailable: ("storage_unavailable", 503),
    engine.SynthesisFailed: ("synthesis_failed", 500),
    engine.SynthesisCancelled: ("synthesis_cancelled", 409),
    engine.TextQuarantined: ("text_quarantined", 422),
    engine.StorageFull: ("storage_full", 507),
    engine.DeadlinePassed: ("deadline_exceeded", 504),
    engine.Overloaded: ("server_is_overloaded", 503),
    engine.KeyInUse: ("idempotency_key_in_use", 409),
    engine.KeyReused: ("idempotency_key_reused", 422),
    engine.AnswerGone: ("idempotent_answer_gone", 410),
    engine.DictionaryEntryNotFound: ("dictionary_entry_not_found", 404),
    engine.DictionaryVersionNotFound: ("dictionary_version_not_found", 404),
    engine.DictionaryFull: ("dictionary_full", 409),
    engine.DictionaryTableInvalid: ("dictionary_table_invalid", 400),
    engine.DictionaryTableTooLarge: ("dictionary_table_too_large", 413),
    engine.DictionaryTextTooLong: ("dictionary_text_too_long", 400),
    engine.TimesNotKept: ("times_not_kept", 409),
    engine.JobNotFound: ("job_not_found", 404),
    engine.JobRowInvalid: ("empty_string", 400),
    engine.JobTooLarge: ("job_too_large", 400),
    engine.JobTooSmall: ("job_too_small", 400),
    engine.JobStateConflict: ("job_state_conflict", 409),
    engine.WarmListInvalid: ("warm_list_invalid", 400),
    engine.UnacceptableRetention: ("unacceptable_retention", 400),
    engine.LabelNotAllowed: ("label_not_allowed", 403),
    engine.SpeechTimeout: ("server_is_overloaded", 503),
    speech.TextError: ("text_unspeakable", 400),
    speech.EmptyText: ("text_empty", 400),
    speech.ControlCharacter: ("text_control_character", 400),
    speech.NothingToSay: ("text_unspeakable", 400),
    speech.ScriptError: ("markup_invalid", 400),
    speech.UnknownUnit: ("text_unit_unknown", 400),
    speech.EntryError: ("dictionary_entry_invalid", 400),
    speech.StyleError: ("unsupported_by_voice", 400),
    speech.UnknownVoice: ("voice_not_found", 400),
    speech.UnknownFormat: ("format_not_supported", 400),
    speech.AudioError: ("unsupported_value", 400),
    speech.VoiceUnavailable: ("voice_unavailable", 503),
    billing.PriceBookInvalid: ("price_book_invalid", 400),
    billing.PriceBookChanged: ("price_book_changed", 409),
    billing.NoPriceBook: ("no_price_book", 400),
    billing.CostInvalid: ("cost_invalid", 400),
    api.UnknownModel: ("model_not_found", 404),
}

# The errors that need more than a message.
MADE: dict[type[Exception], Exception] = {
    accounts.UnacceptableUser: accounts.UnacceptableUser("why", param="email"),
    **{
        kind: kind(asked=3, limit=2, used=1, reserved=1, resets_at=datetime(2026, 12, 1, tzinfo=UTC))
        for kind in (billing.QuotaExceeded, billing.KeyQuotaExceeded)
    },
    **{
        kind: kind("why", retry_after=1)
        for kind in (billing.RateExceeded, billing.ConcurrencyExceeded, engine.Overloaded, engine.SpeechTimeout)
    },
    billing.UnacceptableLimit: billing.UnacceptableLimit("why", param="weight"),
    billing.PriceBookInvalid: billing.PriceBookInvalid("prices.a.unit", "why"),
    billing.PriceBookChanged: billing.PriceBookChanged("why", "prices.a.unit"),
    billing.CostInvalid: billing.CostInvalid("server", "why"),
    engine.SynthesisFailed: engine.SynthesisFailed("why", code="synthesis_failed"),
    engine.DictionaryTableInvalid: engine.DictionaryTableInvalid(
        [engine.Fault(2, speech.EntryError("why", param="word", reason="empty"))]
    ),
    speech.EntryError: speech.EntryError("why", param="word", reason="empty"),
    engine.DestinationInvalid: engine.DestinationInvalid("why", param="bucket"),
    manuscripts.RowsInvalid: manuscripts.RowsInvalid([manuscripts.Fault(2, "name", "why")]),
    engine.JobRowInvalid: engine.JobRowInvalid(1, "why", code="empty_string", member="text"),
    speech.StyleError: speech.StyleError("why", param="emotion"),
    speech.AudioError: speech.AudioError("why", param="volume"),
    speech.UnknownUnit: speech.UnknownUnit(["why"]),
}


def made(kind: type[Exception]) -> Exception:
    return MADE.get(kind) or kind("why")


def errors_of(tree: ModuleType) -> Iterator[type[Exception]]:
    """The classes that the module itself defines, but for its root, which nobody raises."""
    for found in vars(tree).values():
        own = isinstance(found, type) and issubclass(found, Exception) and found.__module__ == tree.__name__
        if own and found.__base__ is not Exception:
            yield found


ALL = [kind for tree in TREES for kind in errors_of(tree)]


def test_the_contract_names_every_error() -> None:
    """A new error fails here until somebody has chosen its code and its status."""
    assert set(CONTRACT) | set(OUR_MISTAKES) == set(ALL)
    assert not set(CONTRACT) & set(OUR_MISTAKES)


# Operators' commands meet these, and the log of deliveries tells them.
NO_DOOR_TELLS = {engine.WarmListInvalid, speech.UnknownFormat, webhooks.Unreachable}


def test_the_guide_lists_them_by_status() -> None:
    """docs/api.md has every code that a door tells, beside its status, and its table goes up by status."""
    guide = Path(settings.BASE_DIR, "docs", "api.md").read_text()
    rows = re.findall(r"^\| (\d{3}) \| (.*?) \|", guide, re.MULTILINE)
    listed = {(code, int(status)) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)}
    told = {kind for tree in (webhooks, engine, manuscripts, speech) for kind in errors_of(tree)} - NO_DOOR_TELLS
    assert {CONTRACT[kind] for kind in told} <= listed
    assert [status for status, _ in rows] == sorted(status for status, _ in rows)


@pytest.mark.parametrize("kind", CONTRACT, ids=lambda kind: kind.__name__)
def test_code_and_status(kind: type[Exception]) -> None:
    """What a caller is told is the code and the status of the contract, and why."""
    problem = problem_of(made(kind))
    assert (problem.code, problem.status) == CONTRACT[kind]
    assert "why" in problem.message or issubclass(kind, billing.QuotaExceeded)


@pytest.mark.parametrize("kind", OUR_MISTAKES, ids=lambda kind: kind.__name__)
def test_a_mistake_of_ours_tells_nothing(kind: type[Exception]) -> None:
    """No request can cause it, so its message is for the log alone."""
    problem = problem_of(kind("a secret of the house"))
    assert (problem.code, problem.status) == ("internal_error", 500)
    assert "secret" not in problem.message


def test_a_code_means_one_thing() -> None:
    """Errors share a code only where one of them is the kind that all the others are."""
    for code in {code for code, _ in CONTRACT.values()}:
        kinds = [kind for kind, (own, _) in CONTRACT.items() if own == code]
        assert any(all(issubclass(kind, parent) for kind in kinds) for parent in kinds), code


def test_a_refused_text_is_the_caller_s_fault() -> None:
    """The worker found that the text cannot be spoken: 400 with its member, not 500."""
    problem = problem_of(engine.SynthesisFailed("why", code="text_unspeakable", param="input", refused=True))
    assert (problem.status, problem.param) == (400, "input")


@pytest.mark.parametrize(
    ("code", "status"), [("voice_unavailable", 503), ("storage_full", 507), ("text_quarantined", 422)]
)
def test_why_a_worker_gave_up_decides_the_status(code: str, status: int) -> None:
    """What is the platform's fault is no 400, and says when to come back; what repeating makes worse is no 5xx."""
    problem = problem_of(engine.SynthesisFailed("why", code=code))
    assert (problem.code, problem.status) == (code, status)
    assert ("retry-after" in problem.headers) == (status >= 500)


@pytest.mark.parametrize("outage", [OperationalError, InterfaceError, ConnectionError])
def test_an_outage_is_soon_over(outage: type[Exception]) -> None:
    """Database or broker is away: 503, worth trying again, and not a word of where they are."""
    problem = problem_of(outage("connection to socket /run/house failed"))
    assert (problem.status, problem.code) == (503, "temporarily_unavailable")
    assert int(problem.headers["retry-after"]) > 0
    assert "house" not in problem.message


def test_a_full_disk_at_any_door() -> None:
    """Whatever a door wanted to write; other errors of files are mistakes of ours."""
    problem = problem_of(OSError(errno.ENOSPC, "No space left on device", "/house/secret"))
    assert (problem.status, problem.code) == (507, "storage_full")
    assert "secret" not in problem.message
    assert problem_of(OSError(errno.EACCES, "Permission denied")).status == 500


def test_a_used_up_quota_is_not_to_be_repeated() -> None:
    """Clients repeat a 429 by themselves, unless they are told not to."""
    problem = problem_of(made(billing.QuotaExceeded))
    assert problem.headers["x-should-retry"] == "false"
    assert problem.as_openai()["error"]["type"] == "insufficient_quota"


def test_a_rate_limit_says_when_to_come_back() -> None:
    """In whole seconds, never too early."""
    problem = problem_of(exceptions.Throttled(wait=1.2))
    assert (problem.status, problem.code) == (429, "rate_limit_exceeded")
    assert problem.headers == {"retry-after": "2"}


def test_both_envelopes_have_all_their_members() -> None:
    """OpenAI's four, and RFC 9457's with ours."""
    problem = problem_of(speech.UnknownVoice("There is no voice x."))
    assert problem.as_openai() == {
        "error": {
            "message": "There is no voice x.",
            "type": "invalid_request_error",
            "param": "voice",
            "code": "voice_not_found",
        }
    }
    assert problem.as_problem_json("7") == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "There is no voice x.",
        "code": "voice_not_found",
        "param": "voice",
        "request_id": "7",
    }


def test_what_clients_do_about_a_429() -> None:
    """A used-up quota is not worth repeating; a rate or a full house is, after a while that is named."""
    quota = problem_of(made(billing.KeyQuotaExceeded))
    assert (quota.headers, quota.as_openai()["error"]["type"]) == ({"x-should-retry": "false"}, "insufficient_quota")
    crowd = problem_of(made(billing.ConcurrencyExceeded))
    assert (crowd.headers, crowd.as_openai()["error"]["type"]) == ({"retry-after": "1"}, "rate_limit_error")
