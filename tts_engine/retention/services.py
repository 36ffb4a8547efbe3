"""Changing what is kept, and carrying it out.

What is asked for from the change on follows it at once. What was asked for before is gone through in the
background, the oldest first, some rows in a transaction; the policy's row remembers how far that has come.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import Tenant
from accounts.waking import wake
from tts_engine import eviction, store
from tts_engine.errors import UnacceptableRetention
from tts_engine.jobs.models import Job, JobItem, JobStatus
from tts_engine.jobs.services import job_delete
from tts_engine.models import OPEN, Synthesis
from tts_engine.retention.models import LONGEST_DAYS, StoragePolicy
from tts_engine.services import NO_WORDS

log = structlog.get_logger()

AT_ONCE = 500  # rows of one transaction, and their files
# After texts were switched off, a request that was taken in at that very moment may still have its own.
SETTLING = timedelta(minutes=1)


@transaction.atomic
def policy_set(*, tenant: Tenant, keep_texts: bool, keep_days: int | None, actor: str) -> StoragePolicy:
    """From now on; what was asked for before follows within the hour. What is gone does not come back.

    Raises UnacceptableRetention.
    """
    if keep_days is not None and not 1 <= keep_days <= LONGEST_DAYS:
        raise UnacceptableRetention(f"keep_days is from 1 to {LONGEST_DAYS}, or nothing to keep for ever.")
    StoragePolicy.objects.get_or_create(tenant=tenant)
    policy = StoragePolicy.objects.select_for_update().get(tenant=tenant)
    if (policy.keeps_texts, policy.keep_days) == (keep_texts, keep_days):
        return policy
    if policy.keeps_texts and not keep_texts:
        _stop_keeping_texts(policy)
    elif keep_texts:
        policy.texts_off_since = None
    policy.keep_days = keep_days
    policy.save()
    details = {"keep_texts": keep_texts, "keep_days": keep_days}
    audit.record(action="storage.policy", actor=actor, tenant=tenant, details=details)
    transaction.on_commit(_wake)
    return policy


def _stop_keeping_texts(policy: StoragePolicy) -> None:
    """What waits or is spoken just now loses its text when it ends, like all that is asked for from now on."""
    policy.texts_off_since, policy.texts_gone_upto = timezone.now(), None
    Synthesis.objects.filter(tenant_id=policy.tenant_id, status__in=OPEN).update(keeps_text=False)


def _wake() -> None:
    from tts_engine.tasks import keep_to_policies  # the web process need not load the worker before it sends

    wake(keep_to_policies)


def carry_out() -> None:
    """Remove what policies keep no longer; what is left undone, the next time does."""
    off = Q(texts_off_since__isnull=False)
    for policy in StoragePolicy.objects.filter(off | Q(keep_days__isnull=False)):
        if not policy.keeps_texts:
            _go_on(policy, _forget_some_texts)
        if policy.keep_days is not None:
            before = timezone.now() - timedelta(days=policy.keep_days)
            _delete_jobs(policy, before)
            _go_on(policy, _delete_some)
            eviction.remove_unused(policy.tenant_id, since=before)


def _go_on(policy: StoragePolicy, some: Callable[[StoragePolicy], bool]) -> None:
    """Do some after some until there is nothing left, or another worker has this tenant's policy in hand."""
    left = True
    while left:
        with transaction.atomic():
            held = StoragePolicy.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=policy.pk).first()
            left = held is not None and some(held)


def _forget_some_texts(policy: StoragePolicy) -> bool:
    """Of what was asked for before texts were switched off; whether there may be more."""
    if policy.texts_off_since is None:
        return False
    upto = min(policy.texts_off_since + SETTLING, timezone.now())
    if policy.texts_gone_upto and policy.texts_gone_upto >= upto:
        return False
    own = Synthesis.objects.filter(tenant_id=policy.tenant_id)
    rows = own.exclude(status__in=OPEN)
    last = _nth(rows, policy.texts_gone_upto, upto)
    if last is None:
        own.filter(status__in=OPEN).update(keeps_text=False)
        eviction.remove(policy.tenant_id)  # each sentence has its characters beside its sound
        JobItem.objects.filter(job__tenant=policy.tenant_id, job__finished_at__isnull=False).update(text="")
        _come_to(policy, texts_gone_upto=upto)
        return False
    batch = _until(rows, policy.texts_gone_upto, last)
    for synthesis in batch:
        store.delete_times(synthesis)
    batch.update(**NO_WORDS, keeps_text=False)
    _come_to(policy, texts_gone_upto=last)
    return True


def _delete_some(policy: StoragePolicy) -> bool:
    """Of what is kept no longer; rows of jobs go with their job. Whether there may be more."""
    if policy.keep_days is None:
        return False
    rows = Synthesis.objects.filter(tenant_id=policy.tenant_id, job=None).exclude(status__in=OPEN)
    last = _nth(rows, policy.deleted_upto, timezone.now() - timedelta(days=policy.keep_days))
    if last is None:
        return False
    batch = _until(rows, policy.deleted_upto, last)
    for synthesis in batch:
        store.delete(synthesis)
    count = batch.filter(deleted_at=None).update(**NO_WORDS, deleted_at=timezone.now())
    _come_to(policy, deleted_upto=last)
    log.info("retention", tenant=str(policy.tenant_id), deleted=count)
    return True


def _delete_jobs(policy: StoragePolicy, before: datetime) -> None:
    """Those that ended then, and drafts that were never started."""
    over = Q(finished_at__lt=before) | Q(status=JobStatus.DRAFT, created_at__lt=before)
    for job in Job.objects.filter(over, tenant_id=policy.tenant_id, deleted_at=None):
        job_delete(job)


def _nth(rows: QuerySet[Synthesis], after: datetime | None, upto: datetime) -> datetime | None:
    """When the last of some rows was asked for; None without any. Rows of one moment are never parted."""
    moments = _until(rows, after, upto).order_by("created_at").values_list("created_at", flat=True)[:AT_ONCE]
    return max(moments, default=None)


def _until(rows: QuerySet[Synthesis], after: datetime | None, upto: datetime) -> QuerySet[Synthesis]:
    later = rows if after is None else rows.filter(created_at__gt=after)
    return later.filter(created_at__lte=upto)


def _come_to(policy: StoragePolicy, **places: datetime) -> None:
    StoragePolicy.objects.filter(pk=policy.pk).update(**places)
