"""Who belongs to a tenant, and as what. Each change holds the lock of the tenant, so two at once happen one after
the other, and the second finds whom the first has left: there is always an owner.
"""

from django.db import transaction

from accounts import audit
from accounts.errors import LastOwner, RoleNotAllowed, UnknownMember, UnknownRole
from accounts.models import Member, Role, Tenant, User


@transaction.atomic
def role_set(*, member: Member, role: str, by: Member) -> Member:
    """What the member may from now on; the same role again changes nothing.

    Raises UnknownRole, UnknownMember, RoleNotAllowed, LastOwner.
    """
    require_role(role)
    held, changer = locked(member, by)
    require_may_give(changer, held.role)
    require_may_give(changer, role)
    before = held.role
    if role == before:
        return held
    _require_another_owner(held)
    held.role = role
    held.save(update_fields=["role"])
    details = {"username": held.user.get_username(), "role": role, "before": before}
    audit.record(action="member.role_set", actor=actor(changer), tenant=held.tenant, details=details)
    return held


@transaction.atomic
def remove(*, member: Member, by: Member) -> None:
    """They keep their account and lose this team at once; what they had spoken stays. Anybody may remove themselves.

    Raises UnknownMember, RoleNotAllowed, LastOwner.
    """
    held, remover = locked(member, by)
    if held.id != remover.id:
        require_may_give(remover, held.role)
    _require_another_owner(held)
    details = {"username": held.user.get_username(), "role": held.role}
    audit.record(action="member.remove", actor=actor(remover), tenant=held.tenant, details=details)
    held.delete()


def team_choose(*, user: User, tenant: Tenant) -> None:
    """Which of their teams they work for at the console. Raises UnknownMember."""
    if not Member.objects.filter(user=user, tenant=tenant).exists():
        raise UnknownMember("You are not a member of this team.")
    User.objects.filter(id=user.id).update(team=tenant)


def locked(*members: Member) -> list[Member]:
    """These of one tenant as they are once nobody else changes its members. Raises UnknownMember."""
    tenant_id = members[-1].tenant_id
    Tenant.objects.select_for_update(no_key=True).get(id=tenant_id)
    own = Member.objects.filter(tenant_id=tenant_id).select_related("user", "tenant")
    found = own.in_bulk([member.id for member in members])
    if any(member.id not in found for member in members):
        raise UnknownMember("That person is not, or is no longer, a member of this team.")
    return [found[member.id] for member in members]


def require_role(role: str) -> None:
    """Raises UnknownRole."""
    if role not in Role.values:
        raise UnknownRole(f"{role!r} is not a role; use one of {', '.join(Role.values)}.")


def require_may_give(member: Member, role: str) -> None:
    """Owners and admins give and take roles, but an owner's is the owners' own affair. Raises RoleNotAllowed."""
    if member.role not in (Role.OWNER, Role.ADMIN):
        raise RoleNotAllowed("Only owners and admins of a team say who belongs to it; ask one of them.")
    if role == Role.OWNER and member.role != Role.OWNER:
        raise RoleNotAllowed("Only an owner makes, changes or removes owners; ask one of your team's.")


def actor(member: Member) -> str:
    """In the words of the audit trail."""
    return f"user:{member.user.get_username()}"


def _require_another_owner(member: Member) -> None:
    if member.role == Role.OWNER:
        others = Member.objects.filter(tenant_id=member.tenant_id, role=Role.OWNER).exclude(id=member.id)
        if not others.exists():
            raise LastOwner("A team needs an owner: make somebody else an owner first.")
