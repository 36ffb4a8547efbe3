"""Who may use the platform. Rules live in `services`; here are only shapes and what no row may break."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

TENANT_NAME = r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$"


class Role(models.TextChoices):
    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class Scope(models.TextChoices):
    """What a key may do; `admin` does not include the others."""

    SPEECH = "speech"
    HISTORY = "history"
    USAGE = "usage"
    WEBHOOKS = "webhooks"
    ADMIN = "admin"


class User(AbstractUser):
    """A person. What they may see follows from their memberships, never from this row alone."""

    team = models.ForeignKey(
        "accounts.Tenant",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        help_text="of several, the one they work for at the console; without, or no longer in it, the first by name",
    )


class Tenant(models.Model):
    """An internal team or company; every row that holds a customer's data points to one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.SlugField(max_length=64, unique=True)
    time_zone = models.CharField(max_length=64, default="Asia/Shanghai", help_text="IANA name; its months are billed")
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="since when it is being deleted: nothing of it works, and its ledger and trail may go",
    )

    class Meta:
        constraints = [models.CheckConstraint(name="tenant_name_is_a_slug", condition=Q(name__regex=TENANT_NAME))]

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role)
    first_steps_dismissed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="member_once_a_tenant", fields=["tenant", "user"]),
            models.CheckConstraint(name="member_role_is_known", condition=Q(role__in=Role.values)),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.tenant_id} ({self.role})"


class ApiKey(models.Model):
    """A tenant's key. The key itself is nowhere: `digest` finds it, `last4` reminds its owner which it is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=100, default="default")
    digest = models.CharField(max_length=64, unique=True, help_text="HMAC-SHA256 of the whole key, hexadecimal")
    last4 = models.CharField(max_length=4)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope))
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # What the key was before it was rerolled; it works beside the new one until then.
    previous_digest = models.CharField(  # noqa: DJ001 - of many keys without one, empty would not be unique
        max_length=64, null=True, unique=True, help_text="as `digest`"
    )
    previous_last4 = models.CharField(max_length=4, blank=True)
    previous_until = models.DateTimeField(null=True, blank=True)
    previous_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="api_key_previous_is_whole",
                condition=Q(previous_digest__isnull=True, previous_until__isnull=True, previous_last4="")
                | Q(
                    previous_digest__regex="^[0-9a-f]{64}$",
                    previous_until__isnull=False,
                    previous_last4__regex="^[0-9A-Za-z]{4}$",
                ),
            ),
            models.CheckConstraint(name="api_key_digest_is_sha256", condition=Q(digest__regex="^[0-9a-f]{64}$")),
            models.CheckConstraint(name="api_key_keeps_four", condition=Q(last4__regex="^[0-9A-Za-z]{4}$")),
            models.CheckConstraint(
                name="api_key_scopes_are_known",
                condition=Q(scopes__contained_by=list(Scope.values), scopes__len__gt=0),
            ),
            models.CheckConstraint(
                name="api_key_expires_after_it_is_made",
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("created_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} …{self.last4}"


class Invitation(models.Model):
    """A place in a tenant for whoever has the link. The token itself is nowhere: `digest` finds it. It is used once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="invitations", db_index=False)
    role = models.CharField(max_length=16, choices=Role)
    email = models.EmailField(blank=True, help_text="where it was sent; empty where the link was handed over")
    digest = models.CharField(max_length=64, unique=True, help_text="HMAC-SHA256 of the token, hexadecimal")
    invited_by = models.CharField(max_length=150, help_text="as an audit entry's actor")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(name="invitations_of_a_tenant", fields=["tenant", "-created_at"])]
        constraints = [
            models.CheckConstraint(name="invitation_role_is_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(name="invitation_digest_is_sha256", condition=Q(digest__regex="^[0-9a-f]{64}$")),
            models.CheckConstraint(
                name="invitation_ends_after_it_is_made", condition=Q(expires_at__gt=F("created_at"))
            ),
            models.CheckConstraint(
                name="invitation_has_one_end", condition=Q(accepted_at__isnull=True) | Q(revoked_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} in {self.tenant_id} for {self.email or 'whoever has the link'}"


class AuditEvent(models.Model):
    """Who did or tried what. Append-only: a trigger refuses UPDATE, and DELETE but of a closed tenant's.

    Never holds a key's text.
    """

    at = models.DateTimeField(default=timezone.now, db_index=True)
    tenant = models.ForeignKey(
        Tenant, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    actor = models.CharField(max_length=150, help_text="user:NAME, key:ID, operator, platform or anonymous")
    action = models.CharField(max_length=64, help_text="entity.verb, such as api_key.revoke")
    outcome = models.CharField(max_length=32, help_text="OK, or why it was refused")
    ip = models.GenericIPAddressField(null=True, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(name="audit_of_a_tenant", fields=["tenant", "-at"])]

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.actor} {self.action} {self.outcome}"
