"""Archives that are written as they are read: any tool opens them, and memory does not grow with them."""

import io
import itertools
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tts_engine import zipped
from tts_engine.zipped import Entry

MakeEntry = Callable[[str, bytes], Entry]
MOMENT = datetime(2026, 11, 26, 18, 30, 14, tzinfo=UTC)


@pytest.fixture
def entry(tmp_path: Path) -> MakeEntry:
    """entry(name, content): a file of that content, under that name in the archive."""
    numbers = itertools.count()

    def entry(name: str, content: bytes) -> Entry:
        path = tmp_path / str(next(numbers))
        path.write_bytes(content)
        return Entry(name, path, MOMENT)

    return entry


def opened(pieces: Iterator[bytes]) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


def test_names_times_and_bytes_come_out_as_they_went_in(entry: MakeEntry) -> None:
    """Names in Chinese, an empty file, one of several pieces."""
    files = {"保单/张三.mp3": b"ID3" * 100_000, "空.txt": b"", "a.wav": b"RIFF"}
    archive = opened(zipped.zipped(entry(name, content) for name, content in files.items()))
    assert archive.testzip() is None
    assert {info.filename: archive.read(info) for info in archive.infolist()} == files
    assert archive.infolist()[0].date_time == (2026, 11, 26, 18, 30, 14)


def test_an_archive_of_nothing_is_an_archive() -> None:
    """Tools open it and find it empty."""
    assert opened(zipped.zipped([])).namelist() == []


def test_more_files_than_zip_can_count_are_counted_in_zip64(entry: MakeEntry) -> None:
    """A job may have 100,000 rows."""
    one = entry("a.mp3", b"x")
    assert len(opened(zipped.zipped(one for _ in range(66_000))).infolist()) == 66_000


def test_memory_does_not_grow_with_the_archive(entry: MakeEntry) -> None:
    """The list of its members waits on disk."""
    one = entry("a.mp3", bytes(10_000))
    tracemalloc.start()
    for _ in zipped.zipped(replace(one, name=f"{number}.mp3") for number in range(3000)):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000


def test_files_beyond_four_gigabytes_are_found(entry: MakeEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the bound set low, as writing 4 GB takes long."""
    monkeypatch.setattr(zipped, "_MOST_BYTES", 100)
    files = {f"{number}.mp3": bytes([number]) * 50 for number in range(4)}
    archive = opened(zipped.zipped(entry(*each) for each in files.items()))
    assert {name: archive.read(name) for name in archive.namelist()} == files


def test_a_file_of_four_gigabytes_is_refused(entry: MakeEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its header is written."""
    monkeypatch.setattr(zipped, "_MOST_BYTES", 100)
    with pytest.raises(ValueError, match="4 GB"):
        list(zipped.zipped([entry("a.wav", bytes(100))]))
