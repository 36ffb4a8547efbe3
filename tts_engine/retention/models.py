"""What a tenant has kept of its requests, and for how long."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import Tenant

LONGEST_DAYS = 3650


class StoragePolicy(models.Model):
    """Without a row, texts are kept, and everything is until it is deleted.

    A trigger on Synthesis looks here: whichever way a request ends, the row of a tenant without texts has none.
    """

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, primary_key=True, related_name="+")
    texts_off_since = models.DateTimeField(null=True)  # null: texts are kept
    texts_gone_upto = models.DateTimeField(null=True)  # of what was asked for until then; null: of nothing yet
    keep_days = models.PositiveSmallIntegerField(null=True)  # after which a request is deleted; null: never
    deleted_upto = models.DateTimeField(null=True)  # as texts_gone_upto

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="storage_policy_keeps_a_day",
                condition=Q(keep_days__isnull=True) | Q(keep_days__gte=1, keep_days__lte=LONGEST_DAYS),
            ),
        ]

    def __str__(self) -> str:
        texts = "no texts" if self.texts_off_since else "texts"
        return f"{self.tenant_id}: {texts}, {self.keep_days or 'unlimited'} days"

    @property
    def keeps_texts(self) -> bool:
        return self.texts_off_since is None
