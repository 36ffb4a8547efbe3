"""Plans, accounts, counters and the ledger. Rules live in `services`; here is what no row may break.

All amounts are billable characters.
"""

from django.db import models
from django.db.models import F, Q

from accounts.models import Tenant


class Plan(models.Model):
    """The limits a tenant has; None is no limit."""

    name = models.SlugField(max_length=64, unique=True)
    characters_per_period = models.BigIntegerField(null=True, blank=True)
    rolling_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="the period is this many days up to today; None is the calendar month"
    )
    overage = models.BooleanField(default=False, help_text="beyond the characters of the period: bill, do not refuse")
    requests_per_minute = models.PositiveIntegerField()
    characters_per_minute = models.BigIntegerField(null=True, blank=True)
    concurrent_requests = models.PositiveIntegerField()
    max_text_characters = models.PositiveIntegerField()
    weight = models.PositiveIntegerField(default=1, help_text="share of the workers while all are busy")
    priority = models.SmallIntegerField(default=0, help_text="lower is served first, before any share is looked at")
    cached_rate = models.PositiveSmallIntegerField(default=0, help_text="percent billed of a repeat from the cache")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="plan_limits_are_positive",
                condition=Q(requests_per_minute__gt=0, concurrent_requests__gt=0, max_text_characters__gt=0)
                & (Q(characters_per_period__isnull=True) | Q(characters_per_period__gte=0)),
            ),
            # The fair queue divides by it, and `fairness.SCALE` keeps its precision up to here.
            models.CheckConstraint(name="plan_weight_is_1_to_1000", condition=Q(weight__gte=1, weight__lte=1000)),
            models.CheckConstraint(name="plan_cached_rate_is_percent", condition=Q(cached_rate__lte=100)),
            models.CheckConstraint(
                name="plan_rolls_over_1_to_366_days",
                condition=Q(rolling_days__isnull=True) | Q(rolling_days__gte=1, rolling_days__lte=366),
            ),
            # Else a text that the plan allows would never fit into a minute.
            models.CheckConstraint(
                name="plan_minute_holds_the_longest_text",
                condition=Q(characters_per_minute__isnull=True)
                | Q(characters_per_minute__gte=F("max_text_characters")),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    """Which plan a tenant has, and how much of it is in use at this moment.

    Every move of the tenant's ledger holds the lock of this row: its moves happen one after the other.
    """

    tenant = models.OneToOneField(Tenant, on_delete=models.PROTECT, primary_key=True, related_name="account")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="accounts")
    open_requests = models.IntegerField(default=0, help_text="reserved and not ended; derived from the ledger")
    open_job_rows = models.IntegerField(default=0, help_text="the same of jobs, which take no places of requests")
    minute_until = models.DateTimeField(
        null=True, blank=True, help_text="when a whole minute's characters are free again"
    )
    suspended_at = models.DateTimeField(null=True, blank=True, help_text="since when nothing new may be reserved")

    class Meta:
        constraints = [
            models.CheckConstraint(name="account_requests_are_never_negative", condition=Q(open_requests__gte=0)),
            models.CheckConstraint(name="account_job_rows_are_never_negative", condition=Q(open_job_rows__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} on {self.plan_id}"


class Counter(models.Model):
    """One tenant's sums in one month, or in one day where the plan's period is rolling days.

    Derived: the ledger is what counts.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="counters", db_index=False)
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    used = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    virtual_finish = models.BigIntegerField(default=0, help_text="fair queueing: when all the tenant asked for is done")
    job_virtual_finish = models.BigIntegerField(default=0, help_text="the same of what nobody waits for")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="counter_once_a_period", fields=["tenant", "period_start", "period_end"]),
            models.CheckConstraint(name="counter_period_has_length", condition=Q(period_end__gt=F("period_start"))),
            models.CheckConstraint(
                name="counter_is_never_negative",
                condition=Q(used__gte=0, reserved__gte=0, virtual_finish__gte=0, job_virtual_finish__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} from {self.period_start:%F}: {self.used} used, {self.reserved} reserved"


class Move(models.TextChoices):
    RESERVE = "reserve"
    SETTLE = "settle"
    RELEASE = "release"
    CORRECT = "correct"


class LedgerEntry(models.Model):
    """One move of a counter, with the numbers before and after.

    Append-only: a trigger refuses UPDATE, and DELETE but of a closed tenant's.

    A counter's entries form a chain by id: each begins where the one before it ended. `characters`
    is what was reserved, what was billed at a settlement, what was given back at a release, and 0
    for a correction, which `reconcile` writes when it sets a drifted counter right.
    """

    counter = models.ForeignKey(Counter, on_delete=models.PROTECT, related_name="entries", db_index=False)
    synthesis_id = models.UUIDField(null=True, blank=True)
    api_key_id = models.UUIDField(null=True, blank=True)
    job_id = models.UUIDField(null=True, blank=True)
    kind = models.CharField(max_length=8, choices=Move)
    characters = models.BigIntegerField()
    used_before = models.BigIntegerField()
    used_after = models.BigIntegerField()
    reserved_before = models.BigIntegerField()
    reserved_after = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="ledger_chain", fields=["counter", "id"])]
        constraints = [
            models.UniqueConstraint(
                name="ledger_one_reservation", fields=["synthesis_id"], condition=Q(kind=Move.RESERVE)
            ),
            models.UniqueConstraint(
                name="ledger_one_end",
                fields=["synthesis_id"],
                condition=Q(kind__in=[Move.SETTLE, Move.RELEASE]),
            ),
            models.CheckConstraint(
                name="ledger_is_never_negative",
                condition=Q(
                    characters__gte=0,
                    used_before__gte=0,
                    used_after__gte=0,
                    reserved_before__gte=0,
                    reserved_after__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="ledger_moves_add_up",
                condition=Q(
                    kind=Move.RESERVE,
                    synthesis_id__isnull=False,
                    used_after=F("used_before"),
                    reserved_after=F("reserved_before") + F("characters"),
                )
                | Q(
                    kind=Move.SETTLE,
                    synthesis_id__isnull=False,
                    used_after=F("used_before") + F("characters"),
                    reserved_after__lte=F("reserved_before") - F("characters"),
                )
                | Q(
                    kind=Move.RELEASE,
                    synthesis_id__isnull=False,
                    used_after=F("used_before"),
                    reserved_after=F("reserved_before") - F("characters"),
                )
                | Q(kind=Move.CORRECT, synthesis_id__isnull=True, characters=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.characters} of {self.synthesis_id}"


# Django finds an app's models in this module; these are kept with what belongs to them.
from billing.alerts.models import Alert, AlertPolicy  # noqa: E402
from billing.closing.models import ClosedMonth  # noqa: E402
from billing.limits.models import KeyCounter, KeyLimit, QuotaRaise  # noqa: E402
from billing.price_book.models import ExchangeRate, PriceBook  # noqa: E402
from billing.savings.models import OwnCost  # noqa: E402
from billing.usage.models import DailyUsage, HourlyPeak, HourlyUsage  # noqa: E402

__all__ = [
    "Account",
    "Alert",
    "AlertPolicy",
    "ClosedMonth",
    "Counter",
    "DailyUsage",
    "ExchangeRate",
    "HourlyPeak",
    "HourlyUsage",
    "KeyCounter",
    "KeyLimit",
    "LedgerEntry",
    "Move",
    "OwnCost",
    "Plan",
    "PriceBook",
    "QuotaRaise",
]
