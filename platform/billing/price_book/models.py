"""Price books and exchange rates as they were loaded. A trigger refuses to change or delete a row."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class PriceBook(models.Model):
    version = models.CharField(max_length=64, unique=True)
    in_force_from = models.DateField(help_text="until a later one is; among those of one day the last loaded counts")
    content = models.JSONField(help_text="the file, numbers as exact texts")
    content_sha256 = models.CharField(max_length=64)
    loaded_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.version} from {self.in_force_from:%F}"


class ExchangeRate(models.Model):
    """What one unit of a currency is worth in yuan, from that day until the next one's."""

    currency = models.CharField(max_length=3)
    day = models.DateField()
    yuan = models.DecimalField(max_digits=18, decimal_places=8)
    note = models.CharField(max_length=200, blank=True)
    loaded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="exchange_rate_once_a_day", fields=["currency", "day"]),
            models.CheckConstraint(name="exchange_rate_is_positive", condition=Q(yuan__gt=0)),
        ]

    def __str__(self) -> str:
        return f"1 {self.currency} = {self.yuan} CNY from {self.day:%F}"
