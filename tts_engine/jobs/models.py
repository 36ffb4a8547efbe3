"""A job: one long text or a table of many texts, made of Syntheses.

A draft has its items only. Its start reserves all of them and makes one Synthesis each, and from then on
each lives the life that every Synthesis lives; the job merely holds, releases and counts them.
"""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import ApiKey, Member, Tenant

LONGEST_NAME = 200  # of a job, a chapter, a file


class JobKind(models.TextChoices):
    TEXT = "text"  # its items are the parts of one text, in order
    TABLE = "table"  # its items are texts of their own


class JobStatus(models.TextChoices):
    """draft -> running <-> paused -> done | cancelled; failed items can be retried, and then it runs again."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"  # what was being spoken at that moment is spoken to its end


class Job(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False)
    api_key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    member = models.ForeignKey(  # as of a Synthesis
        Member, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    created_at = models.DateTimeField(db_default=Now())
    name = models.CharField(max_length=LONGEST_NAME, blank=True)
    kind = models.CharField(max_length=5, choices=JobKind)
    status = models.CharField(max_length=9, choices=JobStatus, default=JobStatus.DRAFT)
    order = models.JSONField()  # the members of `services.Order` that hold for all items
    destination = models.ForeignKey(  # that the results are put to
        "tts_engine.Destination", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    delivered_at = models.DateTimeField(null=True)  # once it has finished and nothing is on its way there any more
    rows = models.PositiveIntegerField(default=0)  # its items
    characters = models.BigIntegerField(default=0)  # billable, of all items together
    facts = models.JSONField(default=dict)  # sums of the items, by the names of `billing.price_book.facts.FACTS`
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)  # once its last item has ended, also of a cancelled one
    deleted_at = models.DateTimeField(null=True)  # nobody finds it any more; texts and audio go in the background
    idempotency_key = models.CharField(max_length=255, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)  # SHA-256 of what was asked for under that key

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="job_status_known", condition=Q(status__in=JobStatus.values)),
            models.CheckConstraint(
                name="job_started_unless_draft",
                condition=Q(status__in=(JobStatus.DRAFT, JobStatus.CANCELLED)) | Q(started_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="job_once_a_key", fields=["tenant", "idempotency_key"], condition=~Q(idempotency_key="")
            ),
        ]
        indexes: ClassVar = [
            models.Index(name="job_history", fields=["tenant", "-created_at", "-id"]),
            models.Index(  # what the sweeper looks at
                name="job_open",
                fields=["status"],
                condition=Q(finished_at__isnull=True) & ~Q(status=JobStatus.DRAFT),
            ),
            models.Index(  # what the sweeper looks at, too
                name="job_undelivered",
                fields=["finished_at"],
                condition=Q(destination__isnull=False, finished_at__isnull=False, delivered_at__isnull=True),
            ),
            models.Index(name="job_deleted", fields=["deleted_at"], condition=Q(deleted_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name or str(self.id)


def numbered(number: int) -> str:
    """What the file of an item without a name is called, without ending."""
    return f"{number:06}"


class JobItem(models.Model):
    """One text of a job: a row of a table, or a part of a long text.

    The texts of a long text's items, one after the other, are that text to the last character.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="items", db_index=False)
    number = models.PositiveIntegerField()  # from 1
    text = models.TextField()
    characters = models.PositiveIntegerField()  # billable
    hanzi = models.PositiveIntegerField()
    gbk_bytes = models.PositiveIntegerField()
    utf8_bytes = models.PositiveIntegerField()
    chapter = models.CharField(max_length=LONGEST_NAME, blank=True)  # whose title it belongs to, of a long text
    voice = models.CharField(max_length=100, blank=True)  # empty: the job's
    emotion = models.CharField(max_length=20, blank=True)  # empty: the job's
    file_name = models.CharField(
        max_length=LONGEST_NAME, blank=True
    )  # of its result, without ending; empty: its number
    # Under an id that is chosen with the draft; the row is there once the job has started.
    synthesis = models.OneToOneField(
        "tts_engine.Synthesis",
        on_delete=models.DO_NOTHING,
        null=True,
        default=uuid.uuid4,
        related_name="job_item",
        db_constraint=False,
    )

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(name="job_item_once", fields=["job", "number"])]

    def __str__(self) -> str:
        return f"{self.job_id} {self.number}"
