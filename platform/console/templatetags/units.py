"""Figures with their units, in templates."""

from django import template

from console import units

register = template.Library()
register.filter("number", units.number)
register.filter("percent_of", units.percent)
register.filter("duration", units.duration)
register.filter("wait", units.wait)
