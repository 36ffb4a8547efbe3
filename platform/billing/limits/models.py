"""A key's own caps, what it has used of them, and temporary raises of a tenant's quota."""

from django.db import models
from django.db.models import F, Q

from accounts.models import ApiKey, Tenant

CAPS = (
    "characters_per_period",
    "requests_per_minute",
    "characters_per_minute",
    "concurrent_requests",
    "max_text_characters",
)


class KeyLimit(models.Model):
    """What one key may at most, within its tenant's plan; None is no cap of its own. Opened with its first request."""

    api_key = models.OneToOneField(ApiKey, on_delete=models.PROTECT, primary_key=True, related_name="limit")
    characters_per_period = models.BigIntegerField(null=True, blank=True)
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    characters_per_minute = models.BigIntegerField(null=True, blank=True)
    concurrent_requests = models.PositiveIntegerField(null=True, blank=True)
    max_text_characters = models.PositiveIntegerField(null=True, blank=True)
    open_requests = models.IntegerField(default=0, help_text="reserved and not ended; derived from the ledger")
    minute_until = models.DateTimeField(
        null=True, blank=True, help_text="when a whole minute's characters are free again"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="key_limits_are_positive",
                # An unknown comparison (NULL, no cap) satisfies a check.
                condition=Q(
                    characters_per_period__gte=0,
                    requests_per_minute__gt=0,
                    characters_per_minute__gt=0,
                    concurrent_requests__gt=0,
                    max_text_characters__gt=0,
                ),
            ),
            models.CheckConstraint(name="key_requests_are_never_negative", condition=Q(open_requests__gte=0)),
        ]

    def __str__(self) -> str:
        return f"caps of key {self.api_key_id}"


class KeyCounter(models.Model):
    """One key's part of a tenant's counter; derived, the ledger is what counts."""

    counter = models.ForeignKey("billing.Counter", on_delete=models.PROTECT, related_name="keys", db_index=False)
    api_key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="+", db_index=False)
    used = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="key_counter_once_a_period", fields=["counter", "api_key"]),
            models.CheckConstraint(name="key_counter_is_never_negative", condition=Q(used__gte=0, reserved__gte=0)),
        ]

    def __str__(self) -> str:
        return f"key {self.api_key_id}: {self.used} used, {self.reserved} reserved"


class QuotaRaise(models.Model):
    """Characters that a tenant may have beyond its plan, in every period while the raise lasts."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="quota_raises", db_index=False)
    characters = models.BigIntegerField()
    starts_at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="quota_raises_of_a_tenant", fields=["tenant", "until"])]
        constraints = [
            models.CheckConstraint(name="quota_raise_is_positive", condition=Q(characters__gt=0)),
            models.CheckConstraint(name="quota_raise_has_length", condition=Q(until__gt=F("starts_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.characters} more for {self.tenant_id} until {self.until:%F %T}"
