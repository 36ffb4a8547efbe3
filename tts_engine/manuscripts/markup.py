"""XML of others, through defusedxml: no entity of its own, nothing fetched, events as it is read."""

from collections.abc import Iterable, Iterator
from html.entities import name2codepoint
from typing import Any, Protocol
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from tts_engine.manuscripts.errors import Damaged, Hostile

# Expat keeps an unfinished one as a whole, and before 2.6 looked through it anew with every piece that came.
LONGEST_TOKEN = 1024 * 1024  # bytes

_HTML_ENTITIES = {name: chr(code) for name, code in name2codepoint.items()}


class Target(Protocol):
    """Who is told what an XML document holds. Names are `{namespace}name`."""

    def start(self, tag: str, attributes: dict[str, str], /) -> Any: ...
    def end(self, tag: str, /) -> Any: ...
    def data(self, text: str, /) -> Any: ...


def parse(pieces: Iterable[bytes], target: Target, *, name: str) -> None:
    """Tell `target` of a whole document. `name` is how errors call it. Raises Hostile, Damaged."""
    for _ in parsed(pieces, target, name=name):
        pass


def parsed(pieces: Iterable[bytes], target: Target, *, name: str) -> Iterator[None]:
    """Tell `target` of a document as its bytes come, with a rest after each of the `pieces`.

    HTML's entities are known, as XHTML's own DTD would have them.
    """
    parser = DefusedXMLParser(target=target)
    parser.entity.update(_HTML_ENTITIES)
    parser.parser.UseForeignDTD(True)  # else an entity of HTML is an error where no DTD is named
    fed = 0
    try:
        for piece in pieces:
            parser.feed(piece)
            fed += len(piece)
            if fed - parser.parser.CurrentByteIndex > LONGEST_TOKEN:
                raise Hostile(f"'{name}' in the file has a tag or comment longer than {LONGEST_TOKEN:,} bytes.")
            yield
        parser.close()
    except DefusedXmlException as error:
        raise Hostile(f"'{name}' in the file declares entities of its own, which are not read.") from error
    except (LookupError, ValueError) as error:  # an encoding that Python does not know, or expat cannot use
        raise Damaged(f"'{name}' in the file is in an encoding that is not read: save it as UTF-8.") from error
    except ParseError as error:
        line, _ = error.position
        raise Damaged(f"'{name}' in the file is no well-formed XML at line {line}. Save it anew.") from error


def tree(content: bytes, *, name: str) -> Element:
    """A small document as a whole. Raises Hostile, Damaged."""
    builder = TreeBuilder()
    parse([content], builder, name=name)
    return builder.close()


def local(tag: str) -> str:
    """A name without its namespace."""
    return tag.rpartition("}")[2]


def all_of(root: Element, name: str) -> Iterator[Element]:
    """`root` and what is in it, in order, by local name."""
    return (element for element in root.iter() if local(element.tag) == name)
