"""Every visible string exists in both languages, and the compiled file is the written one."""

import ast
import gettext
import re
from pathlib import Path

import polib
import pytest
from django.utils.translation.template import templatize

from console.words import jobs_words, studio_words

CONTEXT = r"""pgettext\((?:u?'[^']*'|u?"[^"]*"), """
MARKED = re.compile(rf"""\b(?:(?:_|n?gettext)\(|{CONTEXT})(?:u?'((?:[^'\\]|\\.)*)'|u?"((?:[^"\\]|\\.)*)")[,)]""")
ARGUMENT = {"_": 0, "gettext": 0, "gettext_lazy": 0, "ngettext": 0, "pgettext": 1}  # which one of a call is the string


@pytest.fixture(scope="module")
def catalogue(repository: Path) -> polib.POFile:
    return polib.pofile(str(repository / "locale/zh_Hans/LC_MESSAGES/django.po"))


def marked_strings(repository: Path) -> set[str]:
    """Every string of our templates and of the console's code that is marked for translation."""
    templates = (repository / "templates").rglob("*.*")  # pages and mails
    sources = [templatize(file.read_text()) for file in templates]
    found = {a or b for source in sources for a, b in MARKED.findall(source)}
    for file in (*(repository / "platform/console").rglob("*.py"), *(repository / "accounts").glob("*.py")):
        calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
        found |= {
            ast.literal_eval(call.args[ARGUMENT[name]])
            for call in calls
            if (name := ast.unparse(call.func)) in ARGUMENT
        }
    return found


def pair(entry: polib.POEntry) -> tuple[str, str]:
    """The string and its translation; of a number the plural, and the one form that Chinese has."""
    return (entry.msgid_plural, entry.msgstr_plural[0]) if entry.msgid_plural else (entry.msgid, entry.msgstr)


def test_every_marked_string_is_translated(repository: Path, catalogue: polib.POFile) -> None:
    """Nothing that a page shows is missing in the catalogue, left empty or in doubt."""
    translated = {entry.msgid for entry in catalogue.translated_entries()}
    assert marked_strings(repository) - translated == set()
    assert [entry.msgid for entry in catalogue if not entry.translated()] == []


def test_no_translation_outlives_its_string(repository: Path, catalogue: polib.POFile) -> None:
    """The catalogue holds what is used and nothing else."""
    assert {entry.msgid for entry in catalogue} - marked_strings(repository) == set()


def test_placeholders_survive_translation(catalogue: polib.POFile) -> None:
    """A translated string has the same {names} and %(names)s, so that no figure is lost."""
    names = re.compile(r"\{\w+\}|%\(\w+\)s")
    pairs = map(pair, catalogue)
    differing = [said for said, meant in pairs if sorted(names.findall(said)) != sorted(names.findall(meant))]
    assert differing == []


def test_the_compiled_catalogue_is_the_written_one(repository: Path, catalogue: polib.POFile) -> None:
    """django.mo is committed, because machines lack gettext; it must never lag behind django.po."""
    with (repository / "locale/zh_Hans/LC_MESSAGES/django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert [entry.msgid for entry in catalogue if read(compiled, entry) != pair(entry)[1]] == []


def read(compiled: gettext.GNUTranslations, entry: polib.POEntry) -> str:
    if entry.msgid_plural:
        return compiled.ngettext(entry.msgid, entry.msgid_plural, 2)
    if entry.msgctxt:
        return compiled.pgettext(entry.msgctxt, entry.msgid)
    return compiled.gettext(entry.msgid)


def test_scripts_ask_only_for_words_that_exist(repository: Path) -> None:
    """A key in a script that the page does not hand over would show up as the bare key."""
    for folder, words in (("studio", studio_words()), ("jobs", jobs_words())):
        scripts = "".join(file.read_text() for file in (repository / "static" / folder).glob("*.js"))
        asked = set(re.findall(r"""\bsay\(\s*"(\w+)\"""", scripts))
        assert len(asked) > 10
        assert asked - words.keys() == set()


def test_no_template_holds_a_script_style_or_handler(repository: Path) -> None:
    """Behaviour and looks live in files of their own, so that the content policy can forbid the rest."""
    script = r"<script(?![^>]*(?:\bsrc=|\btype=\"application/json\"))"  # data is not run
    inline = re.compile(rf"{script}|<style|<[^<>]*\s(?:style|on[a-z]+)=", re.IGNORECASE)
    assert [f.name for f in (repository / "templates").rglob("*.html") if inline.search(f.read_text())] == []
