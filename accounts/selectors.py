"""What may be read. Whatever belongs to a tenant is read through the tenant: there is no other way in."""

from uuid import UUID

from django.db.models import Case, Q, QuerySet, When
from django.db.models.functions import Now

from accounts.errors import UnknownApiKey, UnknownInvitation, UnknownMember, UnknownTenant
from accounts.models import ApiKey, AuditEvent, Invitation, Member, Tenant, User


def tenant_by_name(name: str) -> Tenant:
    tenant = Tenant.objects.filter(name=name).first()
    if tenant is None:
        raise UnknownTenant(f"There is no tenant named {name}.")
    return tenant


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
    return Member.objects.filter(tenant=tenant).select_related("user").order_by("user__username")


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


def audit_events(tenant: Tenant) -> QuerySet[AuditEvent]:
    """Newest first."""
    return AuditEvent.objects.filter(tenant=tenant).order_by("-at", "-id")
