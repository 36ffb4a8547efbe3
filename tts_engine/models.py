"""One request for speech and its result: the row that history, usage and billing all read."""

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import ApiKey, Member, Tenant

if TYPE_CHECKING:
    from tts_engine.cache import Found


class Status(models.TextChoices):
    """queued -> running -> done | failed | cancelled; each step is one conditional UPDATE.

    Those of a paused job are held, and queued again when it goes on.
    """

    QUEUED = "queued"
    HELD = "held"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class InputType(models.TextChoices):
    """How the text of a request is written."""

    TEXT = "text"
    TAGS = "tags"  # text with [pause:1s] and the like
    SSML = "ssml"


class Labelling(models.TextChoices):
    """How speech tells that it was generated (GB 45438-2025)."""

    IMPLICIT = "implicit"  # in the file's metadata
    AUDIBLE = "audible"  # there, and by a cue before the speech
    NONE = "none"


# Not ended: nothing is billed yet, and all of it is reserved.
OPEN = (Status.QUEUED, Status.HELD, Status.RUNNING)

# Added to the priority of a plan, and more than any two plans differ by: all that somebody waits for goes before.
JOB_PRIORITY = 10_000
NOBODY_WAITS = JOB_PRIORITY // 2  # the priorities from here on


class Synthesis(models.Model):
    repeats: "Found | None" = None  # what was found in the cache for it

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    api_key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, null=True, related_name="+")
    member = models.ForeignKey(  # the number stays when the member leaves: it is what usage is summed by
        Member, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    job = models.ForeignKey("tts_engine.Job", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())

    # What was asked for
    text = models.TextField()
    input_type = models.CharField(max_length=10, choices=InputType, default=InputType.TEXT, db_default=InputType.TEXT)
    voice_aliases = models.JSONField(null=True)  # names in the text to voices; null is none
    # The entries of the team's dictionary that occurred in it when it was taken in: [word, kind, value], ...
    dictionary = ArrayField(ArrayField(models.TextField(), size=3), null=True)
    model = models.CharField(max_length=100)  # as the caller named it
    voice = models.CharField(max_length=100)
    voice_revision = models.CharField(max_length=100)
    emotion = models.CharField(max_length=20)
    emotion_intensity = models.FloatField()
    speed = models.FloatField()
    pitch = models.FloatField()  # semitones
    volume = models.FloatField()  # dB
    sample_rate = models.PositiveIntegerField()  # Hz, of the encoded audio
    audio_format = models.CharField(max_length=10)
    loudness = models.FloatField(null=True)  # LUFS; null: as loud as the voice is
    leading_silence_ms = models.PositiveIntegerField(null=True)  # null: the voice's own
    trailing_silence_ms = models.PositiveIntegerField(null=True)
    label = models.CharField(max_length=10, choices=Labelling, default=Labelling.IMPLICIT)
    cache_key = models.CharField(max_length=64, blank=True)  # empty: neither looked for nor found
    # By its tenant's StoragePolicy. A trigger sets it when the row is added, and where it is false takes the words
    # out of the row when it ends.
    keeps_text = models.BooleanField(db_default=True)

    # Its life in the queue
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    priority = models.SmallIntegerField(default=0)
    start_tag = models.BigIntegerField(null=True)  # fair-queueing order; null when served from the cache
    finish_tag = models.BigIntegerField(null=True)  # where the order of its last character ends
    deadline = models.DateTimeField(null=True)  # when its caller will wait no longer for it to start
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=50, blank=True)
    error_message = models.TextField(blank=True)

    # The facts any price list can be applied to
    characters = models.PositiveIntegerField()  # billable
    billed_characters = models.PositiveIntegerField(null=True)  # null until it is settled or released
    hanzi = models.PositiveIntegerField()
    other_characters = models.PositiveIntegerField()
    gbk_bytes = models.PositiveIntegerField()
    utf8_bytes = models.PositiveIntegerField()
    normalised_characters = models.PositiveIntegerField()
    audio_ms = models.PositiveIntegerField(null=True)
    queue_ms = models.PositiveIntegerField(null=True)
    first_byte_ms = models.PositiveIntegerField(null=True)  # from its start in the worker
    synthesis_ms = models.PositiveIntegerField(null=True)
    cache_hit = models.BooleanField(default=False)
    # SHA-256 of the files as they were made; null until it is done, and of what an older version made.
    master_sha256 = models.BinaryField(null=True, max_length=32)
    answer_sha256 = models.BinaryField(null=True, max_length=32)
    sentences = models.PositiveSmallIntegerField(db_default=0)  # that a worker had to find or to speak
    sentences_cached = models.PositiveSmallIntegerField(db_default=0)  # of these, found or spoken for another request

    deleted_at = models.DateTimeField(null=True)  # text and audio are gone, the counts stay

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="synthesis_status_known", condition=Q(status__in=Status.values)),
            models.CheckConstraint(
                name="synthesis_running_has_lease",
                condition=~Q(status=Status.RUNNING) | Q(lease_expires_at__isnull=False),
            ),
            models.CheckConstraint(
                name="synthesis_ended_is_accounted",
                condition=Q(status__in=OPEN) | Q(finished_at__isnull=False, billed_characters__isnull=False),
            ),
            models.CheckConstraint(
                name="synthesis_never_billed_above_count",
                condition=Q(billed_characters__isnull=True) | Q(billed_characters__lte=models.F("characters")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(name="synthesis_queue", fields=["priority", "start_tag"], condition=Q(status=Status.QUEUED)),
            # Holds all that the expected wait of a new request asks for.
            models.Index(
                name="synthesis_unfinished",
                fields=["priority", "start_tag"],
                include=["status", "finish_tag", "normalised_characters"],
                condition=Q(status__in=(Status.QUEUED, Status.RUNNING)),
            ),
            models.Index(name="synthesis_leases", fields=["lease_expires_at"], condition=Q(status=Status.RUNNING)),
            # The queue's virtual time is the greatest start tag that was ever given service.
            models.Index(
                name="synthesis_served", fields=["start_tag"], condition=Q(attempt__gt=0, priority__lt=NOBODY_WAITS)
            ),
            models.Index(
                name="synthesis_served_jobs",
                fields=["start_tag"],
                condition=Q(attempt__gt=0, priority__gte=NOBODY_WAITS),
            ),
            models.Index(name="synthesis_of_job", fields=["job"], condition=Q(job__isnull=False)),
            models.Index(
                name="synthesis_open_of_job",
                fields=["job", "start_tag"],
                condition=Q(job__isnull=False, status__in=OPEN),
            ),
            models.Index(name="synthesis_history", fields=["tenant", "-created_at", "-id"]),
            # Holds all that usage over time asks for, so that the rows themselves, with their texts, stay unread.
            models.Index(
                name="synthesis_usage",
                fields=["tenant", "created_at"],
                include=["billed_characters", "api_key", "member", "model"],
                condition=Q(status=Status.DONE),
            ),
            models.Index(
                name="synthesis_cache",
                fields=["tenant", "cache_key", "-created_at"],  # the newest at once, however often it was repeated
                condition=Q(status=Status.DONE, deleted_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def billable(self) -> int:
        """What it bills, or will if it is spoken."""
        return self.characters if self.billed_characters is None else self.billed_characters


class CachePurge(models.Model):
    """Up to when the results of a tenant, or those of one voice, are no longer found by the cache."""

    ALL = ""  # voices

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    voice = models.CharField(max_length=100, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(name="cache_purge_once", fields=["tenant", "voice"])]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.voice or 'all voices'}, {self.at}"


class IdempotencyKey(models.Model):
    """What a caller named a request, so that sending it again bills once; kept `IDEMPOTENCY_KEEP` long."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # SHA-256 of what was asked for
    synthesis = models.ForeignKey(Synthesis, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(name="idempotency_key_once", fields=["tenant", "key"])]

    def __str__(self) -> str:
        return self.key


class QuarantinedText(models.Model):
    """A text of which workers died, as `quarantine.fingerprint` knows it."""

    fingerprint = models.CharField(max_length=64, primary_key=True)
    synthesis = models.ForeignKey(Synthesis, on_delete=models.CASCADE, related_name="+")  # that showed it
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.fingerprint


class LabelPolicy(models.Model):
    """Which label a tenant's speech has where a request does not say, and whether it may have none."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, primary_key=True, related_name="+")
    default = models.CharField(max_length=10, choices=Labelling, default=Labelling.IMPLICIT)
    may_omit = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="label_policy_default_known", condition=Q(default__in=Labelling.values)),
            models.CheckConstraint(
                name="label_policy_default_allowed", condition=~Q(default=Labelling.NONE) | Q(may_omit=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.default}"


# Django finds an app's models in this module; these are kept with what belongs to them.
from tts_engine.delivery.models import Destination, FileAttempt, FileDelivery  # noqa: E402
from tts_engine.dictionary.models import DictionaryEntry, DictionaryVersion  # noqa: E402
from tts_engine.jobs.models import Job, JobItem  # noqa: E402
from tts_engine.retention.models import StoragePolicy  # noqa: E402

__all__ = [
    "CachePurge",
    "Destination",
    "DictionaryEntry",
    "DictionaryVersion",
    "FileAttempt",
    "FileDelivery",
    "IdempotencyKey",
    "InputType",
    "Job",
    "JobItem",
    "LabelPolicy",
    "Labelling",
    "QuarantinedText",
    "Status",
    "StoragePolicy",
    "Synthesis",
]
