"""A link that makes whoever opens it a member: for one use, until its time is over or it is taken back.

Of the token only a digest is kept, so nobody who reads the database can accept anything.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac

from accounts import audit, members, services
from accounts.errors import (
    InvitationOver,
    TooManyInvitations,
    UnacceptableExpiry,
    UnacceptableUser,
    UnknownInvitation,
)
from accounts.models import Invitation, Member, Tenant, User
from accounts.selectors import open_invitations

TOKEN_BYTES = 32


@transaction.atomic
def invite(*, by: Member, role: str, email: str = "", days: int) -> tuple[Invitation, str]:
    """The new row and the token, which exists nowhere else from here on.

    Raises UnknownRole, UnknownMember, RoleNotAllowed, UnacceptableUser (its address), UnacceptableExpiry,
    TooManyInvitations.
    """
    members.require_role(role)
    (by,) = members.locked(by)
    members.require_may_give(by, role)
    return _invited(by.tenant, role, email, days, members.actor(by))


@transaction.atomic
def invite_by_operator(*, tenant: Tenant, role: str, email: str = "", days: int, actor: str) -> tuple[Invitation, str]:
    """The same for a team that has nobody yet to invite its first owner. Raises what `invite` does of the others."""
    members.require_role(role)
    Tenant.objects.select_for_update(no_key=True).get(id=tenant.id)
    return _invited(tenant, role, email, days, actor)


def _invited(tenant: Tenant, role: str, email: str, days: int, actor: str) -> tuple[Invitation, str]:
    """Whoever calls it holds the lock of the tenant, so that no two together are more than INVITATIONS."""
    if email:
        _require_address(email)
    if days not in settings.INVITATION_DAYS:
        choice = ", ".join(map(str, settings.INVITATION_DAYS))
        raise UnacceptableExpiry(f"An invitation lasts one of {choice} days, not {days}.")
    if open_invitations(tenant).count() >= settings.INVITATIONS:
        raise TooManyInvitations(f"A team has at most {settings.INVITATIONS} open invitations; revoke one first.")
    token, now = secrets.token_urlsafe(TOKEN_BYTES), timezone.now()
    made = Invitation.objects.create(
        tenant=tenant,
        role=role,
        email=email,
        digest=_digest(token, settings.SECRET_KEY),
        invited_by=actor,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    details = {"invitation_id": str(made.id), "role": role, "email": email, "days": days}
    audit.record(action="invitation.create", actor=actor, tenant=tenant, details=details)
    return made, token


def mail(invitation: Invitation, *, link: str) -> None:
    """Send it to the invitation's address, in the installation's language. Raises what the mail server does."""
    with translation.override(settings.LANGUAGE_CODE):
        facts = {"invitation": invitation, "link": link}
        subject, _, body = render_to_string("mail/invitation.txt", facts).partition("\n")
    send_mail(subject, body.strip() + "\n", None, [invitation.email])


@transaction.atomic
def revoke(*, invitation: Invitation, by: Member) -> None:
    """Its link opens nothing any more; again changes nothing. Raises RoleNotAllowed, InvitationOver if it was used."""
    (by,) = members.locked(by)
    held = Invitation.objects.select_for_update(of=("self",)).select_related("tenant").get(id=invitation.id)
    members.require_may_give(by, held.role)
    if held.accepted_at is not None:
        raise InvitationOver("This invitation was accepted already; remove the member instead.")
    if held.revoked_at is None:
        held.revoked_at = timezone.now()
        held.save(update_fields=["revoked_at"])
        details = {"invitation_id": str(held.id)}
        audit.record(action="invitation.revoke", actor=members.actor(by), tenant=held.tenant, details=details)


def find(token: str) -> Invitation:
    """That can be accepted. Raises UnknownInvitation, InvitationOver."""
    digests = [_digest(token, secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    found = Invitation.objects.select_related("tenant").filter(digest__in=digests).first()
    if found is None:
        raise UnknownInvitation("This invitation is not known here: its link is cut off or mistyped.")
    _require_open(found)
    return found


@transaction.atomic
def accept(*, invitation: Invitation, user: User) -> Member:
    """Make the person a member and use the invitation up, both or neither.

    Raises InvitationOver, MemberExists.
    """
    held = Invitation.objects.select_for_update(of=("self",)).select_related("tenant").get(id=invitation.id)
    _require_open(held)  # of two at once, the second sees that it is used
    actor = f"user:{user.get_username()}"
    member = services.member_add(tenant=held.tenant, user=user, role=held.role, actor=actor)
    held.accepted_at = timezone.now()
    held.save(update_fields=["accepted_at"])
    members.team_choose(user=user, tenant=held.tenant)
    details = {"invitation_id": str(held.id), "invited_by": held.invited_by}
    audit.record(action="invitation.accept", actor=actor, tenant=held.tenant, details=details)
    return member


@transaction.atomic
def sign_up(*, invitation: Invitation, username: str, password: str) -> Member:
    """A new account that accepts it. Raises as `services.user_create` and `accept` do; then there is no account."""
    user = services.user_create(
        username=username, password=password, email=invitation.email, actor=invitation.invited_by
    )
    return accept(invitation=invitation, user=user)


def _require_open(invitation: Invitation) -> None:
    if invitation.accepted_at is not None:
        raise InvitationOver("This invitation was used already. If it was not you, tell whoever invited you.")
    if invitation.revoked_at is not None:
        raise InvitationOver("This invitation was taken back; ask your team for another.")
    if invitation.expires_at <= timezone.now():
        raise InvitationOver("The time of this invitation is over; ask your team for another.")


def _require_address(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise UnacceptableUser(" ".join(error.messages), param="email") from error


def _digest(token: str, secret: str) -> str:
    return salted_hmac("accounts.invitations", token, secret=secret, algorithm="sha256").hexdigest()
