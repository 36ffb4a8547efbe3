"""The audit trail: one function writes it, one keeps a flood of failures from filling it."""

import ipaddress
from datetime import UTC, datetime
from typing import Any

from django.core.cache import cache

from accounts.models import AuditEvent, Tenant

OK = "OK"
MALFORMED = "MALFORMED"
NOT_FOUND = "NOT_FOUND"
DISABLED = "DISABLED"
EXPIRED = "EXPIRED"
INSUFFICIENT_PERMISSIONS = "INSUFFICIENT_PERMISSIONS"

REFUSALS_AUDITED_PER_MINUTE = 20  # of one address; the rest of that minute is refused all the same, but unwritten


def record(
    *,
    action: str,
    actor: str,
    outcome: str = OK,
    tenant: Tenant | None = None,
    ip: str | None = None,
    details: dict[str, Any] | None = None,
) -> AuditEvent:
    return AuditEvent.objects.create(
        action=action, actor=actor, outcome=outcome, tenant=tenant, ip=_address(ip), details=details or {}
    )


def record_refusal(
    *,
    action: str,
    actor: str,
    outcome: str,
    tenant: Tenant | None = None,
    ip: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Like `record`, at most REFUSALS_AUDITED_PER_MINUTE times a minute and network."""
    key = f"accounts:refusals:{network(ip)}:{_minute()}"
    cache.add(key, 0, timeout=120)
    if cache.incr(key) <= REFUSALS_AUDITED_PER_MINUTE:
        record(action=action, actor=actor, outcome=outcome, tenant=tenant, ip=ip, details=details)


def _address(ip: str | None) -> str | None:
    """The address in its plain form, or None where a proxy sent something that is none: that fails no request."""
    try:
        address = ipaddress.ip_address((ip or "").partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def network(ip: str | None) -> str:
    """Whom to count a refusal against: one caller owns a whole IPv6 /64."""
    address = _address(ip)
    if address is None:
        return "unknown"
    return str(ipaddress.ip_network((address, 64 if ":" in address else 32), strict=False))


def _minute() -> str:
    return f"{datetime.now(UTC):%Y%m%d%H%M}"
