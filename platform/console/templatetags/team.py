"""Words of a team's affairs."""

from django import template
from django.template import Context
from django.utils.functional import Promise

from accounts.models import Tenant
from accounts.selectors import memberships
from console.team_forms import ROLE_WORDS

register = template.Library()


@register.filter
def role_words(role: str) -> str | Promise:
    return ROLE_WORDS[role]


@register.simple_tag(takes_context=True)
def other_teams(context: Context) -> list[Tenant]:
    """Those of whoever is signed in, but for the one that the page is of."""
    teams = [each.tenant for each in memberships(context["request"].user)]
    shown = context.get("member")
    return [team for team in teams if shown and team.id != shown.tenant_id]
