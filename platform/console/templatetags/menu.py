"""The console's menu, on every page of whoever is signed in."""

from typing import Any

from django import template
from django.template import Context

from accounts.visits import member_of
from console.menu import current, menu_of

register = template.Library()


@register.inclusion_tag("menu.html", takes_context=True)
def menu(context: Context) -> dict[str, Any]:
    """Pages of a team hand in their `member`; for the others it is looked up."""
    request = context["request"]
    member = context.get("member") or member_of(request)
    groups = menu_of(request.user, member)
    return {"groups": groups, "current": current(groups, request.path)}
