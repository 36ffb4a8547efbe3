"""What changes who may use the platform. Plain functions; each either does all of it or raises.

`actor` is who asks, for the audit trail: `operator` (a command), `user:NAME`, `key:ID`, or `platform` by itself.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NoReturn
from uuid import UUID
from zoneinfo import available_timezones

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit, keys
from accounts.errors import (
    ApiKeyEnded,
    ApiKeyExpired,
    ApiKeyRevoked,
    InsufficientScope,
    InvalidApiKey,
    MemberExists,
    TenantExists,
    TooManyApiKeys,
    UnacceptableExpiry,
    UnacceptableGrace,
    UnacceptableName,
    UnacceptablePassword,
    UnacceptableUser,
    UnknownApiKey,
    UnknownRole,
    UnknownScope,
    UnknownTimeZone,
    UserExists,
)
from accounts.models import TENANT_NAME, ApiKey, Member, Role, Scope, Tenant, User
from accounts.selectors import api_key_of, api_keys_that_work, user_by_name

OPERATOR = "operator"
PLATFORM = "platform"
DEFAULT_SCOPES = (Scope.SPEECH, Scope.HISTORY, Scope.USAGE)
LAST_USED_ACCURACY = timedelta(minutes=1)  # a busy key writes its row once a minute, not once a request


@cache
def _time_zones() -> set[str]:
    """Found by a look into each of their six hundred files."""
    return available_timezones()


@transaction.atomic
def tenant_create(*, name: str, time_zone: str = "Asia/Shanghai", actor: str = OPERATOR) -> Tenant:
    if re.fullmatch(TENANT_NAME, name) is None:
        raise UnacceptableName(f"{name!r} cannot name a tenant: use 1 to 64 of a-z, 0-9 and hyphens between them.")
    if time_zone not in _time_zones():
        raise UnknownTimeZone(f"{time_zone!r} is not an IANA time zone such as Asia/Shanghai.")
    tenant, created = Tenant.objects.get_or_create(name=name, defaults={"time_zone": time_zone})
    if not created:
        raise TenantExists(f"A tenant named {name} exists.")
    audit.record(action="tenant.create", actor=actor, tenant=tenant, details={"name": name})
    return tenant


@transaction.atomic
def user_create(
    *, username: str, password: str, email: str = "", operator: bool = False, actor: str = OPERATOR
) -> User:
    """A person; an `operator` sees the operators' pages, with figures of every tenant."""
    user = User(username=username, email=email, is_staff=operator)
    _require_acceptable(user, password)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise UserExists(f"A person with the user name {username} exists.") from error
    audit.record(action="user.create", actor=actor, details={"username": username, "operator": operator})
    return user


@transaction.atomic
def member_add(*, tenant: Tenant, user: User, role: str, actor: str = OPERATOR) -> Member:
    if role not in Role.values:
        raise UnknownRole(f"{role!r} is not a role; use one of {', '.join(Role.values)}.")
    member, created = Member.objects.get_or_create(tenant=tenant, user=user, defaults={"role": role})
    if not created:
        raise MemberExists(f"{user.get_username()} is a member of {tenant} already.")
    audit.record(
        action="member.add", actor=actor, tenant=tenant, details={"username": user.get_username(), "role": role}
    )
    return member


def first_steps_dismiss(*, member: Member) -> None:
    """The member wants to see no more of them."""
    member.first_steps_dismissed_at = timezone.now()
    member.save(update_fields=["first_steps_dismissed_at"])


@transaction.atomic
def second_factor_reset(*, username: str, actor: str = OPERATOR) -> User:
    """Take off every second factor of a person who has lost them; their password alone signs in from then on."""
    user = user_by_name(username)
    taken, _ = Authenticator.objects.filter(user=user).delete()
    audit.record(action="second_factor.reset", actor=actor, details={"username": username, "taken": taken})
    return user


@transaction.atomic
def api_key_create(
    *,
    tenant: Tenant,
    name: str = "default",
    scopes: Iterable[str] = DEFAULT_SCOPES,
    expires_at: datetime | None = None,
    actor: str = OPERATOR,
) -> tuple[ApiKey, str]:
    """The new row and the key's text, which exists nowhere else from here on.

    Raises UnknownScope, UnacceptableName, UnacceptableExpiry, TooManyApiKeys.
    """
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(Scope.values):
        raise UnknownScope(f"A key needs one or more of the scopes {', '.join(Scope.values)}; {wanted} was asked for.")
    if not 1 <= len(name.strip()) <= 100:
        raise UnacceptableName("A key's name has 1 to 100 characters.")
    if expires_at is not None and (timezone.is_naive(expires_at) or expires_at <= timezone.now()):
        raise UnacceptableExpiry("expires_at must lie in the future and carry a time zone.")
    Tenant.objects.select_for_update(no_key=True).get(id=tenant.id)  # so that no two are both the last that fits
    if api_keys_that_work(tenant).count() >= settings.API_KEYS:
        raise TooManyApiKeys(f"A team has at most {settings.API_KEYS} keys that work; revoke one first.")
    secret = keys.generate()
    key = ApiKey.objects.create(
        tenant=tenant,
        name=name.strip(),
        digest=keys.digest(secret),
        last4=secret[-4:],
        scopes=wanted,
        expires_at=expires_at,
    )
    audit.record(action="api_key.create", actor=actor, tenant=tenant, details=_of(key) | {"scopes": wanted})
    return key, secret


@transaction.atomic
def api_key_revoke(*, key_id: UUID, actor: str = OPERATOR) -> ApiKey:
    """Switch a key off for good, at once and everywhere: nothing caches keys. Again changes nothing."""
    revoked = ApiKey.objects.filter(id=key_id, revoked_at=None).update(revoked_at=timezone.now())
    key = ApiKey.objects.select_related("tenant").filter(id=key_id).first()
    if key is None:
        raise UnknownApiKey(f"There is no key {key_id}.")
    if revoked:
        audit.record(action="api_key.revoke", actor=actor, tenant=key.tenant, details=_of(key))
    return key


@transaction.atomic
def api_key_reroll(*, key: ApiKey, grace: timedelta, actor: str) -> tuple[ApiKey, str]:
    """Another text for the same key, which exists nowhere else from here on.

    Its name, scopes, expiry, caps and usage stay. The text before it works for `grace` longer; one that an
    earlier reroll has left ends now, so that there are never more than two.

    Raises UnacceptableGrace, ApiKeyEnded.
    """
    if not timedelta(0) <= grace <= settings.API_KEY_LONGEST_GRACE:
        days = settings.API_KEY_LONGEST_GRACE.days
        raise UnacceptableGrace(f"A replaced key works on for 0 seconds to {days} days.")
    key, now = ApiKey.objects.select_for_update(of=("self",)).get(id=key.id), timezone.now()
    require_working(key, now)
    secret = keys.generate()
    kept = {"previous_digest": key.digest, "previous_last4": key.last4, "previous_until": now + grace}
    dropped = {"previous_digest": None, "previous_last4": "", "previous_until": None}
    changed = {
        **(kept if grace else dropped),
        "previous_used_at": None,
        "digest": keys.digest(secret),
        "last4": secret[-4:],
        "last_used_at": None,
    }
    for name, value in changed.items():
        setattr(key, name, value)
    key.save(update_fields=list(changed))
    details = _of(key) | {"grace_seconds": round(grace.total_seconds())}
    audit.record(action="api_key.reroll", actor=actor, tenant=key.tenant, details=details)
    return key, secret


def _of(key: ApiKey) -> dict[str, Any]:
    """What an audit entry says of a key."""
    return {"key_id": str(key.id), "name": key.name}


def require_working(key: ApiKey, now: datetime) -> None:
    """Raises ApiKeyEnded."""
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        raise ApiKeyEnded("This key was revoked or has expired; make a new one.")


def api_key_authenticate(
    *, secret: str, ip: str | None, find: Callable[[list[str]], ApiKey | None] = api_key_of
) -> ApiKey:
    """The key that this text is; `find` looks it up by its digests.

    Checked in the order shape, existence, revoked, expired. Call it outside a transaction: the
    audit entry of a refusal must outlive the request.

    Raises:
        InvalidApiKey, ApiKeyRevoked, ApiKeyExpired
    """
    if not keys.is_well_formed(secret):
        _refuse(InvalidApiKey("This is not a Voxhouse API key: it is mistyped or cut off."), audit.MALFORMED, ip)
    digests = keys.digests(secret)
    key = find(digests)
    if key is None:
        _refuse(InvalidApiKey("This API key is not known here."), audit.NOT_FOUND, ip)
    now = timezone.now()
    if key.revoked_at is not None:
        _refuse(ApiKeyRevoked("This API key was revoked; ask your team for another."), audit.DISABLED, ip, key)
    if key.expires_at is not None and key.expires_at <= now:
        _refuse(ApiKeyExpired(f"This API key expired at {key.expires_at:%F %T} UTC."), audit.EXPIRED, ip, key)
    if key.digest in digests:
        _note_use(key, digests[0], now)
        return key
    if key.previous_until is None or key.previous_until <= now:
        _refuse(ApiKeyExpired("This API key was replaced by another; ask your team for it."), audit.EXPIRED, ip, key)
    _note_previous_use(key, digests[0], now)
    return key


def api_key_require_scope(key: ApiKey, scope: str, *, ip: str | None = None) -> None:
    """Raises InsufficientScope, audited, where the key does not have the scope."""
    if scope in key.scopes:
        return
    audit.record_refusal(
        action="api_key.use",
        actor=f"key:{key.id}",
        outcome=audit.INSUFFICIENT_PERMISSIONS,
        tenant=key.tenant,
        ip=ip,
        details={"scope": scope},
    )
    raise InsufficientScope(f"This needs a key with the scope {scope}; yours has {', '.join(key.scopes)}.")


def _require_acceptable(user: User, password: str) -> None:
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise UnacceptableUser(" ".join(error.messages), param=next(iter(error.message_dict))) from error
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise UnacceptablePassword(" ".join(error.messages)) from error


def _refuse(error: InvalidApiKey, outcome: str, ip: str | None, key: ApiKey | None = None) -> NoReturn:
    audit.record_refusal(
        action="api_key.authenticate",
        actor=f"key:{key.id}" if key else "anonymous",
        outcome=outcome,
        tenant=key.tenant if key else None,
        ip=ip,
    )
    raise error


def _note_use(key: ApiKey, digest: str, now: datetime) -> None:
    """Once a minute at most; a digest made under an older SECRET_KEY is renewed on the way."""
    stale = now - LAST_USED_ACCURACY
    if key.last_used_at is not None and key.last_used_at > stale and key.digest == digest:
        return
    # Of the text that was found: rerolled just now, the key has another.
    ApiKey.objects.filter(
        Q(last_used_at=None) | Q(last_used_at__lte=stale) | ~Q(digest=digest), id=key.id, digest=key.digest
    ).update(last_used_at=now, digest=digest)


def _note_previous_use(key: ApiKey, digest: str, now: datetime) -> None:
    """The same of what the key was before: whether it still is in use is what its owner wants to know."""
    stale = now - LAST_USED_ACCURACY
    if key.previous_used_at is not None and key.previous_used_at > stale and key.previous_digest == digest:
        return
    ApiKey.objects.filter(id=key.id, previous_digest=key.previous_digest).update(
        previous_used_at=now, previous_digest=digest
    )
