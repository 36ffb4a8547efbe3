"""Where a team's programs listen, what they are told, and how often that was tried."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Tenant
from webhooks.outbox import Receiver, Sending, SendingAttempt


class Endpoint(Receiver):
    """An address of a tenant's that messages are sent to."""

    url = models.CharField(max_length=2048)
    events = ArrayField(models.CharField(max_length=64), default=list, help_text="types; empty is all")
    secret = models.CharField(max_length=128)
    previous_secret = models.CharField(max_length=128, blank=True, help_text="signs too until its end")
    previous_secret_until = models.DateTimeField(null=True, blank=True)

    class Meta(Receiver.Meta):
        constraints: ClassVar = [
            *Receiver.Meta.constraints,
            models.CheckConstraint(
                name="endpoint_previous_secret_ends",
                condition=Q(previous_secret="", previous_secret_until__isnull=True)
                | (~Q(previous_secret="") & Q(previous_secret_until__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.url


class Message(models.Model):
    """One event as a tenant's endpoints are told it; written in the transaction of what it tells."""

    id = models.CharField(primary_key=True, max_length=36, help_text="msg_…, the same at every attempt")
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    type = models.CharField(max_length=64)
    body = models.TextField(help_text="JSON, to the byte as it is signed and sent")
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class Delivery(Sending):
    """A message on its way to an endpoint."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")

    class Meta(Sending.Meta):
        indexes: ClassVar = [
            models.Index(name="deliveries_due", fields=["next_at"], condition=Q(next_at__isnull=False)),
            models.Index(name="deliveries_being_sent", fields=["endpoint"], condition=Q(leased_until__isnull=False)),
            models.Index(name="deliveries_of_an_endpoint", fields=["endpoint", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} to {self.endpoint_id}"


class Attempt(SendingAttempt):
    """What came of sending a delivery once."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts", db_index=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(name="attempt_once", fields=["delivery", "number"])]
