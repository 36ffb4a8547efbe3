"""What finance takes away of savings on paper. The table is in `report`, for fpdf is slow to import."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from accounts.models import Tenant
from billing.savings.compare import Comparison, Savings
from billing.savings.cost import MICRO
from billing.savings.timeline import Payback, Timeline
from console.operators.report import characters
from console.templatetags.money import yuan

FONT = Path(__file__).parent / "fonts" / "NotoSansSC-GB2312.otf"


def payback_words(payback: Payback | None) -> str:
    if payback is None:
        return "–"
    return f"{payback.day:%Y-%m-%d}" if payback.reached else _("about {day}").format(day=f"{payback.day:%Y-%m-%d}")


def as_pdf(team: Tenant | None, today: date, timeline: Timeline) -> bytes:
    """A4, in the language of the request; amounts are written as the page writes them. Of all teams without a team."""
    sheet = Sheet()
    title = _("Savings of {team}").format(team=team.name) if team else _("Savings of all teams")
    sheet.head(title, _("As of {day}").format(day=f"{today:%Y-%m-%d}"))
    if not timeline.months:
        sheet.text_line(_("There was no price book in this time, so there is nothing to compare with."))
        return bytes(sheet.output())
    newest = timeline.months[-1]
    sheet.tiles(_headline(timeline))
    sheet.curve(timeline)
    sheet.months(timeline)
    sheet.offers(newest)
    sheet.notes(_notes(timeline))
    return bytes(sheet.output())


def _headline(timeline: Timeline) -> list[tuple[str, str]]:
    chosen = timeline.months[-1].default.offer.price.name
    if timeline.saved is None:
        cost = sum(month.default.cost for month in timeline.months)
        return [(_("At {offer}").format(offer=chosen), yuan(cost))]
    return [
        (_("Saved against {offer}").format(offer=chosen), yuan(timeline.saved)),
        (_("Against the cheapest"), yuan(timeline.least or 0)),
        (_("Against the dearest"), yuan(timeline.most or 0)),
        (_("Paid back"), payback_words(timeline.payback)),
    ]


def _notes(timeline: Timeline) -> list[str]:
    notes = [
        _("The requests of each day are billed again by each vendor's own counting rule and dated list price."),
        _("The cost here spreads what was bought once over its months; the curve has it on the first day."),
    ]
    if timeline.unpriced:
        months = ", ".join(f"{month:%Y-%m}" for month in timeline.unpriced)
        notes.append(_("Left out, for there was no price: {months}.").format(months=months))
    if any(not compared.offer.price.verified for compared in timeline.months[-1].picked):
        notes.append(_("* No page of the vendor's confirmed this price."))
    return notes


Color = tuple[int, int, int]
INK, QUIET, LINE, ACCENT, SECOND, THIRD = 29, 93, 214, (15, 107, 92), (176, 122, 30), (70, 104, 155)


class Sheet(FPDF):
    """One report; lengths are millimetres."""

    MARGIN = 16

    def __init__(self) -> None:
        super().__init__(format="A4")
        self.set_margin(self.MARGIN)
        self.set_auto_page_break(True, 18)
        self.add_font("Noto", fname=FONT)
        self.add_page()

    def footer(self) -> None:
        self.set_y(-13)
        self._write(8, QUIET)
        self.cell(self.epw / 2, 5, "声坊 Voxhouse")
        self.cell(self.epw / 2, 5, f"{self.page_no()} / {{nb}}", align="R")

    def head(self, title: str, subtitle: str) -> None:
        self._write(20, INK)
        self.cell(0, 10, title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.text_line(subtitle)
        self.ln(5)

    def text_line(self, text: str, size: float = 9) -> None:
        self._write(size, QUIET)
        self.multi_cell(0, size * 0.5, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def tiles(self, tiles: list[tuple[str, str]]) -> None:
        top, width = self.get_y(), self.epw / len(tiles)
        for number, (what, amount) in enumerate(tiles):
            left = self.l_margin + number * width
            self.set_xy(left, top)
            self._write(14 if number else 17, INK if number else ACCENT)
            self.cell(width - 4, 8, amount)
            self.set_xy(left, top + 8.5)
            self._write(8, QUIET)
            self.multi_cell(width - 4, 4, what, align="L")
        self.set_xy(self.l_margin, top + 22)

    def curve(self, timeline: Timeline) -> None:
        """What was paid here and would have been there, added up."""
        lines: list[tuple[str, Color, list[int | None]]] = [
            (_("Paid here, the purchase on the first day"), THIRD, [point.here for point in timeline.points]),
            (_("At the vendor compared with"), ACCENT, [point.chosen for point in timeline.points]),
            (_("At the cheapest of each month"), SECOND, [point.cheapest for point in timeline.points]),
        ]
        drawn = [line for line in lines if line[2][0] is not None]
        self._title(_("Added up"))
        self._legend([(name, color) for name, color, _values in drawn])
        height, top = 46.0, self.get_y() + 2
        most = max(max(value or 0 for value in values) for _name, _color, values in drawn) or 1
        days = [(point.day - timeline.points[0].day).days for point in timeline.points]
        left, width = self.l_margin + 24, self.epw - 24
        self.set_draw_color(LINE)
        self.set_line_width(0.2)
        for part in range(5):
            at = top + height * (1 - part / 4)
            self.line(left, at, left + width, at)
            self.set_xy(self.l_margin, at - 2)
            self._write(7, QUIET)
            self.cell(22, 4, yuan(most * part // 4, 0 if most >= 10 * MICRO else 2), align="R")
        self.set_line_width(0.5)
        for _name, color, values in drawn:
            self.set_draw_color(*color)
            self.polyline(
                [
                    (left + width * day / days[-1], top + height * (1 - (value or 0) / most))
                    for day, value in zip(days, values, strict=True)
                ]
            )
        self._write(7, QUIET)
        self.set_xy(left, top + height + 1)
        self.cell(width / 2, 4, f"{timeline.months[0].first:%Y-%m-%d}")
        self.cell(width / 2, 4, f"{timeline.points[-1].day:%Y-%m-%d}", align="R")
        self.set_xy(self.l_margin, top + height + 10)

    def months(self, timeline: Timeline) -> None:
        self._title(_("Month by month"))
        heads = [_("Month"), _("Requests"), _("Characters"), _("Cost here"), _("Cost there"), _("Saved"), _("Cheapest")]
        rows = [
            [
                f"{month.first:%Y-%m}",
                f"{month.facts.requests:,}",
                f"{characters(month):,}",
                _amount(month.own_cost),
                _amount(month.default.cost),
                _amount(month.default.saving),
                _amount(month.cheapest.cost),
            ]
            for month in timeline.months
        ]
        self._table(heads, rows, (16, 22, 28, 28, 28, 28, 28))

    def offers(self, month: Savings) -> None:
        self._title(_("The offers of {month}").format(month=f"{month.first:%Y-%m}"))
        rows = [
            [_name(compared), _amount(compared.cost), _amount(compared.saving), f"{compared.offer.price.retrieved_at}"]
            for compared in month.picked
        ]
        self._table([_("Vendor"), _("Cost there"), _("Saved"), _("Price seen on")], rows, (94, 28, 28, 28))
        for url in dict.fromkeys(compared.offer.price.source_url for compared in month.picked):
            self.text_line(url, 7)

    def notes(self, notes: Iterable[str]) -> None:
        self.ln(3)
        for note in notes:
            self.text_line(note, 8)

    def _title(self, text: str) -> None:
        self.ln(3)
        self._write(11, INK)
        self.cell(0, 7, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _legend(self, entries: list[tuple[str, Color]]) -> None:
        for name, color in entries:
            self.set_fill_color(*color)
            self.rect(self.get_x() + 0.5, self.get_y() + 1.2, 2.4, 2.4, style="F")
            self.set_x(self.get_x() + 4)
            self._write(8, QUIET)
            self.cell(self.get_string_width(name) + 6, 5, name)
        self.ln(6)

    def _table(self, heads: list[str], rows: list[list[str]], widths: tuple[int, ...]) -> None:
        """The first column to the left, the others to the right."""
        scale = self.epw / sum(widths)
        self.set_line_width(0.2)
        for number, row in enumerate([heads, *rows]):
            self._write(8, INK if number else QUIET)
            self.set_draw_color(LINE)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
                self.cell(width * scale, 6, cell, border="B", align="R" if column else "L")
            self.ln()
        self.ln(2)

    def _write(self, size: float, color: int | Color) -> None:
        self.set_font("Noto", size=size)
        self.set_text_color(*((color,) if isinstance(color, int) else color))


def _amount(micro: int | None) -> str:
    return "–" if micro is None else yuan(micro)


def _name(compared: Comparison) -> str:
    offer = compared.offer
    pack = " (" + _("pack of {units}").format(units=f"{offer.pack.units:,}") + ")" if offer.pack else ""
    return f"{offer.price.name}{pack}{'' if offer.price.verified else ' *'}"
