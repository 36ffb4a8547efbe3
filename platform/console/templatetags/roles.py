"""What the signed-in member may do, for what pages offer."""

from django import template

from accounts.models import Member
from accounts.roles import SCOPES

register = template.Library()


@register.filter
def may(member: Member | None, scope: str) -> bool:
    """Nobody may who is in no team."""
    return member is not None and scope in SCOPES[member.role]
