"""SSML read from front to back: defusedxml's events become the items of a script.

No tree is built, so what is beyond a limit is refused where it begins. A document type is refused,
and with it every entity but XML's own five; nothing outside the text is ever looked at.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax import SAXParseException
from xml.sax.expatreader import ExpatLocator
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.xmlreader import AttributesNSImpl, Locator

from defusedxml import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from tts_engine.speech.errors import ScriptError
from tts_engine.speech.text.building import Limits, ScriptBuilder
from tts_engine.speech.text.script import Manner, Place, Script
from tts_engine.speech.text.ssml.attributes import Attributes
from tts_engine.speech.text.ssml.elements import BLOCKS, CONTAINERS, EMPTY, LEAVES

_PREFIXES = {
    "http://www.w3.org/2001/10/synthesis": "",
    "https://www.w3.org/2001/mstts": "mstts:",
    "http://www.w3.org/2001/mstts": "mstts:",
    "http://www.w3.org/XML/1998/namespace": "xml:",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi:",
}
_ROOT = "text"
_OPENING = f'<{_ROOT} xmlns:mstts="https://www.w3.org/2001/mstts">'
_PROLOGUE = re.compile(r"\s*<[?!]")
_WIDE = r"[^\x00-\u2e7f]"  # Hanzi and their punctuation: a line broken between two of them says nothing
_BETWEEN_WIDE = re.compile(rf"(?<={_WIDE})\s+(?={_WIDE})")
_SPACES = re.compile(r"\s+")
_SURROGATE = re.compile("[\ud800-\udfff]")  # which the parser, as it reads UTF-8, cannot be given
_is_wide = re.compile(_WIDE).match


def read_ssml(source: str, aliases: Mapping[str, str], limits: Limits) -> Script:
    """The script of an SSML document, or of text with `<speak>` elements in it, as Alibaba takes it.

    `aliases` are names of voices in it to voices of the catalog. Raises ScriptError, and nothing else.
    """
    if len(source) > limits.characters:
        raise ScriptError(f"The SSML has {len(source)} characters; the most is {limits.characters}, tags included.")
    source = source.removeprefix("\ufeff")
    # What has a prologue is a document of its own.
    wrapped = _PROLOGUE.match(source) is None
    handler = _Handler(aliases, limits, len(_OPENING) if wrapped else 0)
    if lone := _SURROGATE.search(source):
        message = f"Character {lone.start() + 1} of the SSML is U+{ord(lone[0]):04X}, half of a pair: remove it."
        raise ScriptError(message)
    parser = DefusedExpatParser(forbid_dtd=True, forbid_entities=True, forbid_external=True)
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(handler)
    handler.setDocumentLocator(ExpatLocator(parser))
    try:
        parser.feed(f"{_OPENING}{source}</{_ROOT}>" if wrapped else source)
        parser.close()
    except SAXParseException as error:
        raise ScriptError(f"This is no XML: {error.getMessage()}.", handler.place_of(error)) from error
    except DefusedXmlException as error:
        message = "A document type and entities of one's own are refused; leave out <!DOCTYPE ...>."
        raise ScriptError(message, handler.place) from error
    return handler.builder.script()


@dataclass(slots=True)
class _Element:
    """One that is open: the manner inside it, and the text of it that was not yet said."""

    name: str
    manner: Manner
    attributes: Attributes
    text: list[str] = field(default_factory=list)


class _Handler(ContentHandler):
    def __init__(self, aliases: Mapping[str, str], limits: Limits, offset: int) -> None:
        super().__init__()
        self.builder = ScriptBuilder(limits)
        self._aliases = aliases
        self._limits = limits
        self._offset = offset  # columns before the source's first
        self._open: list[_Element] = []
        self._count = 0
        self._gap = ""  # white space after what was said last; it says nothing at the edge of a block
        self._at_edge = True

    @property
    def place(self) -> Place:
        return self.place_of(self._locator)  # type: ignore[attr-defined]  # set by the parser

    def place_of(self, found: Locator | SAXParseException) -> Place:
        line, column = found.getLineNumber() or 1, found.getColumnNumber() or 0
        return Place(line, column + 1 - (self._offset if line == 1 else 0))

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: AttributesNSImpl) -> None:
        if self._offset and not self._open:
            self._open.append(_Element(_ROOT, Manner(), Attributes(_ROOT, {}, self.place)))
            return
        element = Attributes(_named(name), {_named(key): value for key, value in attrs.items()}, self.place)
        self._admit(element)
        self._say()
        manner = self._open[-1].manner if self._open else Manner()
        if element.element in CONTAINERS:
            manner = CONTAINERS[element.element](manner, element, self._aliases)
            element.language()
            element.finish()
            self._divide(element.element)
        self._open.append(_Element(element.element, manner, element))

    def characters(self, content: str) -> None:
        self._open[-1].text.append(content)

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:
        leaf = LEAVES.get(self._open[-1].name)
        if leaf is None:
            self._say()
            self._divide(self._open.pop().name)
            return
        element = self._open.pop()
        text = _collapsed("".join(element.text)).strip()
        if element.name in EMPTY and text:
            raise element.attributes.refused("has nothing inside; close it as <break/>")
        self._divide(element.name)
        self._bridge(text)
        leaf(self.builder, text, element.manner, element.attributes)
        element.attributes.finish()
        self._at_edge = self._at_edge and not text

    def _admit(self, element: Attributes) -> None:
        """Raises ScriptError for an element that is unknown here or beyond a limit."""
        self._count += 1
        if self._count > self._limits.elements:
            raise element.refused(f"is one too many; an SSML text has at most {self._limits.elements} elements")
        if len(self._open) > self._limits.depth:
            raise element.refused(f"lies too deep; at most {self._limits.depth} elements lie inside each other")
        if element.element not in CONTAINERS and element.element not in LEAVES:
            known = ", ".join((*CONTAINERS, *LEAVES))
            raise element.refused(f"is no element that is known here; known are: {known}")
        around = self._open[-1].name if self._open else _ROOT
        if (element.element == "speak") != (around == _ROOT):
            raise element.refused(f"cannot stand {'inside <' + around + '>' if around != _ROOT else 'outside <speak>'}")
        if around in LEAVES:
            raise element.refused(f"cannot stand inside <{around}>, which has only text")

    def _say(self) -> None:
        """Say the text up to here, its white space as one space or none."""
        if not self._open:
            return
        current = self._open[-1]
        raw = "".join(current.text)
        current.text.clear()
        text = _collapsed(raw).strip()
        if not text:
            self._gap += raw
            return
        self._gap += raw[: len(raw) - len(raw.lstrip())]
        self._bridge(text)
        self.builder.say(text, current.manner, current.attributes.place)
        self._gap, self._at_edge = raw[len(raw.rstrip()) :], False

    def _bridge(self, following: str) -> None:
        """Say the space before what follows, if it says anything there."""
        broken = "\n" in self._gap and _is_wide(self.builder.last) and _is_wide(following)
        if following and self._gap and not self._at_edge and not broken:
            self.builder.say(" ", Manner())
        self._gap = "" if following else self._gap

    def _divide(self, name: str) -> None:
        """What the edge of such an element means to the text beside it."""
        if name in BLOCKS:
            self._gap, self._at_edge = "", True
        if name == "p":
            self.builder.end_paragraph()
        elif name == "s":
            self.builder.end_sentence()


def _named(name: tuple[str | None, str]) -> str:
    space, local = name
    return f"{_PREFIXES.get(space, '{' + space + '}')}{local}" if space else local


def _collapsed(text: str) -> str:
    unbroken = _BETWEEN_WIDE.sub(lambda gap: "" if "\n" in gap.group() else " ", text)
    return _SPACES.sub(" ", unbroken)
