"""A model comes from the hub whole, checked and pinned, or not at all with the reason and the remedy."""

import socket
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
import urllib3

from tests.speech.sambert.fake_hub import FakeHub
from tts_engine.speech.errors import VoiceUnavailable
from tts_engine.speech.voices.sambert.download import fetch

MODEL = "damo/speech_sambert-hifigan_tts_zhitian_emo_zh-cn_16k"
CHECKPOINT = "voices/zhitian_emo/am/ckpt/checkpoint_980.pth"
WANTED = {
    "README.md": b"---\nlicense: Apache License 2.0\n---\n",
    "configuration.json": b"{}",
    "voices/voices.json": b'{"voices": ["zhitian_emo"]}',
    "voices/zhitian_emo/am/config.yaml": b"Model: {}",
    "voices/zhitian_emo/dict/sy_dict.txt": b"a_c\n",
    CHECKPOINT: bytes(range(256)) * 4096,
}
UNWANTED = {
    "resource.zip": b"PK",
    "ms_wrapper.py": b"raise SystemExit",
    "voices/run.py": b"raise SystemExit",
    "voices/../../../escaped.json": b"{}",
    "voices/.hidden.json": b"{}",
}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The client tries as often as it does, without its pauses; nothing of the developer's account is read."""
    monkeypatch.setattr(urllib3.Retry, "get_backoff_time", lambda self: 0.0)
    monkeypatch.setattr("modelscope_hub._download.DOWNLOAD_INTEGRITY_RETRY_BACKOFF", 0.0)
    monkeypatch.setenv("MODELSCOPE_HOME", str(tmp_path / "account"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    hub = FakeHub(MODEL)
    hub.commit({"README.md": b"soon"} | {"voices/voices.json": WANTED["voices/voices.json"]})
    hub.tags["v1.0"] = hub.commit(WANTED | UNWANTED)
    with hub.serving():
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    return tmp_path / "home" / "downloads"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_what_a_model_folder_is_read_from_arrives_and_nothing_else(hub: FakeHub, downloads: Path) -> None:
    """No closed resources, no code, no file that would land elsewhere."""
    folder, _ = fetch(MODEL, downloads, None)
    assert folder.is_relative_to(downloads)
    assert contents(folder) == WANTED
    assert {asked.path for asked in hub.asked} == set(WANTED)
    assert not list(downloads.parent.rglob("escaped.json"))


def test_without_a_revision_the_newest_commit_is_read_and_named(hub: FakeHub, downloads: Path) -> None:
    """Every file is asked for by that commit, so a push meanwhile changes nothing."""
    newest = hub.commit(WANTED | {"configuration.json": b'{"newer": true}'})
    folder, revision = fetch(MODEL, downloads, None)
    assert revision == newest
    assert (folder / "configuration.json").read_bytes() == b'{"newer": true}'
    assert {asked.revision for asked in hub.asked} == {newest}


def test_a_tag_and_a_commit_are_read_as_they_were(hub: FakeHub, downloads: Path) -> None:
    """Both give the commit, and the same folder."""
    hub.commit(WANTED | {"configuration.json": b'{"newer": true}'})
    by_tag = fetch(MODEL, downloads, "v1.0")
    assert by_tag == fetch(MODEL, downloads, hub.tags["v1.0"])
    assert by_tag[1] == hub.tags["v1.0"]
    assert contents(by_tag[0]) == WANTED


def test_the_commit_is_told_by_its_contents_not_by_its_date(hub: FakeHub, downloads: Path) -> None:
    """Clocks of authors differ, and several commits fit into a second."""
    hub.dates[0] = 1_700_000_000
    assert fetch(MODEL, downloads, None)[1] == hub.tags["v1.0"]


def test_a_branch_whose_commit_cannot_be_told_needs_a_full_hash(hub: FakeHub, downloads: Path) -> None:
    """As a merge makes it: each file was last changed on a side that lacks the other."""
    hub.merged = True
    with pytest.raises(VoiceUnavailable, match="full commit hash"):
        fetch(MODEL, downloads, None)
    assert fetch(MODEL, downloads, hub.tags["v1.0"])[1] == hub.tags["v1.0"]


def test_a_download_that_broke_off_goes_on_where_it_stopped(hub: FakeHub, downloads: Path) -> None:
    """What is finished is not asked for again, and of the rest only what is missing is sent."""
    half = len(WANTED[CHECKPOINT]) // 2
    hub.cut[CHECKPOINT] = half
    with pytest.raises(VoiceUnavailable, match=r"checkpoint_980\.pth.*try again"):
        fetch(MODEL, downloads, None)
    assert {asked.path for asked in hub.asked} == set(WANTED)
    hub.cut.clear()
    hub.asked.clear()
    folder, _ = fetch(MODEL, downloads, None)
    assert contents(folder) == WANTED
    assert [(asked.path, asked.start, asked.sent) for asked in hub.asked] == [(CHECKPOINT, half, half)]


def test_a_whole_download_is_not_asked_for_again(hub: FakeHub, downloads: Path) -> None:
    """A second call reads what is there and checks it."""
    first = fetch(MODEL, downloads, None)
    hub.asked.clear()
    assert fetch(MODEL, downloads, None) == first
    assert hub.asked == []


def test_a_file_that_was_damaged_here_is_fetched_again(hub: FakeHub, downloads: Path) -> None:
    """Even where its size is right."""
    folder, _ = fetch(MODEL, downloads, None)
    (folder / "configuration.json").write_bytes(b"[]")
    assert contents(fetch(MODEL, downloads, None)[0]) == WANTED


@pytest.mark.parametrize("path", [CHECKPOINT, "configuration.json"])
def test_other_contents_than_the_hub_lists_are_refused(hub: FakeHub, downloads: Path, path: str) -> None:
    """And do not stay on the disk as if they were the file."""
    hub.corrupt.add(path)
    with pytest.raises(VoiceUnavailable, match=f"{path}: not the file that the hub lists"):
        fetch(MODEL, downloads, None)
    corrupt = sha256(bytes([WANTED[path][0] ^ 1]) + WANTED[path][1:]).digest()
    assert corrupt not in {sha256(content).digest() for content in contents(downloads).values()}


def test_a_model_that_the_hub_does_not_have_is_said_so(hub: FakeHub, downloads: Path) -> None:
    """With where to find its id."""
    with pytest.raises(VoiceUnavailable, match=r"damo/nothing .*no such model.*model's page"):
        fetch("damo/nothing", downloads, None)


def test_a_model_that_is_not_public_asks_for_an_account(hub: FakeHub, downloads: Path) -> None:
    """ModelScope's own way to log in is the way."""
    hub.private = True
    with pytest.raises(VoiceUnavailable, match="modelscope login"):
        fetch(MODEL, downloads, None)


def test_a_revision_that_the_model_does_not_have_is_answered_with_those_it_has(hub: FakeHub, downloads: Path) -> None:
    """A commit hash is not in that list: it is asked for, and the hub's answer told."""
    with pytest.raises(VoiceUnavailable, match=r"no revision 'v9'.*v1\.0, master"):
        fetch(MODEL, downloads, "v9")
    with pytest.raises(VoiceUnavailable, match="no such model or revision"):
        fetch(MODEL, downloads, "0" * 40)


def test_a_model_of_another_kind_is_refused_before_it_is_downloaded(hub: FakeHub, downloads: Path) -> None:
    """It has no voices."""
    hub.commit({"README.md": b"a vision model", "model.pth": b"weights"})
    with pytest.raises(VoiceUnavailable, match="no Sambert-HiFiGAN model"):
        fetch(MODEL, downloads, None)
    assert hub.asked == []


def test_a_model_that_does_not_fit_the_disk_is_refused_before_it_is_downloaded(hub: FakeHub, downloads: Path) -> None:
    """With how much is missing."""
    hub.listed_size[CHECKPOINT] = 1 << 60
    with pytest.raises(VoiceUnavailable, match=r"disk is full.*MiB are free"):
        fetch(MODEL, downloads, None)
    assert hub.asked == []


def test_a_hub_out_of_reach_says_what_else_can_be_done(downloads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model folder from another machine needs no network."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", f"http://127.0.0.1:{port}")
    with pytest.raises(VoiceUnavailable, match=r"does not answer.*network.*add its folder"):
        fetch(MODEL, downloads, None)


@pytest.mark.parametrize(
    "typo", ["zhitian_emo", "./models/zhitian", "/models/zhitian", "damo/a/b", "damo/..", "damo/知甜"]
)
def test_what_is_no_id_is_refused_without_a_request(hub: FakeHub, downloads: Path, typo: str) -> None:
    """Nor is a folder made for it."""
    with pytest.raises(VoiceUnavailable, match="neither a folder here nor a model's id"):
        fetch(typo, downloads, None)
    assert hub.requests == 0
    assert not downloads.exists()
