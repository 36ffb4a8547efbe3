"""Words of a team's affairs."""

from django import template
from django.utils.functional import Promise

from console.team_forms import ROLE_WORDS

register = template.Library()


@register.filter
def role_words(role: str) -> str | Promise:
    return ROLE_WORDS[role]
