"""Long texts: what a listener hears of a TXT, Markdown or EPUB file, and where chapters begin."""

import codecs
import io
from typing import BinaryIO

import pytest

from tests.manuscripts.conftest import epub
from tts_engine.manuscripts import Book, Limits, read
from tts_engine.manuscripts.errors import Damaged, NothingToRead, TooLarge, UnknownEncoding, UnknownKind

PROSE = "大雪下了整整一夜，天亮的时候山路已经看不见了。他站在门口，想着昨天说过的话。"


def book(content: bytes | BinaryIO, name: str, limits: Limits) -> Book:
    found = read(io.BytesIO(content) if isinstance(content, bytes) else content, name, limits)
    assert isinstance(found, Book)
    return found


def heard(found: Book) -> list[tuple[str, str]]:
    return [(chapter.title, chapter.text) for chapter in found.chapters]


def test_a_line_of_its_own_begins_a_chapter_of_a_plain_text(limits: Limits) -> None:
    """`第一章 …` is a heading and is heard; a sentence that begins likewise is none."""
    text = "作者的话\r\n第一章 风雪\r\n\r\n　　他来了。\r\n第一章写得很长，他想。\r\n第二章：归途\r\n她走了。\n"
    assert heard(book(text.encode(), "书.txt", limits)) == [
        ("", "作者的话"),
        ("第一章 风雪", "第一章 风雪\n他来了。\n第一章写得很长，他想。"),
        ("第二章：归途", "第二章：归途\n她走了。"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        PROSE.encode(),
        codecs.BOM_UTF8 + PROSE.encode(),
        PROSE.encode("utf-16"),
        codecs.BOM_UTF16_BE + PROSE.encode("utf-16-be"),
        PROSE.encode("gbk"),
        (PROSE * 3 + "㐀𠮷").encode("gb18030"),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16", "utf-16 big endian", "gbk", "gb18030"],
)
def test_the_encodings_of_chinese_are_recognised(content: bytes, limits: Limits) -> None:
    """Whatever the editor saved, the same characters are read."""
    assert book(content, "a.txt", limits).chapters[0].text.startswith(PROSE)


@pytest.mark.parametrize(
    "content",
    [
        PROSE.replace("门", "門").replace("说", "說").replace("过", "過").replace("话", "話").encode("big5", "ignore"),
        "吹雪は一晩中続き、夜が明けると山道は見えなくなっていた。".encode("shift_jis"),
        "Le château était fermé; l’été à la forêt.".encode("cp1252"),
        PROSE.encode("utf-32"),
        PROSE.encode("utf-16-le")[:-1].join([codecs.BOM_UTF16_LE, b""]),
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        "正文\x00".encode(),
    ],
    ids=["big5", "shift-jis", "latin", "utf-32", "broken utf-16", "picture", "NUL"],
)
def test_other_bytes_are_refused_with_advice(content: bytes, limits: Limits) -> None:
    """Nothing is guessed: a wrong guess would speak nonsense and bill it."""
    with pytest.raises(UnknownEncoding, match=r"UTF-8|control character"):
        read(io.BytesIO(content), "a.txt", limits)


def test_markdown_is_heard_without_its_marks(limits: Limits) -> None:
    """Emphasis, links, lists, tables and quotes leave their words; code, pictures and HTML leave nothing."""
    source = """---
title: 不读
---
前言里的**话**。

# 第一章 *风雪*

他[说](https://example.com)：
`快走`。

> 引用一句

- 一项
- 两项

| 列甲 | 列乙 |
|---|---|
| 格一 | 格二 |

```
不读的代码
```

![图](a.png)

<div>不读</div>

### 小节

## 第二章

完 &amp; \\*终\\*
"""
    assert heard(book(source.encode(), "a.md", limits)) == [
        ("", "前言里的话。"),
        ("第一章 风雪", "第一章 风雪\n他说：快走。\n引用一句\n一项\n两项\n列甲\n列乙\n格一\n格二\n小节"),
        ("第二章", "第二章\n完 & *终*"),
    ]


def test_an_epub_is_read_in_the_order_of_its_spine_with_the_titles_of_its_contents(limits: Limits) -> None:
    """A chapter may begin at a document or within one; what is not for the ear is left out."""
    file = epub(
        {
            "封面.xhtml": "<img src='a.png' alt='不读'/>",
            "one.xhtml": "<h1>一</h1><p>他<ruby>行<rt>xíng</rt></ruby>了&nbsp;三里<sup><a href='#n1'>1</a></sup>。</p>"
            "<script>不读</script><aside epub:type='footnote' id='n1'>不读的注</aside>",
            "two.xhtml": "<p>接着走。</p><section id='c2'><h2>二<br/>归途</h2><p>到了。</p></section>",
        },
        nav="<li><a href='one.xhtml'>第一章</a></li><li><a href='two.xhtml#c2'>第二章 归途</a></li>",
    )
    assert heard(book(file, "a.epub", limits)) == [
        ("第一章", "一\n他行了 三里。\n接着走。"),
        ("第二章 归途", "二 归途\n到了。"),
    ]


def test_an_epub_of_version_2_has_its_titles_elsewhere(limits: Limits) -> None:
    """`toc.ncx` names the chapters."""
    point = "<navPoint><navLabel><text>{}</text></navLabel><content src='{}'/></navPoint>"
    file = epub(
        {"a.xhtml": "<p>甲</p>", "b.xhtml": "<p>乙</p>"},
        ncx=point.format("上", "a.xhtml") + point.format("下", "b.xhtml"),
    )
    assert heard(book(file, "a.epub", limits)) == [("上", "甲"), ("下", "乙")]


def test_an_epub_without_contents_begins_chapters_at_its_headings(limits: Limits) -> None:
    """Headings of the first two ranks, as in Markdown."""
    file = epub({"a.xhtml": "<h1>甲</h1><p>一</p><h3>节</h3><p>二</p><h2>乙</h2><p>三</p>"})
    assert heard(book(file, "a.epub", limits)) == [("甲", "甲\n一\n节\n二"), ("乙", "乙\n三")]


def test_a_protected_epub_is_refused(limits: Limits) -> None:
    """Its text is encrypted; scrambled fonts alone do no harm."""
    lock = "<encryption><CipherReference URI='OEBPS/{}'/></encryption>"
    fonts = epub({"a.xhtml": "<p>甲</p>"}, more={"META-INF/encryption.xml": lock.format("font.otf")})
    assert heard(book(fonts, "a.epub", limits)) == [("", "甲")]
    text = epub({"a.xhtml": "<p>甲</p>"}, more={"META-INF/encryption.xml": lock.format("a.xhtml")})
    with pytest.raises(Damaged, match="DRM"):
        read(text, "a.epub", limits)


def test_a_text_longer_than_allowed_is_refused(limits: Limits) -> None:
    """However it is packed: a million characters in one line, in marks, in a document."""
    long = "".join(chr(0x4E00 + number % 9973) for number in range(limits.characters + 1))
    for file, name in (
        (io.BytesIO(long.encode()), "a.txt"),
        (io.BytesIO(f"**{long}**".encode()), "a.md"),
        (epub({"a.xhtml": f"<p>{long}</p>"}), "a.epub"),
    ):
        with pytest.raises(TooLarge):
            read(file, name, limits)


@pytest.mark.parametrize("name", ["书.pdf", "书", "书.txt.exe"])
def test_other_kinds_are_refused_by_name(name: str, limits: Limits) -> None:
    """The message lists what is read."""
    with pytest.raises(UnknownKind, match=r"\.epub"):
        read(io.BytesIO(b"%PDF"), name, limits)


@pytest.mark.parametrize("content", [b"", b" \r\n\t", "\u3000".encode()])
def test_a_file_without_text_is_refused(content: bytes, limits: Limits) -> None:
    """Before a job is made of nothing."""
    with pytest.raises(NothingToRead):
        read(io.BytesIO(content), "a.txt", limits)
