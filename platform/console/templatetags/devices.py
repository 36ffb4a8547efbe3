"""What a browser says of itself, in the few words that its owner knows it by."""

import re

from django import template
from django.utils.translation import gettext as _

register = template.Library()

# The first that is found: browsers claim to be those before them, so the most special stands first.
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("iPhone|iPad", "iOS"),
    ("Android", "Android"),
    ("HarmonyOS", "HarmonyOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@register.filter
def device(user_agent: str) -> str:
    """`Firefox, Windows`; the first word of a program that is no browser."""
    browser, system = (
        next((name for pattern, name in names if re.search(pattern, user_agent)), "") for names in (BROWSERS, SYSTEMS)
    )
    return ", ".join(filter(None, (browser, system))) or user_agent.partition(" ")[0][:40] or _("Unknown program")
