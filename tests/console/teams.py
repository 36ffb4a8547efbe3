"""A team that has so many of everything a team can have, and what an address's arguments stand for in it.

Whoever adds a kind of thing that belongs to a team adds its maker to `MAKERS`; whoever adds an address with
an argument of a new name says in `ARGUMENTS` what it stands for. Tests that walk all addresses ask for both.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from accounts.invitations import invite
from accounts.models import Invitation, Member, Scope, Tenant
from accounts.services import api_key_create, member_add, user_create
from billing.limits.services import key_limit_set, quota_raise
from billing.models import Plan
from tests.console.addresses import Address
from tests.factories import A_MOMENT, ORDER, make_done, make_plan, make_tenant, make_timeline, speak_queued
from tts_engine.delivery.models import Destination, DestinationKind, FileAttempt, FileDelivery
from tts_engine.delivery.services import destination_create
from tts_engine.dictionary.models import DictionaryVersion
from tts_engine.dictionary.services import entry_make, entry_put
from tts_engine.jobs.drafts import Row, job_create
from tts_engine.jobs.models import Job, JobKind
from tts_engine.jobs.services import job_start
from tts_engine.models import Synthesis
from tts_engine.services import Caller
from tts_engine.speech.text.dictionary import Kind
from webhooks import services as webhooks
from webhooks.events import Event
from webhooks.models import Attempt, Delivery, Endpoint

HERE = "http://127.0.0.1:9/"  # the discard port: nobody listens, and nothing is sent in these tests
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Team:
    """A tenant, the operator who owns it, and the text of a key that may do everything."""

    tenant: Tenant
    owner: Member
    key: str

    def member(self) -> Client:
        """The owner's browser, signed in."""
        client = Client(headers={"accept-language": "en"})
        client.force_login(self.owner.user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    def program(self) -> Client:
        """Whoever has the key."""
        return Client(headers={"authorization": f"Bearer {self.key}"})

    def fill(self, rows: int) -> None:
        """So many more of everything."""
        for _ in range(rows):
            for make in MAKERS:
                make(self)

    @property
    def caller(self) -> Caller:
        return Caller(tenant_id=self.tenant.id, member_id=self.owner.id)


def make_team(*, operator: bool = False) -> Team:
    tenant = make_tenant(plan=make_plan(characters=10_000_000))
    user = user_create(username=f"owner-{tenant.name}", password="a long word to guess", operator=operator)
    _, key = api_key_create(tenant=tenant, scopes=Scope.values)
    return Team(tenant, member_add(tenant=tenant, user=user, role="owner"), key)


# --- What a team can have -------------------------------------------------------------------------


def _member(team: Team) -> None:
    user = user_create(
        username=f"person-{next(_numbers)}", password="a long word to guess", email="someone@example.org"
    )
    member_add(tenant=team.tenant, user=user, role="viewer")


def _invitation(team: Team) -> None:
    invite(by=team.owner, role="viewer", days=min(settings.INVITATION_DAYS))


def _session(team: Team) -> None:
    """Of its owner, in another browser."""
    UserSession.objects.create(user=team.owner.user, session_key=f"session-{next(_numbers)}", ip="127.0.0.1")


def _key(team: Team) -> None:
    key, _ = api_key_create(tenant=team.tenant, name=f"program {next(_numbers)}")
    key_limit_set(key_id=key.id, limits={"requests_per_minute": 60})


def _synthesis(team: Team) -> None:
    """The team's first has a timeline; every other is its member's, or a program's."""
    own = Synthesis.objects.filter(tenant=team.tenant, job=None)
    made: dict[str, Any] = {"member": team.owner} if own.count() % 2 == 0 else {"api_key": team.tenant.api_keys.first()}
    text = "明天下午三点在会议室见。"
    make_done(team.tenant, A_MOMENT, timeline=None if own.exists() else make_timeline(text), text=text, **made)


def _job(team: Team) -> None:
    """Spoken to its end, its files on their way."""
    destination = Destination.objects.filter(tenant=team.tenant).first()
    rows = [Row("你好。", file_name="a")]
    job = job_create(caller=team.caller, name="", kind=JobKind.TABLE, order=ORDER, rows=rows, destination=destination)
    job_start(job)
    speak_queued()
    delivery = FileDelivery.objects.get(job=job)
    FileAttempt.objects.create(delivery=delivery, number=1, at=timezone.now(), duration_ms=5, error="refused")


def _destination(team: Team) -> None:
    destination_create(
        tenant_id=team.tenant.id, kind=DestinationKind.HTTP, url=f"{HERE}{next(_numbers)}/", actor="operator"
    )


def _entry(team: Team) -> None:
    entry = entry_make(f"词{next(_numbers)}", Kind.REPLACEMENT, "别的字")
    entry_put(tenant_id=team.tenant.id, entry=entry, actor="operator")


def _endpoint(team: Team) -> None:
    """The first is told of everything, the others of what does not happen here."""
    events = [Event.JOB_DELIVERED] if Endpoint.objects.filter(tenant=team.tenant).exists() else []
    webhooks.endpoint_create(tenant_id=team.tenant.id, url=f"{HERE}{next(_numbers)}", events=events, actor="operator")


def _message(team: Team) -> None:
    with transaction.atomic():
        message = webhooks.emit(team.tenant.id, Event.QUOTA_ALERT, {"percent": 80})
    delivery = Delivery.objects.get(message=message)
    Attempt.objects.create(delivery=delivery, number=1, at=timezone.now(), duration_ms=5, error="refused")


def _raise(team: Team) -> None:
    quota_raise(tenant=team.tenant, characters=1000, until=timezone.now() + timedelta(days=30))


def _neighbour(_: Team) -> None:
    """Operators see every team."""
    make_tenant(plan=Plan.objects.first())


MAKERS: tuple[Callable[[Team], None], ...] = (
    _member,
    _invitation,
    _session,
    _key,
    _entry,
    _endpoint,
    _message,
    _destination,
    _job,
    _synthesis,
    _raise,
    _neighbour,
)

# --- What an argument stands for ------------------------------------------------------------------

Stands = Callable[[Team, Address], object]


# What belongs to a team or to one of its people: for others it is not there, whoever asks how.
OBJECTS: dict[str, Stands] = {
    "synthesis_id": lambda team, _: Synthesis.objects.filter(tenant=team.tenant, job=None).earliest("created_at").id,
    "invitation_id": lambda team, _: Invitation.objects.filter(tenant=team.tenant).earliest("created_at").id,
    "job_id": lambda team, _: Job.objects.filter(tenant=team.tenant).earliest("created_at").id,
    "webhook_id": lambda team, _: Endpoint.objects.filter(tenant=team.tenant).earliest("created_at").id,
    "destination_id": lambda team, _: Destination.objects.filter(tenant=team.tenant).earliest("created_at").id,
    "delivery_id": lambda team, address: _deliveries(address, team).earliest("id").pk,
    "key_id": lambda team, _: team.tenant.api_keys.earliest("created_at").id,
    "member_id": lambda team, _: team.tenant.members.latest("id").pk,
    "session_id": lambda team, _: UserSession.objects.filter(user=team.owner.user).earliest("id").pk,
    "number": lambda team, _: DictionaryVersion.objects.filter(tenant=team.tenant).latest("number").number,
}

# What is the same for everybody, or for operators alone.
PLAIN: dict[str, Stands] = {
    "app_label": lambda *_: "billing",  # of the operators' tables, as the next three
    "content_type_id": lambda *_: 1,
    "object_id": lambda *_: 0,
    "url": lambda *_: "none",
    "key": lambda *_: "none",  # of a letter
    "month": lambda *_: "2026-01",
    "name": lambda team, address: _named(address, team),
    "pk": lambda *_: 0,  # of a security key, which are allauth's own affair
    "provider_id": lambda *_: "sso",
    "subtitle_format": lambda *_: "srt",
    "uidb36": lambda *_: "1",
    "word": lambda *_: "词",  # of the dictionary of whoever asks
}


def _named(address: Address, team: Team) -> str:
    if address.form.startswith("/operators/teams/"):
        return team.tenant.name
    if address.form.startswith("/operators/plans/"):
        return Plan.objects.earliest("id").name
    return "tts-1"  # a model


def _deliveries(address: Address, team: Team) -> QuerySet[Any]:
    if "webhook_id" in address.names:
        return Delivery.objects.filter(endpoint__tenant=team.tenant)
    return FileDelivery.objects.filter(destination__tenant=team.tenant)


def objects_of(address: Address) -> tuple[str, ...]:
    """The names of its arguments that stand for what belongs to a team."""
    unknown = set(address.names) - OBJECTS.keys() - PLAIN.keys()
    assert not unknown, f"{address}: say in tests/console/teams.py what {', '.join(sorted(unknown))} stands for."
    return tuple(name for name in address.names if name in OBJECTS)


def filled(address: Address, team: Team, **others: Team) -> str:
    """The address with the team's own, and those of other teams for the arguments that are named."""
    objects = {name: OBJECTS[name](others.get(name, team), address) for name in objects_of(address)}
    plain = {name: PLAIN[name](team, address) for name in address.names if name not in objects}
    return address.filled(**plain, **objects)
