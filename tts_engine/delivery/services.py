"""What changes destinations, and what hands results over to them."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Tenant
from accounts.waking import wake
from tts_engine.delivery import members, selectors
from tts_engine.delivery.courier import courier
from tts_engine.delivery.models import Destination, FileDelivery
from tts_engine.errors import DestinationDisabled, DestinationInUse, DestinationNotFound, TooManyDestinations
from tts_engine.jobs.models import Job, JobItem, numbered
from tts_engine.models import Synthesis
from tts_engine.speech.audio.formats import FORMATS
from webhooks.outbox import Reason

FORGOTTEN_AT_ONCE = 1000


def destination_create(*, tenant_id: UUID, kind: str, actor: str, **given: Any) -> Destination:
    """An enabled destination; `given` are members of `Destination` that its kind has.

    Raises:
        AddressError, DestinationInvalid, TooManyDestinations
    """
    destination = members.checked(Destination(tenant_id=tenant_id, kind=kind), given)
    with transaction.atomic():
        _lock_tenant(tenant_id)
        if selectors.destinations(tenant_id).count() >= settings.DELIVERY_DESTINATIONS:
            most = settings.DELIVERY_DESTINATIONS
            raise TooManyDestinations(f"A team has at most {most} destinations; delete one first.")
        _make_room_for_default(destination)
        destination.save(force_insert=True)
        _record("destination.create", destination, actor, kind=kind)
    destination.refresh_from_db()
    return destination


def destination_change(
    *, destination: Destination, enabled: bool | None = None, actor: str, **given: Any
) -> Destination:
    """Change what is given. Enabling forgets that it was failing.

    Raises:
        AddressError, DestinationInvalid
    """
    members.checked(destination, given)  # asks the resolver, which no lock should wait for
    with transaction.atomic():
        _lock_tenant(destination.tenant_id)
        destination = members.set_in(_locked(destination.id), given)
        if "url" in given:
            destination.failing_since = None
        if enabled:
            destination.enable()
        elif enabled is False and destination.enabled:
            destination.disable(Reason.ASKED)
        _make_room_for_default(destination)
        destination.save()
        _record("destination.change", destination, actor, changed=sorted(given), enabled=destination.enabled)
    return destination


@transaction.atomic
def destination_delete(*, destination: Destination, actor: str) -> None:
    """With its deliveries; what is being put to it just now may still arrive.

    Raises:
        DestinationInUse
    """
    destination = _locked(destination.id, no_key=False)  # whoever hands over to it just now goes first
    job = Job.objects.filter(destination=destination, finished_at=None, deleted_at=None).first()
    if job is not None:
        raise DestinationInUse(f"The job {job.id} puts its results there; cancel or delete it first.")
    _record("destination.delete", destination, actor)
    destination.delete()


def hand_over(synthesis: Synthesis, *, size: int) -> bool:
    """Have the result of a job's row put to the job's destination; False if it has none.

    Belongs into the transaction that ends the row: then no result is forgotten and none is put twice.
    """
    item = JobItem.objects.filter(synthesis=synthesis.id, job__destination__isnull=False).select_related("job").first()
    if item is None:
        return False
    with connection.cursor() as cursor:
        # The lock lasts until the commit: a destination deleted meanwhile must not make this transaction fail.
        cursor.execute(
            """
            INSERT INTO tts_engine_filedelivery (destination_id, job_id, synthesis_id, name, size, replay, attempt)
            SELECT id, %s, %s, %s, %s, false, 0 FROM tts_engine_destination WHERE id = %s FOR KEY SHARE
            ON CONFLICT DO NOTHING
            """,
            [item.job_id, synthesis.id, name_of(item, synthesis), size, item.job.destination_id],
        )
        handed: bool = cursor.rowcount == 1
    transaction.on_commit(courier().wake)
    return handed


def name_of(item: JobItem, synthesis: Synthesis) -> str:
    """Of an item's file: the job's folder, then what the item is called. The same at every attempt."""
    own = item.file_name or numbered(item.number)
    return f"{item.job_id}/{own}{FORMATS[synthesis.audio_format].extension}"


@transaction.atomic
def delivery_replay(*, delivery: FileDelivery) -> FileDelivery:
    """The same file once more, under the same name, with all its attempts, as a new delivery.

    Raises:
        DestinationDisabled
    """
    destination = _locked_enabled(delivery.destination_id)
    again = FileDelivery.objects.create(
        destination=destination,
        job=delivery.job,
        synthesis=delivery.synthesis,
        name=delivery.name,
        size=delivery.size,
        replay=True,
    )
    transaction.on_commit(wake_courier)
    return again


@transaction.atomic
def failed_replay(*, destination: Destination) -> int:
    """Replay what was given up and has not arrived since; how many.

    Raises:
        DestinationDisabled
    """
    destination = _locked_enabled(destination.id)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO tts_engine_filedelivery (destination_id, job_id, synthesis_id, name, size, replay, attempt)
            SELECT DISTINCT ON (synthesis_id) destination_id, job_id, synthesis_id, name, size, true, 0
            FROM tts_engine_filedelivery failed
            WHERE destination_id = %s AND next_at IS NULL AND delivered_at IS NULL AND NOT EXISTS (
                SELECT FROM tts_engine_filedelivery other
                WHERE other.synthesis_id = failed.synthesis_id AND other.destination_id = failed.destination_id
                  AND (other.next_at IS NOT NULL OR other.delivered_at IS NOT NULL)
            )
            ORDER BY synthesis_id
            """,
            [destination.id],
        )
        count: int = cursor.rowcount
    transaction.on_commit(wake_courier)
    return count


def forget_old_deliveries() -> int:
    """Delete deliveries older than `WEBHOOK_KEEP` that have ended, some at a time; how many."""
    old = FileDelivery.objects.filter(created_at__lt=timezone.now() - settings.WEBHOOK_KEEP, next_at=None)
    ids = list(old.order_by("created_at").values_list("id", flat=True)[:FORGOTTEN_AT_ONCE])
    FileDelivery.objects.filter(id__in=ids).delete()
    return len(ids)


def wake_courier() -> None:
    """Have a worker put what is due; if the broker is away, the next beat does."""
    from tts_engine.tasks import deliver_files  # the web process need not load the task before it sends

    wake(deliver_files)


def _lock_tenant(tenant_id: UUID) -> None:
    """One change after the other: they are counted, and one of them is the default."""
    Tenant.objects.select_for_update(no_key=True).get(id=tenant_id)


def _make_room_for_default(destination: Destination) -> None:
    if destination.is_default:
        others = Destination.objects.filter(tenant_id=destination.tenant_id, is_default=True)
        others.exclude(id=destination.id).update(is_default=False)


def _locked(destination_id: UUID, *, no_key: bool = True) -> Destination:
    """As it is now, and stays until the commit. Who only changes it lets others point to it (`no_key`)."""
    found = Destination.objects.select_for_update(no_key=no_key).filter(id=destination_id).first()
    if found is None:
        raise DestinationNotFound(f"There is no destination {destination_id}.")
    return found


def _locked_enabled(destination_id: UUID) -> Destination:
    destination = _locked(destination_id)
    if not destination.enabled:
        raise DestinationDisabled(f"This destination is disabled ({destination.disabled_reason}); enable it first.")
    return destination


def _record(action: str, destination: Destination, actor: str, **details: Any) -> None:
    """In the audit trail, which nobody can erase: of a URL the host alone, for paths may hold secrets."""
    where = {"destination_id": str(destination.id), "host": urlsplit(destination.url).netloc}
    audit.record(action=action, actor=actor, tenant=destination.tenant, details={**where, **details})
