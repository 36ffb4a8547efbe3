"""Whom of those that the identity provider sends us we let in, and as whom.

The provider's `sub` is who somebody is. An e-mail address decides only the first time, and only if the
provider says that it is verified: it leads to the person who has shown here that it is theirs, or to a new
person, in the team that has invited that address or that the operator has given its domain. It never leads
to somebody who merely typed it (the attack of https://www.descope.com/blog/post/noauth).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts import audit, invitations
from accounts.models import Invitation, Tenant, User
from accounts.selectors import invitation_to
from accounts.services import PLATFORM, member_add


class Refusal(Exception):
    """Nobody comes in this way. It is told on a page, and reaches no door.

    `reason`: their address is not verified (`unverified`), no team has invited it or has its domain
    (`unknown`), or somebody here has that address and has not connected it (`taken`).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def verified_email(claims: Mapping[str, Any]) -> str | None:
    """The address of OpenID Connect's standard claims, in lower case, if the provider vouches for it.

    Some providers send the word instead of the boolean that the standard asks for (Core 1.0, section 5.1).
    """
    email = str(claims.get("email") or "").strip().lower()
    return email if email and claims.get("email_verified") in (True, "true") else None


def person_of(email: str) -> User | None:
    """Whoever has shown here that the address is theirs."""
    address = EmailAddress.objects.filter(email__iexact=email, verified=True).select_related("user").first()
    return address.user if address else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody new begins."""

    tenant: Tenant
    role: str
    invitation: Invitation | None = None  # that is used up by it; otherwise a rule gave it


def place_for(email: str | None) -> Place:
    """For somebody new with this verified address: what they were invited to, or what their domain's rule says.

    Raises:
        Refusal
    """
    if email is None:
        raise Refusal("unverified")
    place = _invited(email) or _by_rule(email)
    if place is None:
        raise Refusal("unknown")
    if User.objects.filter(Q(email__iexact=email) | Q(emailaddress__email__iexact=email)).exists():
        raise Refusal("taken")
    return place


def _invited(email: str) -> Place | None:
    invitation = invitation_to(email)
    return Place(invitation.tenant, invitation.role, invitation) if invitation else None


def _by_rule(email: str) -> Place | None:
    name, role = settings.OIDC_JOIN.get(email.rpartition("@")[2], ("", ""))
    tenant = Tenant.objects.filter(name=name).first()
    return Place(tenant, role) if tenant else None


@transaction.atomic
def join(user: User, place: Place) -> None:
    """The first steps of a person who has just been made."""
    audit.record(action="user.create", actor=PLATFORM, details={"username": user.username, "by": "single_sign_on"})
    if place.invitation:
        invitations.accept(invitation=place.invitation, user=user)
    else:
        member_add(tenant=place.tenant, user=user, role=place.role, actor=PLATFORM)
