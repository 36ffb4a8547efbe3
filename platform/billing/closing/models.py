"""What the books keep of a tenant that was deleted. See docs/decisions/0017."""

from django.db import models


class ClosedMonth(models.Model):
    """What one deleted tenant was billed in one calendar month of its own. Nothing here tells who it was."""

    books = models.UUIDField(help_text="the same for all months of one; told by the report of its deletion alone")
    month = models.DateField(help_text="its first day")
    requests = models.BigIntegerField()
    cached = models.BigIntegerField()
    failed = models.BigIntegerField()
    billed_characters = models.BigIntegerField()
    audio_ms = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(name="closed_month_once", fields=["books", "month"])]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} of {self.books}: {self.billed_characters} characters"
