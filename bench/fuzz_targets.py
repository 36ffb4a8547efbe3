"""What strangers send, made by chance, and what reads it: texts, markup, dictionaries, uploaded files.

Whoever drives hands in the chance: a seed's for the million of `bench.fuzz`, Hypothesis's own, which makes
what fails small, for the test. A target takes one input and returns, whatever it is: the refusals that
callers are told of are its answers, any other exception is a crash. No database and no voice's model is needed.
"""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from random import Random
from typing import Any

from tts_engine.dictionary.table import read_table
from tts_engine.errors import DictionaryTableInvalid, DictionaryTableTooLarge
from tts_engine.manuscripts import Limits as FileLimits
from tts_engine.manuscripts import ManuscriptError, Table, lines_of
from tts_engine.manuscripts import read as read_file
from tts_engine.scripts import limits
from tts_engine.speech.errors import EntryError, SpeechError, TextError
from tts_engine.speech.speak import staged
from tts_engine.speech.text import Script, plain_script, read_script
from tts_engine.speech.text.dictionary import Dictionary, Kind, make_entry
from tts_engine.speech.text.script import Said
from tts_engine.speech.text.ssml import read_ssml
from tts_engine.speech.text.tags import read_tags
from tts_engine.speech.voice import Style, VoiceInfo
from tts_engine.speech.voices.kokoro.symbols import token_ids, transcribe
from tts_engine.speech.voices.kokoro.voice import INFO
from tts_engine.speech.voices.sambert.units import units_of

LONGEST = 4096  # characters of one request

# --- Texts ------------------------------------------------------------------------------------

WRITTEN = (
    *("重庆的银行行长很长", "今天天气不错", "一不做二不休", "花儿", "得", "了", "〇", "㐀𠀀", "龘", "頭髮"),
    *("2024年5月1日", "8:30", "3.14", "-5", "1,234.56", "010-12345678", "13812345678", "50%", "1/2", "2^10", "Ⅳ"),
    *("¥1.5", "$20", "5km/h", "3℃", "10kg", "第3", "①", "1-2", "1~3", "192.168.0.1", "v1.2.3", "2:1", "京A12345"),
    *("GPT-4", "iPhone", "it's", "e.g.", "WiFi", "a", "AI", "https://a.cn/b?c=d#e", "a.b@c.cn", "C++", "@x", "_"),
    *("，", "。", "！", "？", "；", "：", "、", "—", "…", "“", "”", "（", "）", "《", "(", ")", ".", "-", "'", '"'),
    *(" ", "\t", "\n", "\r\n", "\u3000", "\xa0", "\u200b", "\u200d", "\ufeff", "\u202e", "\u2028"),
    *(
        "(chong2)",
        "(",
        "重(",
        "好(hao",
        "5)",
        "行(xing2)",
        "不(bu",
        "😀",
        "👨‍👩‍👧",
        "🇨🇳",
        "☺️",
        "e\u0301",
        "１２",
        "½",
        "⁸₂",
    ),
    *("ไทย", "עברית", "Русский", "カタカナ", "한국어", "हिन्दी", "བོད", "\x00", "\x1b", "\x7f", "\ud800", "\U0010ffff"),
    *("+", "*", "=", "<", ">", "&", "#", "|", "\\", "`", "°", "×", "÷", "≈", "√", "∞", "π", "′", "‰", "№"),
)

RANGES = ((0, 0x100), (0x100, 0x3000), (0x3000, 0xA000), (0xD800, 0x10000), (0x10000, 0x20000), (0x20000, 0x110000))


def piece(chance: Random) -> str:
    return chance.choice(WRITTEN) if chance.random() < 0.8 else chr(chance.randrange(*chance.choice(RANGES)))


def short_text(chance: Random, most: int = 24) -> str:
    return "".join([piece(chance) for _ in range(chance.randint(0, most))])


def text(chance: Random) -> str:
    """Mostly short; one in some hundreds as long as allowed, of a few pieces again and again."""
    short = short_text(chance)
    return (short * LONGEST)[:LONGEST] if chance.randrange(500) == 237 else short


def read_text(given: str) -> None:
    with suppress(TextError):
        _say(plain_script(given))


def _say(script: Script) -> None:
    """All that the front end does, up to the numbers that either family of voices is given."""
    for item in staged_items(script):
        for sentence in item.sentences:
            with suppress(TextError):
                token_ids(transcribe(sentence))
            with suppress(TextError):
                units_of(sentence)


def staged_items(script: Script) -> list[Said]:
    items = read_script(script)
    with suppress(SpeechError):
        staged(items, INFO, Style("xiaoxiao"), _cast)
    return [item for item in items if isinstance(item, Said)]


def _cast(name: str) -> tuple[VoiceInfo, str]:
    return INFO, name


# --- Markup -----------------------------------------------------------------------------------

ELEMENTS = (
    *("speak", 'speak version="1.0" rate="200"', 'voice name="xiaoxiao"', 'voice name=""', "p", "s", "voice"),
    *('prosody rate="1.2"', 'prosody pitch="+10%" volume="-6dB"', 'prosody rate="x-fast"', 'prosody rate="1e999"'),
    *('prosody rate="nan"', 'emphasis level="strong"', 'emotion category="happy" intensity="0.5"'),
    'lang xml:lang="zh"',
    *('mstts:express-as style="sad" styledegree="2"', 'sub alias="世界"', 'phoneme alphabet="py" ph="hao3"'),
    *('phoneme alphabet="ipa" ph="xɑʊ"', 'phoneme ph=""', *(f'say-as interpret-as="{kind}"' for kind in (
        "digits", "cardinal", "ordinal", "date", "time", "telephone", "characters", "currency", "address", "measure",
        "score", "fraction", "id", "nick", "expletive", "", "x"))),
    *('say-as interpret-as="date" format="ymd"', "x", "x:y", "audio", 'audio src="history:x"', "语音"),
)  # fmt: skip
EMPTY = (
    *('break time="500ms"', 'break time="1e9s"', 'break strength="weak"', "break", 'mark name="m"', "mark"),
    *('bookmark mark="b"', 'mstts:silence type="Leading" value="200ms"', "p"),
)
ODD = (
    *(
        "<!-- 注 -->",
        "<![CDATA[<b>]]>",
        "<?xml version='1.0'?>",
        '<!DOCTYPE s [<!ENTITY a "b">]>',
        "&a;",
        "&amp;",
        "&lt;",
    ),
    *("&#x4f60;", "&#0;", "&#xd800;", "<", ">", "]]>", "</speak>", "</", "<a b='", "<a a='1' a='2'>", "\x00"),
    *("[pause:1.5s]", "[pause:x]", "[voice:xiaoxiao]", "[voice:]", "[rate:1.2]", "[rate:nan]", "[pitch:+2st]"),
    *("[volume:-6]", "[emotion:happy]", "[emotion:x]", "[rate:", "[[", "]"),
)
CLOSE = "</>"  # stands for the end of whatever is open


def markup_piece(chance: Random) -> str:
    kind = chance.randrange(7)
    if kind < 2:
        return escape(short_text(chance, 8))
    if kind < 4:
        return f"<{chance.choice(ELEMENTS)}>"
    if kind < 6:
        return CLOSE if kind == 4 else f"<{chance.choice(EMPTY)}/>"
    return chance.choice(ODD)


def markup(chance: Random) -> str:
    """Elements in and after each other, most of them well formed but for what is odd."""
    opened, written = ["speak"], ["<speak>"]
    for _ in range(chance.randint(0, 14)):
        next_piece = markup_piece(chance)
        if next_piece == CLOSE:
            next_piece = f"</{opened.pop()}>" if opened else ""
        elif next_piece[1:-1] in ELEMENTS:
            opened.append(next_piece[1:-1].partition(" ")[0])
        written.append(next_piece)
    if chance.random() < 0.9:
        written += [f"</{name}>" for name in reversed(opened)]
    if chance.randrange(1000) == 237:
        return "".join((written[1:-1] or ["好"]) * 3000)[: 16 * LONGEST]
    return "".join(written)


def read_markup(source: str) -> None:
    for read in (read_ssml, read_tags):
        with suppress(TextError):
            script = read(source, {"旁白": "xiaoxiao"}, limits())
            if script.length <= LONGEST:
                _say(script)


# --- Dictionaries -----------------------------------------------------------------------------

PINYIN = ("hao3", " ", "chóng", "qing4", "lü4", "er5", "x9")


def entries(chance: Random) -> tuple[list[tuple[str, Kind, str]], str]:
    """Entries, and a text in which some of their words are likely to stand."""
    return [_entry(chance) for _ in range(chance.randint(0, 3))], short_text(chance)


def _entry(chance: Random) -> tuple[str, Kind, str]:
    word = "".join(chance.choices(WRITTEN, k=chance.randint(1, 3)))
    values = (
        "".join(chance.choices(PINYIN, k=chance.randint(0, 4))),
        short_text(chance),
        "".join([markup_piece(chance) for _ in range(chance.randint(0, 5))]),
    )
    return word, chance.choice(list(Kind)), chance.choice(values)


def apply_entries(given: tuple[list[tuple[str, Kind, str]], str]) -> None:
    written, said = given
    made = {}
    for word, kind, value in written:
        with suppress(EntryError):
            entry = make_entry(word, kind, value)
            made[entry.word] = entry
    with suppress(TextError):
        _say(Dictionary(list(made.values())).apply(plain_script(said)))


CELLS = ("word", "pinyin", "replacement", "ssml", "text", "voice", "文本", '"', '""', "=1+1")
CODECS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "latin-1")


def rows(chance: Random) -> str:
    return "\n".join([_row(chance) for _ in range(chance.randint(0, 6))])


def _row(chance: Random) -> str:
    cells = [
        chance.choice(CELLS) if chance.random() < 0.5 else short_text(chance, 8) for _ in range(chance.randint(0, 4))
    ]
    return chance.choice(",,,,\t;").join(cells)


def encoded(chance: Random, written: str) -> bytes:
    return written.encode(chance.choice(CODECS), "ignore")


def damaged(chance: Random, good: bytes) -> bytes:
    """Some bytes of what was good replaced by any others, or nothing of it."""
    content = bytearray(good)
    for _ in range(max(0, chance.randint(-2, 3))):
        at = chance.randint(0, len(content))
        content[at : at + chance.randint(0, 4)] = chance.randbytes(chance.randint(0, 4))
    return bytes(content)


def dictionary_table(chance: Random) -> bytes:
    head = "word,pinyin,replacement\n" if chance.random() < 0.8 else ""
    return damaged(chance, encoded(chance, head + rows(chance)))


def import_table(content: bytes) -> None:
    with suppress(DictionaryTableInvalid, DictionaryTableTooLarge):
        read_table(content)


# --- Uploads ----------------------------------------------------------------------------------

FILE_LIMITS = FileLimits(
    file_bytes=1_000_000, unpacked_bytes=4_000_000, characters=100_000, rows=1000, columns=100, cell_characters=LONGEST
)
TEMPLATES = ("", "{文本}", "{{a}}，{b|好}", "{", "}", "{text}{word}", "<speak>{text}</speak>")

PACKAGE = "http://schemas.openxmlformats.org"
OFFICE = f"{PACKAGE}/officeDocument/2006/relationships"
SHEET: Mapping[str, tuple[str, ...]] = {
    "_rels/.rels": (f'<R><Relationship Type="{OFFICE}/officeDocument" Target="', "xl/workbook.xml", '"/></R>'),
    "xl/_rels/workbook.xml.rels": ("<R>", *(
        f'<Relationship Id="{kind}" Type="{OFFICE}/{kind}" Target="{kind}.xml"/>'
        for kind in ("worksheet", "sharedStrings", "styles")), "</R>"),
    "xl/workbook.xml": (f'<workbook xmlns:r="{OFFICE}"><sheets>', '<sheet r:id="worksheet"/>', "</sheets></workbook>"),
    "xl/worksheet.xml": (f'<worksheet xmlns="{PACKAGE}/spreadsheetml/2006/main"><sheetData>',
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>text</t></is></c></row>',
        '<row r="2"><c r="A2" s="1"><v>45000.5</v></c><c r="B2" t="b"><v>1</v></c></row>',
        '<row r="9"><c r="ZZZ9"><f>1</f><v>1e400</v></c></row>',
        '<mergeCell ref="A1:B2"/>', "</sheetData></worksheet>"),
    "xl/sharedStrings.xml": ("<sst>", "<si><t>文本</t></si>", "<si><r><t>乙</t></r><rPh><t>x</t></rPh></si>", "</sst>"),
    "xl/styles.xml": ("<styleSheet>", '<numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;"/></numFmts>',
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs>', "</styleSheet>"),
}  # fmt: skip
BOOK: Mapping[str, tuple[str, ...]] = {
    "META-INF/container.xml": ('<container><rootfiles><rootfile full-path="', "OEBPS/book.opf",
        '"/></rootfiles></container>'),
    "OEBPS/book.opf": ("<package><manifest>", '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>',
        '<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>',
        '<item id="x" href="toc.ncx" media-type="application/x-dtbncx+xml"/>', "</manifest><spine>",
        '<itemref idref="a"/>', '<itemref idref="n"/>', "</spine></package>"),
    "OEBPS/toc.ncx": ("<ncx><navMap>",
        '<navPoint><navLabel><text>甲</text></navLabel><content src="a.xhtml"/></navPoint>',
        "</navMap></ncx>"),
    "OEBPS/nav.xhtml": ('<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>',
        '<nav epub:type="toc"><ol>', "<li><a href='a.xhtml#p'>丙</a></li>", "</ol></nav>", "</body></html>"),
    "OEBPS/a.xhtml": ('<html xmlns="http://www.w3.org/1999/xhtml"><body>', "<h1 id='p'>甲</h1>", "<p>乙<br/>丁</p>",
        "<ruby>字<rt>zi</rt></ruby>", "<table><tr><td>1</td></tr></table>", "<script>x</script>", "</body></html>"),
}  # fmt: skip


def archive(chance: Random, good: Mapping[str, Sequence[str]]) -> bytes:
    """The parts of a good one, in which a few pieces are left out, doubled, exchanged for odd ones, or spoilt."""
    parts = {name: list(content) for name, content in good.items()}
    for _ in range(chance.randint(0, 3)):
        part = chance.choice(list(parts.values()))
        at = chance.randint(0, len(part))
        odd = (chance.choice(ODD), short_text(chance, 8), chance.choice(chance.choice(list(good.values()))))
        part[at : at + chance.randint(0, 1)] = chance.sample(odd, chance.randint(0, 2))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as packed:
        for name, content in parts.items():
            packed.writestr(name, "".join(content).encode("utf-8", "ignore"))
    return file.getvalue()


def file(chance: Random) -> tuple[str, bytes, str]:
    """A file's name, its content, and the template that its rows fill."""
    name = chance.choice(("a.csv", "a.tsv", "a.txt", "a.md", "a.xlsx", "a.epub"))
    if name in ("a.csv", "a.tsv"):
        content = encoded(chance, rows(chance))
    elif name in ("a.txt", "a.md"):
        content = encoded(chance, chance.choice((markup, short_text))(chance))
    else:
        content = archive(chance, SHEET if name == "a.xlsx" else BOOK)
    return name, damaged(chance, content), chance.choice(TEMPLATES)


def upload(given: tuple[str, bytes, str]) -> None:
    name, content, template = given
    with suppress(ManuscriptError):
        found = read_file(io.BytesIO(content), name, FILE_LIMITS)
        if isinstance(found, Table):
            list(lines_of(found, template, lambda voice, emotion: None, FILE_LIMITS, written=escape))


# --- All of it --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    share: int  # of a hundred inputs
    draw: Callable[[Random], Any]
    take: Callable[[Any], None]


TARGETS = (
    Target("text", 40, text, read_text),
    Target("markup", 30, markup, read_markup),
    Target("dictionary", 5, entries, apply_entries),
    Target("dictionary table", 5, dictionary_table, import_table),
    Target("upload", 20, file, upload),
)


def drawn_target(chance: Random) -> Target:
    return chance.choices(TARGETS, [target.share for target in TARGETS])[0]
