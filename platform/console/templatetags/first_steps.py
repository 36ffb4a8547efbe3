"""The first steps of a new team, on its studio."""

from typing import Any

from django import template

from accounts.models import Member
from console.first_steps import first_steps as steps_of

register = template.Library()


@register.inclusion_tag("console/first_steps.html", takes_context=True)
def first_steps(context: dict[str, Any], member: Member) -> dict[str, Any]:
    steps = steps_of(member)
    return {
        "steps": steps,
        "done": sum(is_done for _, is_done in steps),
        "next": next((step for step, is_done in steps if not is_done), None),
        "csrf_token": context.get("csrf_token"),
    }
