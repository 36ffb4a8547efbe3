"""Telling a team's owners and admins, and its programs, that its quota is nearly or wholly used up.

Programs are told by a webhook, queued in the transaction that wrote the alert. People are mailed, and
there the table of alerts is the queue: one is mailed by whoever is woken first and finds `mailed_at`
empty, so a lost or doubled wake-up does no harm. A team hears of each level once a period; a mail
server that is away is tried again by the next beat.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts import audit
from accounts.models import Member, Role, Tenant
from accounts.waking import wake
from billing.alerts.models import Alert, AlertPolicy, Percent
from billing.errors import KeyQuotaExceeded, QuotaExceeded, UnacceptableAddress
from billing.models import Counter
from webhooks.events import Event
from webhooks.services import emit

log = structlog.get_logger()

TOLD_ROLES = (Role.OWNER, Role.ADMIN)


def tell(alert_ids: Sequence[int]) -> None:
    """Tell of alerts that the caller's transaction has written."""
    for alert in Alert.objects.filter(id__in=alert_ids).select_related("counter").order_by("id"):
        counter = alert.counter
        data = {
            "percent": alert.percent,
            "used": alert.used,
            "quota": alert.quota,
            "at": alert.at,
            "period_start": counter.period_start,
            "period_end": counter.period_end,
        }
        emit(counter.tenant_id, Event.QUOTA_ALERT, data)
    transaction.on_commit(wake_mailer)


def wake_mailer() -> None:
    """Have a worker mail what is to be mailed; if the broker is away, the next beat does."""
    from billing.tasks import mail_alerts  # the web process need not load the task before it sends

    wake(mail_alerts)


@contextmanager
def refusal_told(tenant_id: UUID) -> Iterator[None]:
    """Around a transaction that reserves: a quota that refuses is told of once that is gone, and raised as it is."""
    try:
        yield
    except KeyQuotaExceeded:
        raise  # the team has characters left
    except QuotaExceeded as refusal:
        quota_refused(tenant_id, refusal)
        raise


@transaction.atomic
def quota_refused(tenant_id: UUID, refusal: QuotaExceeded) -> None:
    """A quota that refuses is full for its team, though its last characters may never be used.

    Unless a single long text was too much for a quota that is hardly touched.
    """
    if (refusal.used + refusal.reserved) * 100 < refusal.limit * Percent.NEARLY:
        return
    # The refused request's transaction is gone, and with it a counter that it was the first to open.
    counter = Counter.objects.filter(tenant_id=tenant_id, period_end=refusal.resets_at).last()
    if counter is None:
        return
    full = {"used": refusal.used, "quota": refusal.limit, "at": timezone.now()}
    alert, first = Alert.objects.get_or_create(counter=counter, percent=Percent.FULL, defaults=full)
    if first:
        tell([alert.id])


def mail_waiting() -> int:
    """Mail every alert that nobody was told yet; how many. Raises what the mail server raises."""
    count = 0
    while _mail_next():
        count += 1
    return count


@transaction.atomic
def _mail_next() -> bool:
    """Marked in the transaction that mails: if the mail cannot be sent, the mark is not there either."""
    waiting = Alert.objects.select_for_update(skip_locked=True, of=("self",)).select_related("counter__tenant")
    alert = waiting.filter(mailed_at=None).order_by("id").first()
    if alert is None:
        return False
    Alert.objects.filter(id=alert.id).update(mailed_at=Now())
    recipients = addresses(alert)
    if recipients:
        subject, body = letter(alert)
        send_mail(subject, body, None, recipients)
    log.info("quota_alert", tenant=alert.counter.tenant.name, percent=alert.percent, mailed_to=len(recipients))
    return True


def addresses(alert: Alert) -> list[str]:
    """Of the team's owners and admins, those that have one, and whomever its policy names; each once."""
    policy = policy_of(alert.counter.tenant_id)
    told = Member.objects.filter(tenant=alert.counter.tenant_id, role__in=TOLD_ROLES, user__is_active=True)
    admins = told.exclude(user__email="").values_list("user__email", flat=True) if policy.to_admins else ()
    return sorted({*admins, *policy.addresses})


def policy_of(tenant_id: UUID) -> AlertPolicy:
    """What nobody changed writes to owners and admins."""
    return AlertPolicy.objects.filter(tenant_id=tenant_id).first() or AlertPolicy(tenant_id=tenant_id)


def policy_is_set(tenant_id: UUID) -> bool:
    """Whether the team has said who is told."""
    return AlertPolicy.objects.filter(tenant=tenant_id).exists()


@transaction.atomic
def policy_set(*, tenant: Tenant, to_admins: bool, addresses: Sequence[str], actor: str) -> AlertPolicy:
    """From the next alert on. Raises UnacceptableAddress."""
    if len(addresses) > settings.ALERT_ADDRESSES:
        raise UnacceptableAddress(f"At most {settings.ALERT_ADDRESSES} addresses are written to.")
    for address in addresses:
        try:
            validate_email(address)
        except ValidationError as error:
            raise UnacceptableAddress(f"{address!r} is no e-mail address.") from error
    wanted = {"to_admins": to_admins, "addresses": sorted(set(addresses))}
    policy, _ = AlertPolicy.objects.update_or_create(tenant=tenant, defaults=wanted)
    audit.record(action="alert.policy", actor=actor, tenant=tenant, details=wanted)
    return policy


def letter(alert: Alert) -> tuple[str, str]:
    """Subject and text, in the installation's language."""
    with translation.override(settings.LANGUAGE_CODE):
        subject, _, body = render_to_string("mail/quota_alert.txt", {"alert": alert}).partition("\n")
    return subject, body.strip() + "\n"
