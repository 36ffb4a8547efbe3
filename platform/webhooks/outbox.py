"""What every table of things to be sent has: whom to, how far it is, what came of each attempt.

Written in the transaction of what is told or handed over, so neither is ever there without the other
(the transactional outbox). `queue` sends it.
"""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Tenant


class Reason(models.TextChoices):
    """Why a receiver is switched off."""

    ASKED = "asked"  # by its team
    GONE = "gone"  # it answered 410
    FAILING = "failing"  # for days nothing was accepted


class Receiver(models.Model):
    """Somewhere that a tenant has things sent to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    failing_since = models.DateTimeField(null=True, blank=True, help_text="the first failure since it last accepted")
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=16, choices=Reason, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.CheckConstraint(
                name="%(class)s_disabled_for_a_reason",
                condition=Q(disabled_at__isnull=True, disabled_reason="")
                | Q(disabled_at__isnull=False, disabled_reason__in=Reason.values),
            ),
        ]

    @property
    def enabled(self) -> bool:
        return self.disabled_at is None

    def enable(self) -> None:
        """Without what is known of its failures."""
        self.disabled_at, self.disabled_reason, self.failing_since = None, "", None

    def disable(self, reason: Reason) -> None:
        self.disabled_at, self.disabled_reason = timezone.now(), reason


class Sending(models.Model):
    """Something on its way to a receiver. The table is the queue: what has a `next_at` is to be sent then."""

    attempt = models.PositiveSmallIntegerField(default=0, help_text="how often it was begun to be sent")
    next_at = models.DateTimeField(null=True, blank=True, db_default=Now())
    leased_until = models.DateTimeField(null=True, blank=True, help_text="while somebody sends it")
    delivered_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    attempts: Any  # the log: the related name of its SendingAttempt

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.CheckConstraint(
                name="%(class)s_ends_once", condition=Q(delivered_at__isnull=True) | Q(next_at__isnull=True)
            ),
        ]

    @property
    def status(self) -> str:
        if self.delivered_at is not None:
            return "delivered"
        return "failed" if self.next_at is None else "pending"


class SendingAttempt(models.Model):
    """What came of sending it once. A number that is missing is that of a worker that went away."""

    delivery: Any  # to its Sending

    number = models.PositiveSmallIntegerField(help_text="from 1")
    at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.TextField(blank=True, help_text="the first bytes of its body")
    error = models.TextField(blank=True, help_text="why there was no answer, or nothing was sent")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.delivery}: {self.status_code or self.error}"
