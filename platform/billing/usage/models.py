"""What each tenant used, by day and by hour. The transaction that ends a request adds to both, so neither is behind.

Two tables of sums, for they answer two kinds of question. Usage of a period, savings and statements ask for
many sums of the tenant's own days. Usage over time asks for two sums between any two moments: of
hours it is added up in no time, whatever the caller's midnight is. All sums by the hour and voice
would be nearly as many rows as requests. A third table holds what is no sum: how many requests were open at once.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import ApiKey, Member, Tenant
from billing.usage.facts import NAMES
from billing.usage.latency import NOTHING, UNMEASURED


def no_counts() -> list[int]:
    return list(NOTHING)


class DailyUsage(models.Model):
    """Sums over the requests of one key or member with one voice and model that were made on `day` and have ended.

    `UsageFacts` tells of each sum.

    `day` is the one on which the request was made, in the tenant's time zone, whenever it ended: that is
    the day of its reservation, so a month's rows are what the ledger billed in that month.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    api_key = models.ForeignKey(  # null: a member, at the console
        ApiKey, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    member = models.ForeignKey(  # as in the request: the number stays when the member leaves
        Member, on_delete=models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    voice = models.CharField(max_length=100)
    model = models.CharField(max_length=100)  # as the caller named it

    requests = models.BigIntegerField(default=0)
    cached = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    billed_characters = models.BigIntegerField(default=0)
    hanzi = models.BigIntegerField(default=0)
    other_characters = models.BigIntegerField(default=0)
    normalised_hanzi = models.BigIntegerField(default=0)
    normalised_other_characters = models.BigIntegerField(default=0)
    gbk_bytes = models.BigIntegerField(default=0)
    utf8_bytes = models.BigIntegerField(default=0)
    gbk_blocks_120 = models.BigIntegerField(default=0)
    calls_300 = models.BigIntegerField(default=0)
    audio_ms = models.BigIntegerField(default=0)
    busy_ms = models.BigIntegerField(default=0)

    # Requests by how long a worker let them wait, and by how long after they were made their first audio was there.
    waits = ArrayField(models.IntegerField(), default=no_counts)  # see `Latency`
    first_audio = ArrayField(models.IntegerField(), default=no_counts)

    class Meta:
        indexes = [models.Index(name="daily_usage_of_all_tenants", fields=["day"])]
        constraints = [
            models.UniqueConstraint(
                name="daily_usage_once",
                fields=["tenant", "day", "api_key", "member", "voice", "model"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="daily_usage_is_never_negative", condition=Q(**{f"{name}__gte": 0 for name in NAMES})
            ),
            models.CheckConstraint(name="daily_usage_cached_is_a_part", condition=Q(cached__lte=F("requests"))),
            models.CheckConstraint(
                name="daily_usage_has_every_bucket", condition=Q(waits__len=UNMEASURED, first_audio__len=UNMEASURED)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} on {self.day}: {self.billed_characters} characters"


class HourlyUsage(models.Model):
    """Sums over the requests that were made within the hour from `hour` on, a full hour of UTC, and were answered."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False)
    hour = models.DateTimeField()
    api_key = models.ForeignKey(  # null: a member, at the console
        ApiKey, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    member = models.ForeignKey(  # as in the request: the number stays when the member leaves
        Member, on_delete=models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    model = models.CharField(max_length=100)  # as the caller named it

    requests = models.BigIntegerField()
    billed_characters = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="hourly_usage_once",
                fields=["tenant", "hour", "api_key", "member", "model"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="hourly_usage_is_never_negative", condition=Q(requests__gte=0, billed_characters__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} from {self.hour:%F %H}:00: {self.billed_characters} characters"


class HourlyPeak(models.Model):
    """The most requests of a tenant that were open at once, as each of them ended within the hour from `hour` on.

    Open is what is reserved and not ended, in the order in which the ledger wrote it down. Rows of jobs are
    not among them: nobody waits for them, and no limit counts them.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False)
    hour = models.DateTimeField()  # a full hour of UTC
    requests = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="hourly_peak_once", fields=["tenant", "hour"], include=["requests"]),
            models.CheckConstraint(name="hourly_peak_is_positive", condition=Q(requests__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} from {self.hour:%F %H}:00: {self.requests} at once"
