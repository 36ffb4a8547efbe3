"""What the audit trail tells, as people read it."""

import re
from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()

_IS_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # its beginning tells it from others


@register.filter
def deed(action: str) -> str:
    """`api_key.revoke` in words; what has none is told as it is."""
    words = {
        "tenant.create": _("Team created"),
        "user.create": _("Account created"),
        "member.add": _("Member added"),
        "member.role_set": _("Role changed"),
        "member.remove": _("Member removed"),
        "invitation.create": _("Invitation made"),
        "invitation.revoke": _("Invitation taken back"),
        "invitation.accept": _("Invitation accepted"),
        "api_key.create": _("Key made"),
        "api_key.reroll": _("Key rerolled"),
        "api_key.revoke": _("Key revoked"),
        "api_key.limit": _("Caps of a key changed"),
        "api_key.authenticate": _("Key refused"),
        "api_key.use": _("Key without the scope"),
        "account.open": _("Account opened"),
        "account.plan_set": _("Plan changed"),
        "account.raise": _("Quota raised"),
        "account.suspend": _("Team suspended"),
        "account.resume": _("Suspension ended"),
        "own_cost.set": _("Own cost changed"),
        "visit.begin": _("Visit of an operator begun"),
        "visit.page": _("Page seen by an operator"),
        "visit.end": _("Visit of an operator ended"),
        "cache.purge": _("Cache emptied"),
        "label.policy": _("Label changed"),
        "storage.policy": _("What is kept changed"),
        "alert.policy": _("Alerts changed"),
        "webhook.create": _("Webhook made"),
        "webhook.change": _("Webhook changed"),
        "webhook.delete": _("Webhook deleted"),
        "webhook.rotate": _("Webhook's secret replaced"),
        "destination.create": _("Destination made"),
        "destination.change": _("Destination changed"),
        "destination.delete": _("Destination deleted"),
    }
    return words.get(action, action)


@register.filter
def facts(details: dict[str, Any]) -> list[tuple[str, str]]:
    """What an entry tells beside that, as names and values; what is not set is left out."""
    words = {
        "name": _("name"),
        "username": _("user name"),
        "email": _("e-mail address"),
        "role": _("role"),
        "before": _("before"),
        "days": _("days"),
        "scopes": _("scopes"),
        "grace_seconds": _("seconds of grace"),
        "plan": _("plan"),
        "keep_texts": _("keeps texts"),
        "keep_days": _("days kept"),
        "key_id": _("key"),
        "invitation_id": _("invitation"),
    }
    told = {name: value for name, value in details.items() if value not in (None, "", [])}
    return [(words.get(name, name), _value(value)) for name, value in told.items()]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)[:8] if _IS_ID.fullmatch(str(value)) else str(value)
