"""A team's pronunciation dictionary and its versions.

A change makes a version, numbered from 1 within the team. An entry is a row that holds from one
version up to another, so a version is all the rows that hold in it, and a change writes no more rows
than it has words.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Tenant
from tts_engine.speech.text.dictionary import Kind


class DictionaryVersion(models.Model):
    """What one change did; the newest is the dictionary."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=150, help_text="in the words of the audit trail")
    action = models.CharField(max_length=16, help_text="put, delete, import or restore")
    added = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    removed = models.PositiveIntegerField()
    entries = models.PositiveIntegerField(help_text="how many the version has")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(name="dictionary_version_once", fields=["tenant", "number"])]

    def __str__(self) -> str:
        return f"{self.tenant_id} version {self.number}"


class DictionaryEntry(models.Model):
    """How a word is said in the versions from `since` up to and without `until`; None is from then on."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    word = models.TextField()
    kind = models.CharField(max_length=16)
    value = models.TextField()
    since = models.PositiveIntegerField()
    until = models.PositiveIntegerField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="dictionary_word_once", fields=["tenant", "word"], condition=Q(until__isnull=True)
            ),
            models.CheckConstraint(name="dictionary_kind_known", condition=Q(kind__in=[kind.value for kind in Kind])),
            models.CheckConstraint(
                name="dictionary_holds_for_a_while", condition=Q(until__isnull=True) | Q(until__gt=F("since"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.word}: {self.kind} {self.value}"
