"""A table and a template become the texts of a job, each row with the settings that are its own."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from tts_engine.manuscripts.errors import Fault, RowsInvalid, TemplateInvalid
from tts_engine.manuscripts.file_names import UniqueNames, safe
from tts_engine.manuscripts.limits import Limits, characters_of
from tts_engine.manuscripts.table import Row, Table
from tts_engine.manuscripts.template import Template, template_of

MOST_FAULTS = 20  # that are told at once
TEXT = ("text", "文本")
VOICE = ("voice", "音色")
EMOTION = ("emotion", "情感")
FILE_NAME = ("file_name", "文件名")
EMOTIONS: Mapping[str, str] = {
    "中性": "neutral", "平静": "neutral", "高兴": "happy", "开心": "happy", "悲伤": "sad", "难过": "sad",
    "生气": "angry", "愤怒": "angry", "恐惧": "fear", "害怕": "fear", "厌恶": "hate", "惊讶": "surprise",
}  # fmt: skip
"""What a column of emotions may say in Chinese."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row cannot have its voice or its emotion; `param` names the one that is at fault."""

    param: str
    message: str


Check = Callable[[str, str], Refusal | None]
"""What is wrong with a voice and an emotion, each empty where the job's is to be taken."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be spoken of one row. Empty settings are the job's; `file_name` has no ending."""

    row: int  # of the table, as a spreadsheet numbers it
    text: str
    voice: str
    emotion: str
    file_name: str


@dataclass(frozen=True, slots=True)
class _Settings:
    """The columns that hold settings, None for those that the table has not."""

    voice: str | None
    emotion: str | None
    file_name: str | None


def lines_of(
    table: Table, template: str, check: Check, limits: Limits, *, written: Callable[[str], str] = str
) -> Iterator[Line]:
    """A line for each row of the table; an empty `template` is the column `text`.

    `written` says how text is written in a template of markup.
    At a faulty row no more lines come, but the rest is looked through, so that the error tells of the
    other faults too. Raises TemplateInvalid at once; RowsInvalid, TooLarge and what `table.rows` does later.
    """
    asked = replace(_template(table, template), written=written)
    settings = _settings(table)
    return _lines(table, asked, settings, check, limits)


def _lines(table: Table, template: Template, settings: _Settings, check: Check, limits: Limits) -> Iterator[Line]:
    names, budget, faults = UniqueNames(), characters_of(limits), list[Fault]()
    for row in table.rows:
        cells = dict(zip(table.columns, row.cells, strict=True))
        faults += _faults(row, cells, template, settings, check)
        if len(faults) > MOST_FAULTS:
            break
        if not faults:
            line = _line(row, cells, template, settings, names)
            if len(line.text) > limits.cell_characters:
                long = f"its text is longer than {limits.cell_characters:,} characters."
                raise RowsInvalid([Fault(row.number, "", long)])
            budget.spend(len(line.text))
            yield line
    if faults:
        raise RowsInvalid(faults[:MOST_FAULTS], more=len(faults) > MOST_FAULTS)


def _template(table: Table, source: str) -> Template:
    if not source:
        column = _column(table, TEXT)
        if column is None:
            raise TemplateInvalid(f"Give a template, or a column named '{TEXT[0]}'. {_known(table)}")
        source = f"{{{column}}}"
    template = template_of(source)
    for column in template.columns:
        if column not in table.columns:
            raise TemplateInvalid(f"The template's {{{column}}} names no column of the table. {_known(table)}")
    return template


def _known(table: Table) -> str:
    return f"Its columns are: {', '.join(table.columns[:20])}."


def _settings(table: Table) -> _Settings:
    return _Settings(*(_column(table, names) for names in (VOICE, EMOTION, FILE_NAME)))


def _column(table: Table, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in table.columns), None)


def _faults(row: Row, cells: Mapping[str, str], template: Template, settings: _Settings, check: Check) -> list[Fault]:
    faults = [Fault(row.number, column, "it is empty.") for column in template.columns if not cells[column]]
    refusal = check(_cell(cells, settings.voice), _emotion(cells, settings))
    if refusal:
        column = settings.emotion if refusal.param == "emotion" else settings.voice
        faults.append(Fault(row.number, column or settings.emotion or refusal.param, refusal.message))
    return faults


def _line(row: Row, cells: Mapping[str, str], template: Template, settings: _Settings, names: UniqueNames) -> Line:
    name = safe(_cell(cells, settings.file_name))
    return Line(
        row=row.number,
        text=template.fill(cells),
        voice=_cell(cells, settings.voice),
        emotion=_emotion(cells, settings),
        file_name=names.take(name) if name else "",
    )


def _cell(cells: Mapping[str, str], column: str | None) -> str:
    return cells[column] if column else ""


def _emotion(cells: Mapping[str, str], settings: _Settings) -> str:
    given = _cell(cells, settings.emotion)
    return EMOTIONS.get(given, given.lower())
