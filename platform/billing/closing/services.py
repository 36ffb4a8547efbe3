"""Closing the books of a tenant that is to be deleted."""

from uuid import UUID, uuid4

from django.db.models import Sum
from django.db.models.functions import TruncMonth

from accounts.models import Tenant
from billing.closing.models import ClosedMonth
from billing.errors import OpenRequests
from billing.models import Account, DailyUsage

SUMS = ("requests", "cached", "failed", "billed_characters", "audio_ms")


def require_nothing_open(tenant: Tenant) -> None:
    """Hold its account, so that nothing is reserved meanwhile. Raises OpenRequests."""
    account = Account.objects.select_for_update().filter(tenant=tenant).first()
    open_requests = account.open_requests + account.open_job_rows if account else 0
    if open_requests:
        raise OpenRequests(
            f"{open_requests} requests of {tenant} have not ended: suspend it, cancel its jobs and wait for the others."
        )


def books_close(tenant: Tenant) -> UUID:
    """Keep the sums of its months under a number that nothing else has; the number."""
    books = uuid4()
    months = DailyUsage.objects.filter(tenant=tenant).values(month=TruncMonth("day"))
    kept = [ClosedMonth(books=books, **month) for month in months.annotate(**{name: Sum(name) for name in SUMS})]
    ClosedMonth.objects.bulk_create(kept)
    return books
