"""What speech costs here. All amounts are whole millionths of a yuan."""

from django.db import models
from django.db.models import Q

from accounts.models import Tenant


class OwnCost(models.Model):
    """Either so much a month, or so much an hour in which a worker speaks."""

    tenant = models.ForeignKey(  # null: the platform, which is compared by the requests of all tenants
        Tenant, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    server_a_month = models.BigIntegerField(default=0)
    power_a_month = models.BigIntegerField(default=0)
    staff_a_month = models.BigIntegerField(default=0)
    one_off = models.BigIntegerField(default=0)
    one_off_months = models.PositiveIntegerField(default=12, help_text="over which the one-off is spread")
    busy_hour = models.BigIntegerField(null=True, blank=True, help_text="instead of all the others")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="own_cost_once", fields=["tenant"], nulls_distinct=False),
            models.CheckConstraint(
                name="own_cost_is_never_negative",
                condition=Q(server_a_month__gte=0, power_a_month__gte=0, staff_a_month__gte=0, one_off__gte=0)
                & Q(one_off_months__gt=0)
                & (Q(busy_hour__isnull=True) | Q(busy_hour__gte=0)),
            ),
            models.CheckConstraint(
                name="own_cost_is_of_one_form",
                condition=Q(busy_hour__isnull=True) | Q(server_a_month=0, power_a_month=0, staff_a_month=0, one_off=0),
            ),
        ]

    def __str__(self) -> str:
        return f"own cost of {self.tenant_id or 'the platform'}"
