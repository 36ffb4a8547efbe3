"""Where a team wants its files, which are on their way there, and how often that was tried."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from webhooks.addresses import LONGEST_URL
from webhooks.outbox import Receiver, Sending, SendingAttempt

LONGEST_NAME = 1024  # bytes of UTF-8, as S3 has it


class DestinationKind(models.TextChoices):
    HTTP = "http"  # an address that takes PUT
    S3 = "s3"  # a bucket of S3, or of a server that speaks like it


_WHOLE_HTTP = Q(kind=DestinationKind.HTTP, bucket="", access_key_id="", secret_access_key="")
_WHOLE_S3 = Q(kind=DestinationKind.S3, headers={}) & ~Q(bucket="") & ~Q(access_key_id="") & ~Q(secret_access_key="")


class Destination(Receiver):
    """A place of a tenant's that the files of its jobs are put to."""

    kind = models.CharField(max_length=4, choices=DestinationKind)
    url = models.CharField(max_length=LONGEST_URL, help_text="of HTTP the folder, of S3 the endpoint")
    is_default = models.BooleanField(default=False, help_text="of the jobs that name none")
    headers = models.JSONField(default=dict, blank=True, help_text="sent with each file, over HTTP")
    bucket = models.CharField(max_length=63, blank=True)
    region = models.CharField(max_length=64, blank=True)
    prefix = models.CharField(max_length=512, blank=True, help_text="before each object's name")
    access_key_id = models.CharField(max_length=128, blank=True)
    secret_access_key = models.CharField(max_length=256, blank=True)
    virtual_host = models.BooleanField(default=False, help_text="the bucket's name is part of the host's")

    class Meta(Receiver.Meta):
        constraints: ClassVar = [
            *Receiver.Meta.constraints,
            models.UniqueConstraint(name="destination_default_once", fields=["tenant"], condition=Q(is_default=True)),
            models.CheckConstraint(
                name="destination_is_whole",
                condition=_WHOLE_HTTP | _WHOLE_S3,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.url} {self.bucket}".strip()


class FileDelivery(Sending):
    """A result on its way to a destination; a replay is another one of the same name."""

    destination = models.ForeignKey(Destination, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    job = models.ForeignKey("tts_engine.Job", on_delete=models.CASCADE, related_name="+", db_index=False)
    synthesis = models.ForeignKey("tts_engine.Synthesis", on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=LONGEST_NAME, help_text="below the destination's own address, always the same")
    size = models.PositiveBigIntegerField(help_text="bytes")
    replay = models.BooleanField(default=False)

    class Meta(Sending.Meta):
        constraints: ClassVar = [
            *Sending.Meta.constraints,
            models.UniqueConstraint(
                name="file_delivered_once", fields=["synthesis", "destination"], condition=Q(replay=False)
            ),
        ]
        indexes: ClassVar = [
            models.Index(name="files_due", fields=["next_at"], condition=Q(next_at__isnull=False)),
            models.Index(name="files_being_sent", fields=["destination"], condition=Q(leased_until__isnull=False)),
            models.Index(name="files_of_a_destination", fields=["destination", "-id"]),
            models.Index(name="files_of_a_job", fields=["job"]),
            models.Index(name="files_of_a_job_due", fields=["job"], condition=Q(next_at__isnull=False)),
            models.Index(name="files_by_age", fields=["created_at"]),
            # Whoever deletes a synthesis has the database look for what points to it.
            models.Index(name="files_of_a_synthesis", fields=["synthesis"]),
        ]

    def __str__(self) -> str:
        return f"{self.name} to {self.destination_id}"


class FileAttempt(SendingAttempt):
    """What came of sending a file once."""

    delivery = models.ForeignKey(FileDelivery, on_delete=models.CASCADE, related_name="attempts", db_index=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(name="file_attempt_once", fields=["delivery", "number"])]
