"""Every address of the project, as Django's own resolver has it: a new one is tested without being listed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern
from django.utils.regex_helper import normalize


@dataclass(frozen=True)
class Address:
    """`/v1/jobs/{job_id}/items`, with what has to be filled in."""

    form: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return self.form

    def filled(self, **values: object) -> str:
        return self.form.format(**values)


def addresses() -> list[Address]:
    """All of them; several patterns of one form are one."""
    forms = dict.fromkeys(f"/{form}" for form in _forms(get_resolver(), ""))
    return [Address(form, tuple(re.findall(r"{(\w+)}", form))) for form in forms]


def _forms(resolver: URLResolver, above: str) -> Iterator[str]:
    for each in resolver.url_patterns:
        form = above + _form(each.pattern)
        if isinstance(each, URLResolver):
            yield from _forms(each, form)
        elif isinstance(each, URLPattern):
            yield form


def _form(pattern: object) -> str:
    """A route or a regular expression with `{name}` for its arguments."""
    if isinstance(pattern, RoutePattern):
        return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern))
    if isinstance(pattern, RegexPattern):
        form, names = normalize(str(pattern))[0]
        return str(form) % {name: f"{{{name}}}" for name in names}
    raise TypeError(f"{pattern!r} is a kind of pattern that tests/console/addresses.py cannot read; teach it.")
