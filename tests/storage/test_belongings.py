"""All that a tenant has can be taken along, and can be deleted with proof that nothing is left."""

import csv
import io
import json
import zipfile
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.conf import settings as running
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import AuditEvent, Member, Scope, Tenant, User
from accounts.services import api_key_create, member_add, user_create
from billing.errors import OpenRequests
from billing.models import ClosedMonth, LedgerEntry
from billing.reconciliation import reconcile
from tests.factories import make_done, make_queued, make_tenant, make_timeline
from tts_engine import queue, relay, store
from tts_engine.belongings.deletion import is_signed, tenant_delete
from tts_engine.belongings.export import SECRET_FIELDS, export
from tts_engine.belongings.tables import tables
from tts_engine.dictionary.services import entry_make, entry_put
from tts_engine.models import Synthesis
from tts_engine.speech.text.dictionary import Kind
from webhooks.models import Endpoint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("on_disk", "no_wake_ups")]

TONE = np.full(480, 0.25, np.float32)
TEXT = "你好。"
PASSWORD = "a-long-enough-password"


def furnish(tenant: Tenant) -> Synthesis:
    """A bit of all that a tenant can have."""
    api_key_create(tenant=tenant, scopes=list(Scope.values))
    entry_put(tenant_id=tenant.id, entry=entry_make("声坊", Kind.PINYIN, "sheng1 fang1"), actor="operator")
    Endpoint.objects.create(tenant=tenant, url="https://example.org/", secret="whsec_very_secret")
    spoken = make_done(tenant, TONE, text=TEXT, timeline=make_timeline(TEXT))
    sentence = running.SENTENCES_ROOT / str(tenant.id) / "xiaoxiao" / "ab" / "abc"
    sentence.parent.mkdir(parents=True)
    sentence.write_bytes(b"a sentence")
    relay.send(spoken.id, b"a piece", attempt=1, offset=0)
    relay.writer().hset(f"rate:{tenant.id}", "now", 1)
    return spoken


def make_person(tenant: Tenant, name: str) -> User:
    user = user_create(username=f"{name}-{uuid4().hex[:6]}", password=PASSWORD)
    member_add(tenant=tenant, user=user, role="owner")
    return user


def sign_in(user: User) -> str:
    """The key of the session."""
    client = Client()
    client.force_login(user)
    return str(client.session.session_key)


def unzipped(tenant: Tenant) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(export(tenant))))


def lines(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(name).decode().splitlines()]


@pytest.mark.usefixtures("anywhere")
def test_all_that_a_tenant_has_is_in_its_export_and_nothing_of_another(tenant: Tenant) -> None:
    spoken, other = furnish(tenant), furnish(make_tenant())
    person = make_person(tenant, "alice")
    with unzipped(tenant) as archive:
        assert archive.testzip() is None
        everything = b"".join(archive.read(name) for name in archive.namelist())
        (row,) = lines(archive, "rows/tts_engine.synthesis-0001.jsonl")
        assert (row["id"], row["text"], row["tenant_id"]) == (str(spoken.id), TEXT, str(tenant.id))
        assert row["answer_sha256"] == bytes(spoken.answer_sha256 or b"").hex()
        assert archive.read(f"audio/{spoken.id}.wav") == store.answer_file(spoken).read_bytes()
        assert "你好" in archive.read(f"audio/{spoken.id}.srt").decode()
        (entry,) = csv.DictReader(io.StringIO(archive.read("dictionary.csv").decode()))
        assert entry["word"] == "声坊"
        (month,) = [name for name in archive.namelist() if name.startswith("statements/")]
        assert json.loads(archive.read(month))["total"]["billed_characters"] == len(TEXT)
        assert [line["username"] for line in lines(archive, "people.jsonl")] == [person.username]
        counts = json.loads(archive.read("manifest.json"))["counts"]
    assert {table.name for table in tables()} <= set(counts)
    assert (counts["billing.ledgerentry"], counts["audio"]) == (2, 1)
    assert str(other.id).encode() not in everything
    assert str(other.tenant_id).encode() not in everything


def test_no_export_is_a_key(tenant: Tenant) -> None:
    """Neither what signs nor what is compared with a key's digest is in it."""
    furnish(tenant)
    with unzipped(tenant) as archive:
        for name in archive.namelist():
            assert b"whsec_" not in archive.read(name)
        (key,) = lines(archive, "rows/accounts.apikey-0001.jsonl")
    assert "last4" in key
    assert not SECRET_FIELDS & set(key)
    suspicious = {
        field.name
        for table in tables()
        for field in table.model._meta.concrete_fields
        if any(word in field.name for word in ("secret", "digest", "password", "token"))
    }
    assert suspicious - SECRET_FIELDS == {"previous_secret_until"}


@pytest.mark.usefixtures("anywhere")
def test_a_deleted_tenant_is_nowhere_and_the_report_proves_it(tenant: Tenant) -> None:
    """Rows of every table, audio, sentences, names in Valkey, people and their sessions; the others keep all theirs."""
    spoken, others = furnish(tenant), furnish(other := make_tenant())
    only_here, in_both = make_person(tenant, "only-here"), make_person(tenant, "in-both")
    member_add(tenant=other, user=in_both, role="member")
    User.objects.filter(id=in_both.id).update(team=tenant)
    gone, stays = sign_in(only_here), sign_in(in_both)
    report = tenant_delete(tenant)
    before, after = report.content["before"], report.content["after"]
    for what in ("tts_engine.synthesis", "billing.ledgerentry", "accounts.auditevent", "accounts.apikey", "people",
                 "sessions", "files of audio", "bytes of audio", "sentences", "webhooks.endpoint"):  # fmt: skip
        assert before[what] > 0, what
    assert before["names in Valkey"] == 2
    assert set(after.values()) == {0}
    assert set(before) < set(after)
    assert report.left == 0
    assert is_signed(report.content, report.signature)
    assert not is_signed(report.content | {"actor": "somebody"}, report.signature)

    assert not relay.writer().exists(f"speech:{spoken.id}", f"rate:{tenant.id}")
    assert relay.writer().exists(f"speech:{others.id}", f"rate:{other.id}") == 2
    assert store.is_kept(others)
    assert Synthesis.objects.get().id == others.id
    assert set(Session.objects.values_list("session_key", flat=True)) == {stays}
    assert SessionStore(gone).load() == {}
    assert User.objects.get(memberships__tenant=other).team is None
    assert reconcile() == []
    event = AuditEvent.objects.get(action="tenant.delete")
    assert (event.tenant, event.details["report_sha256"], event.details["left"]) == (None, report.sha256, 0)
    relay.writer().delete(f"speech:{others.id}", f"rate:{other.id}")


def test_the_books_keep_the_sums_of_months_without_a_name(tenant: Tenant) -> None:
    """As many characters as the ledger had settled; they cannot be changed."""
    furnish(tenant)
    make_done(tenant, TONE, text="再见，朋友。")
    report = tenant_delete(tenant)
    (month,) = ClosedMonth.objects.all()
    assert (str(month.books), month.requests) == (report.content["kept"]["books"], 2)
    assert month.billed_characters == len(TEXT) + len("再见，朋友。")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        ClosedMonth.objects.update(billed_characters=0)


def test_a_tenant_with_open_requests_is_left_as_it_is(tenant: Tenant) -> None:
    """Nothing is suspended, revoked or deleted."""
    key, _ = api_key_create(tenant=tenant, scopes=list(Scope.values))
    row = make_queued(tenant)
    with pytest.raises(OpenRequests, match="1 requests"):
        tenant_delete(tenant)
    tenant.refresh_from_db()
    key.refresh_from_db()
    assert (tenant.closed_at, key.revoked_at) == (None, None)
    assert queue.cancel(row)
    assert tenant_delete(tenant).left == 0


@pytest.mark.parametrize("table", ["billing_ledgerentry", "accounts_auditevent"])
def test_books_and_trail_of_a_tenant_that_is_not_closed_cannot_be_deleted(tenant: Tenant, table: str) -> None:
    make_done(tenant, TONE)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")  # noqa: S608
    assert LedgerEntry.objects.count() == 2


def test_the_command_wants_its_name_and_prints_a_proof_that_can_be_checked(
    tenant: Tenant, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_done(tenant, TONE)
    monkeypatch.setattr("builtins.input", lambda question: "another")
    with pytest.raises(CommandError, match="nothing was deleted"):
        call_command("tenant", "delete", tenant.name)
    assert Member.objects.filter(tenant=tenant).count() == 0
    archive = tmp_path / "all.zip"
    call_command("tenant", "export", tenant.name, str(archive), stdout=io.StringIO())
    assert zipfile.is_zipfile(archive)
    out = io.StringIO()
    call_command("tenant", "delete", tenant.name, "--confirm", tenant.name, "--json", stdout=out)
    proof = tmp_path / "proof.json"
    proof.write_text(out.getvalue())
    call_command("tenant", "proof", str(proof), stdout=io.StringIO())
    proof.write_text(out.getvalue().replace(tenant.name, "another"))
    with pytest.raises(CommandError, match="not signed"):
        call_command("tenant", "proof", str(proof))
