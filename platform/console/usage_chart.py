"""What the chart of the usage page shows, and the table of the same figures below it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from billing.usage.facts import UsageFacts
from billing.usage.latency import Speed
from console import units
from tts_engine.report import Begin, By, Measures, Part, Report

COLOURS = 4  # of parts; if there are more parts, the last is of all others


class Metric(StrEnum):
    CHARACTERS = "characters"
    REQUESTS = "requests"
    SPEECH = "speech"
    CACHE = "cache"
    CONCURRENCY = "concurrency"
    LATENCY = "latency"


METRICS: dict[StrEnum, str | Promise] = {
    Metric.CHARACTERS: gettext_lazy("Characters"),
    Metric.REQUESTS: gettext_lazy("Requests"),
    Metric.SPEECH: gettext_lazy("Speech"),
    Metric.CACHE: gettext_lazy("Cache"),
    Metric.CONCURRENCY: gettext_lazy("Concurrency"),
    Metric.LATENCY: gettext_lazy("Latency"),
}


@dataclass(frozen=True, slots=True)
class Series:
    """A value for each moment, None where there is none, and how each is written."""

    name: str
    values: Sequence[float | None]
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Chart:
    unit: str  # of the axis
    whole: bool  # values are whole numbers
    stacked: bool  # else lines
    labels: Sequence[str]  # of the axis, short
    moments: Sequence[str]  # the same in full
    series: Sequence[Series]

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """Of the table: a moment and the texts of each series."""
        return [(moment, [each.texts[n] for each in self.series]) for n, moment in enumerate(self.moments)]

    def for_script(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Sum:
    """A metric that adds up, so that a day is the sum of its parts."""

    unit: str
    of: Callable[[UsageFacts], int]
    scale: float  # of the axis
    text: Callable[[int], str]


def chart(report: Report, metric: Metric) -> Chart:
    if metric is Metric.CACHE:
        return _of_all(report, _("Percent of the requests"), _cache())
    if metric is Metric.CONCURRENCY:
        return _of_all(report, _("Requests"), _at_once(), whole=True)
    if metric is Metric.LATENCY:
        return _latency(report)
    return _stacked(report, _sums()[metric])


def _sums() -> dict[Metric, Sum]:
    return {
        Metric.CHARACTERS: Sum(_("Characters"), lambda facts: facts.billed_characters, 1, units.number),
        Metric.REQUESTS: Sum(_("Requests"), lambda facts: facts.requests, 1, units.number),
        Metric.SPEECH: Sum(_("Minutes"), lambda facts: facts.audio_ms, 60_000, units.duration),
    }


def _stacked(report: Report, of: Sum) -> Chart:
    """The greatest parts, each in its colour, and what is left."""
    greatest = sorted(report.parts, key=lambda part: -of.of(part.measures.facts))
    apart = len(greatest) if len(greatest) <= COLOURS else COLOURS - 1
    shown, others = greatest[:apart], greatest[apart:]
    series = [
        _series(part_name(report.by, part), of, [_used(moment.parts.get(part.value), of) for moment in report.moments])
        for part in shown
    ]
    if others:
        left = [sum(_used(moment.parts.get(part.value), of) for part in others) for moment in report.moments]
        series.append(_series(_("{count} others").format(count=len(others)), of, left))
    return _chart(report, of.unit, series, whole=of.scale == 1, stacked=True)


def part_name(by: By, part: Part) -> str:
    if part.name is not None:
        return part.name
    if by is By.KEY:
        return _("Console")
    return _("Somebody who has left") if part.value else _("With an API key")


def _used(facts: UsageFacts | None, of: Sum) -> int:
    return of.of(facts) if facts else 0


def _series(name: str, of: Sum, values: Sequence[int]) -> Series:
    return Series(name, [value / of.scale for value in values], [of.text(value) for value in values])


@dataclass(frozen=True, slots=True)
class Line:
    """A figure of the whole team that does not add up, so that there are no parts of it."""

    name: str
    value: Callable[[Measures], float | None]
    text: Callable[[Measures], str]


def _of_all(report: Report, unit: str, *lines: Line, whole: bool = False, stacked: bool = True) -> Chart:
    all_ = [moment.all for moment in report.moments]
    series = [
        Series(line.name, [line.value(each) for each in all_], [line.text(each) for each in all_]) for line in lines
    ]
    return _chart(report, unit, series, whole=whole, stacked=stacked)


def _chart(report: Report, unit: str, series: Sequence[Series], *, whole: bool, stacked: bool) -> Chart:
    begins = [moment.begin for moment in report.moments]
    return Chart(unit, whole, stacked, [_short(each) for each in begins], [_full(each) for each in begins], series)


def _cache() -> Line:
    def cached(all_: Measures) -> float | None:
        return 100 * all_.facts.cached / all_.facts.requests if all_.facts.requests else None

    return Line(
        _("Answered from the cache"), cached, lambda all_: units.percent(all_.facts.cached, all_.facts.requests)
    )


def _at_once() -> Line:
    return Line(
        _("Most requests at once"), lambda all_: all_.at_once or 0, lambda all_: units.number(all_.at_once or 0)
    )


def _waited(name: str, ms: Callable[[Speed], int | None]) -> Line:
    def seconds(all_: Measures) -> float | None:
        waited = ms(all_.speed)
        return None if waited is None else waited / 1000

    return Line(name, seconds, lambda all_: units.wait(ms(all_.speed)))


def _latency(report: Report) -> Chart:
    return _of_all(
        report,
        _("Seconds"),
        _waited(_("First audio, median"), lambda speed: speed.first_audio.median),
        _waited(_("First audio, 95th percentile"), lambda speed: speed.first_audio.most),
        _waited(_("Wait, median"), lambda speed: speed.waits.median),
        _waited(_("Wait, 95th percentile"), lambda speed: speed.waits.most),
        stacked=False,
    )


def _short(begin: Begin) -> str:
    if isinstance(begin, datetime):
        return f"{begin:%H:%M}"
    return date_format(begin, pgettext("a day without its year, as Django writes dates", "M j"))


def _full(begin: Begin) -> str:
    return f"{begin:%Y-%m-%d %H:%M}" if isinstance(begin, datetime) else f"{begin:%Y-%m-%d}"
