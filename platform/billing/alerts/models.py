"""The moment at which a period's quota was four fifths, or wholly, used up; and who is written to."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Tenant


class Percent(models.IntegerChoices):
    NEARLY = 80
    FULL = 100


class Alert(models.Model):
    """Written once a period and level, in the transaction that crossed it; `mailed_at` follows once it is told."""

    counter = models.ForeignKey("billing.Counter", on_delete=models.PROTECT, related_name="alerts", db_index=False)
    percent = models.PositiveSmallIntegerField(choices=Percent)
    used = models.BigIntegerField(help_text="characters, when the level was crossed")
    quota = models.BigIntegerField(help_text="characters, raises included, at that moment")
    at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="alert_once_a_period", fields=["counter", "percent"]),
            models.CheckConstraint(name="alert_level_is_known", condition=models.Q(percent__in=Percent.values)),
        ]
        indexes = [models.Index(name="alerts_to_mail", fields=["id"], condition=models.Q(mailed_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.percent} % of {self.quota}"


class AlertPolicy(models.Model):
    """Who of a tenant gets mail of its alerts. Without a row: its owners and admins."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, primary_key=True, related_name="+")
    to_admins = models.BooleanField(default=True, help_text="the owners and admins that have an address")
    addresses = ArrayField(models.EmailField(), default=list, blank=True, help_text="others, finance for one")

    def __str__(self) -> str:
        return f"{self.tenant_id}: {'admins and ' if self.to_admins else ''}{len(self.addresses)} addresses"
