"""What each tenant used day by day: the table that usage, savings and statements read.

A row is one day of one key with one voice and one model. The transaction that ends a request adds to
its row, so ten million requests are a few hundred thousand rows, and none of them is ever behind.
"""

from django.db import models
from django.db.models import F, Q

from accounts.models import ApiKey, Tenant
from billing.usage.facts import NAMES


class DailyUsage(models.Model):
    """Sums over the requests that were made on `day` and have ended; see `UsageFacts` for each sum.

    `day` is the one on which the request was made, in the tenant's time zone, whenever it ended: that is
    the day of its reservation, so a month's rows are what the ledger billed in that month.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    api_key = models.ForeignKey(  # null: a member, at the console
        ApiKey, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
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

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="daily_usage_once",
                fields=["tenant", "day", "api_key", "voice", "model"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="daily_usage_is_never_negative", condition=Q(**{f"{name}__gte": 0 for name in NAMES})
            ),
            models.CheckConstraint(name="daily_usage_cached_is_a_part", condition=Q(cached__lte=F("requests"))),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} on {self.day}: {self.billed_characters} characters"
