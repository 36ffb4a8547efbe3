"""What may be read. Whatever belongs to a tenant is read through the tenant: there is no other way in."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.errors import UnknownApiKey, UnknownInvitation, UnknownMember, UnknownTenant, UnknownUser
from accounts.models import ApiKey, AuditEvent, Invitation, Member, Tenant, User


def tenant_by_name(name: str) -> Tenant:
    tenant = Tenant.objects.filter(name=name).first()
    if tenant is None:
        raise UnknownTenant(f"There is no tenant named {name}.")
    return tenant


def user_by_name(name: str) -> User:
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise UnknownUser(f"There is no person with the user name {name}.")
    return user


def tenants() -> QuerySet[Tenant]:
    """Every tenant by name, for operators only."""
    return Tenant.objects.order_by("name")


def memberships(user: User) -> QuerySet[Member]:
    """The tenants a person belongs to, by name, each with the role there."""
    return Member.objects.filter(user=user).select_related("tenant").order_by("tenant__name")


def membership_of(user: User) -> Member | None:
    """The team a person works for at the console: that they chose, else the first by name. None without a team."""
    chosen = Case(When(tenant_id=user.team_id, then=0), default=1)
    return memberships(user).order_by(chosen, "tenant__name").first()


def members(tenant: Tenant) -> QuerySet[Member]:
    """By name; `second_factor` tells whether they sign in with more than a password."""
    factors = Authenticator.objects.filter(user=OuterRef("user")).exclude(type=Authenticator.Type.RECOVERY_CODES)
    found = Member.objects.filter(tenant=tenant).select_related("user").order_by("user__username")
    return found.annotate(second_factor=Exists(factors))


def member(tenant: Tenant, member_id: int) -> Member:
    found = members(tenant).filter(id=member_id).first()
    if found is None:
        raise UnknownMember(f"There is no member {member_id}.")
    return found


def invitations(tenant: Tenant) -> QuerySet[Invitation]:
    """Newest first, used and revoked ones too."""
    return Invitation.objects.filter(tenant=tenant).order_by("-created_at", "-id")


def open_invitations(tenant: Tenant) -> QuerySet[Invitation]:
    """Those that can still be accepted."""
    return invitations(tenant).filter(accepted_at=None, revoked_at=None, expires_at__gt=Now())


def invitation(tenant: Tenant, invitation_id: UUID) -> Invitation:
    found = invitations(tenant).filter(id=invitation_id).first()
    if found is None:
        raise UnknownInvitation(f"There is no invitation {invitation_id}.")
    return found


def api_keys(tenant: Tenant) -> QuerySet[ApiKey]:
    """Newest first, revoked and expired ones too."""
    return ApiKey.objects.filter(tenant=tenant).order_by("-created_at")


def api_keys_that_work(tenant: Tenant) -> QuerySet[ApiKey]:
    """Neither revoked nor expired."""
    return api_keys(tenant).filter(Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None)


def api_key(tenant: Tenant, key_id: UUID) -> ApiKey:
    key = api_keys(tenant).filter(id=key_id).first()
    if key is None:
        raise UnknownApiKey(f"There is no key {key_id}.")
    return key


KEY_COLUMNS = [field.attname for field in ApiKey._meta.concrete_fields]
KEY_BY_DIGEST = f"""
    SELECT {", ".join(KEY_COLUMNS)} FROM accounts_apikey
    WHERE digest = ANY(%(digests)s) OR previous_digest = ANY(%(digests)s) LIMIT 1
"""  # noqa: S608 - only names of this package are put in


def api_key_of(digests: list[str]) -> ApiKey | None:
    """The key of one of the digests, or of one that it had before it was rerolled, whether it works or not.

    Written out, as `tts_engine.terms` asks for it with each request: a raw query set takes twice as long.
    """
    with connection.cursor() as cursor:
        cursor.execute(KEY_BY_DIGEST, {"digests": digests})
        row = cursor.fetchone()
    return ApiKey.from_db(None, KEY_COLUMNS, row) if row else None


def digests_that_open(digests: Collection[str]) -> set[str]:
    """Those of the digests that belong to keys which work, or did before they were rerolled and still may."""
    works = Q(expires_at=None) | Q(expires_at__gt=Now())
    now = ApiKey.objects.filter(works, digest__in=digests, revoked_at=None).values_list("digest", flat=True)
    before = ApiKey.objects.filter(
        works, previous_digest__in=digests, previous_until__gt=Now(), revoked_at=None
    ).values_list("previous_digest", flat=True)
    return {digest for digest in now.union(before, all=True) if digest}


def newest_usable_key(tenant: Tenant) -> ApiKey | None:
    """The last one made of those that still open doors."""
    usable = api_keys(tenant).filter(revoked_at=None).exclude(expires_at__lte=timezone.now())
    return usable.first()


@dataclass(frozen=True, slots=True)
class Beginnings:
    """How far a new tenant has come."""

    has_key: bool
    has_called: bool  # the API, with any of its keys
    has_colleagues: bool


def beginnings(tenant_id: UUID) -> Beginnings:
    """In one query."""
    keys, people = ApiKey.objects.filter(tenant=tenant_id), Member.objects.filter(tenant=tenant_id)
    has_key, has_called, has_colleagues = Tenant.objects.values_list(
        Exists(keys), Exists(keys.filter(last_used_at__isnull=False)), Exists(people[1:])
    ).get(id=tenant_id)
    return Beginnings(has_key, has_called, has_colleagues)


def invitation_to(email: str) -> Invitation | None:
    """The newest that was sent to this address, whichever tenant's, and can still be accepted."""
    sent = Invitation.objects.filter(email__iexact=email, accepted_at=None, revoked_at=None)
    return sent.filter(expires_at__gt=timezone.now()).select_related("tenant").order_by("-created_at").first()


def audit_events(tenant: Tenant) -> QuerySet[AuditEvent]:
    """Newest first."""
    return AuditEvent.objects.filter(tenant=tenant).order_by("-at", "-id")


def sessions(user: User) -> list[UserSession]:
    """Where a person is signed in, newest first: without what ran out or ended with an earlier password."""
    known = UserSession.objects.filter(user=user).order_by("-created_at")
    kept = Session.objects.filter(session_key__in=known.values("session_key"), expire_date__gt=timezone.now())
    valid = user.get_session_auth_hash()
    live = {
        session.session_key
        for session in kept
        if constant_time_compare(session.get_decoded().get(HASH_SESSION_KEY, ""), valid)
    }
    return [session for session in known if session.session_key in live]
