"""Who did something, as people read it. The audit trail says `user:NAME`, `key:ID` or `operator`."""

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def who(actor: str) -> str:
    """A member by name; a key, whose id says nothing to people, as one."""
    kind, _colon, name = actor.partition(":")
    return _("API key") if kind == "key" else name or kind
