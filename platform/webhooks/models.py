"""Where a team's programs listen, what they are told, and how often that was tried."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Tenant


class Reason(models.TextChoices):
    """Why an endpoint is switched off."""

    ASKED = "asked"  # by its team
    GONE = "gone"  # it answered 410
    FAILING = "failing"  # for days nothing was accepted


class Endpoint(models.Model):
    """An address of a tenant's that messages are sent to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    url = models.CharField(max_length=2048)
    events = ArrayField(models.CharField(max_length=64), default=list, help_text="types; empty is all")
    secret = models.CharField(max_length=128)
    previous_secret = models.CharField(max_length=128, blank=True, help_text="signs too until its end")
    previous_secret_until = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True, help_text="the first failure since it last accepted")
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=16, choices=Reason, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="endpoint_disabled_for_a_reason",
                condition=Q(disabled_at__isnull=True, disabled_reason="")
                | Q(disabled_at__isnull=False, disabled_reason__in=Reason.values),
            ),
            models.CheckConstraint(
                name="endpoint_previous_secret_ends",
                condition=Q(previous_secret="", previous_secret_until__isnull=True)
                | (~Q(previous_secret="") & Q(previous_secret_until__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def enabled(self) -> bool:
        return self.disabled_at is None


class Message(models.Model):
    """One event as a tenant's endpoints are told it; written in the transaction of what it tells."""

    id = models.CharField(primary_key=True, max_length=36, help_text="msg_…, the same at every attempt")
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    type = models.CharField(max_length=64)
    body = models.TextField(help_text="JSON, to the byte as it is signed and sent")
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class Delivery(models.Model):
    """A message on its way to an endpoint. The table is the queue: what has a `next_at` is to be sent then."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    attempt = models.PositiveSmallIntegerField(default=0, help_text="how often it was begun to be sent")
    next_at = models.DateTimeField(null=True, blank=True, db_default=Now())
    leased_until = models.DateTimeField(null=True, blank=True, help_text="while somebody sends it")
    delivered_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="delivery_ends_once", condition=Q(delivered_at__isnull=True) | Q(next_at__isnull=True)
            ),
        ]
        indexes = [
            models.Index(name="deliveries_due", fields=["next_at"], condition=Q(next_at__isnull=False)),
            models.Index(name="deliveries_being_sent", fields=["endpoint"], condition=Q(leased_until__isnull=False)),
            models.Index(name="deliveries_of_an_endpoint", fields=["endpoint", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} to {self.endpoint_id}"

    @property
    def status(self) -> str:
        if self.delivered_at is not None:
            return "delivered"
        return "failed" if self.next_at is None else "pending"


class Attempt(models.Model):
    """What came of sending a delivery once. A number that is missing is that of a worker that went away."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    number = models.PositiveSmallIntegerField(help_text="from 1")
    at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.TextField(blank=True, help_text="the first bytes of its body")
    error = models.TextField(blank=True, help_text="why there was no answer, or nothing was sent")

    class Meta:
        constraints = [models.UniqueConstraint(name="attempt_once", fields=["delivery", "number"])]

    def __str__(self) -> str:
        return f"attempt {self.number} of delivery {self.delivery_id}: {self.status_code or self.error}"
