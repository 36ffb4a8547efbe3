"""Pinyin as people read it."""

from django import template
from pypinyin.contrib.tone_convert import to_tone

register = template.Library()


@register.filter
def tone_marks(numbered: str) -> str:
    """`chong2 qing4` as chóng qìng."""
    return " ".join(str(to_tone(syllable)) for syllable in numbered.split())
