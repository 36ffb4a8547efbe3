"""Audio goes from worker to web process through a real Valkey: each byte once, in order, whoever dies."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from structlog.testing import capture_logs

from tests.engine.conftest import Run
from tts_engine import relay
from tts_engine.errors import DeadlinePassed, SynthesisCancelled, SynthesisFailed
from tts_engine.speech.text.types import Stretch
from tts_engine.speech.timeline import SentenceTimes, Timeline


@pytest.fixture
def request_id() -> UUID:
    return uuid4()


async def read(request_id: UUID) -> list[bytes | Timeline]:
    return [piece async for piece in relay.pieces(request_id)]


def send_all(request_id: UUID, *pieces: bytes, attempt: int = 1) -> int:
    """Send the pieces one after the other; the bytes sent."""
    offset = 0
    for piece in pieces:
        relay.send(request_id, piece, attempt=attempt, offset=offset)
        offset += len(piece)
    return offset


def test_pieces_come_while_they_are_made(run: Run[Any], request_id: UUID) -> None:
    """The reader has the first piece before the second is sent."""

    async def both() -> list[bytes | Timeline]:
        stream = relay.pieces(request_id)
        heard = []
        for number, piece in enumerate((b"one", b"two")):
            sending = asyncio.create_task(
                asyncio.to_thread(relay.send, request_id, piece, attempt=1, offset=3 * number)
            )
            heard.append(await anext(stream))
            await sending
        relay.end(request_id, attempt=1, size=6)
        return heard + [piece async for piece in stream]

    assert run(both()) == [b"one", b"two"]


def test_a_sentence_is_told_once(run: Run[Any], request_id: UUID) -> None:
    """Between the pieces, as soon as it is made; a second attempt's telling of the same is not passed on."""
    one, two = (
        SentenceTimes(char, (start,), (start + 5,), (Stretch(char, 1),), "") for start, char in ((0, "一"), (9, "二"))
    )
    relay.send(request_id, b"abc", attempt=1, offset=0, heard=(0, Timeline(10, (one,))))
    relay.send(request_id, b"ab", attempt=2, offset=0, heard=(0, Timeline(10, ())))
    relay.send(request_id, b"cdef", attempt=2, offset=2, heard=(0, Timeline(10, (one, two))))
    relay.end(request_id, attempt=2, size=6)
    assert run(read(request_id)) == [Timeline(10, (one,)), b"abc", Timeline(10, (two,)), b"def"]


def test_what_is_whole_makes_room_soon(request_id: UUID) -> None:
    """It is stored by then, for who reads slower; while pieces are expected the others wait for them."""

    def seconds_left() -> float:
        (key,) = relay.writer().scan_iter(f"*{request_id}")
        return float(relay.writer().ttl(key))

    relay.send(request_id, b"one", attempt=1, offset=0)
    assert seconds_left() == pytest.approx(settings.RELAY_KEEP.total_seconds(), abs=2)
    relay.end(request_id, attempt=1, size=3)
    assert seconds_left() == pytest.approx(settings.RELAY_KEEP_WHOLE.total_seconds(), abs=2)


def test_a_late_reader_misses_nothing(run: Run[Any], request_id: UUID) -> None:
    """All was sent before anybody listened; a second reader gets the same."""
    relay.end(request_id, attempt=1, size=send_all(request_id, b"one", b"two"))
    assert run(read(request_id)) == [b"one", b"two"]
    assert run(read(request_id)) == [b"one", b"two"]


def test_a_writer_dies_and_another_begins_anew(run: Run[Any], request_id: UUID) -> None:
    """The second attempt makes the same bytes in other pieces: each is passed on once."""
    send_all(request_id, b"abc", b"de", attempt=1)
    relay.end(request_id, attempt=2, size=send_all(request_id, b"a", b"bcdef", b"gh", attempt=2))
    assert run(read(request_id)) == [b"abc", b"de", b"f", b"gh"]


def test_a_writer_that_lost_its_lease_is_not_heard(run: Run[Any], request_id: UUID) -> None:
    """What an earlier attempt sends after a later one has begun does not count, its end neither."""
    send_all(request_id, b"abc", attempt=2)
    relay.send(request_id, b"XYZ", attempt=1, offset=3)
    relay.end(request_id, attempt=1, size=6)
    relay.send(request_id, b"def", attempt=2, offset=3)
    relay.end(request_id, attempt=2, size=6)
    assert run(read(request_id)) == [b"abc", b"def"]


def test_a_gap_is_noticed(run: Run[Any], request_id: UUID) -> None:
    """Valkey lost the beginning: better no more from here than audio with a hole."""
    relay.send(request_id, b"def", attempt=1, offset=3)
    with pytest.raises(relay.StreamLost):
        run(read(request_id))


def test_an_end_after_a_gap_is_no_end(run: Run[Any], request_id: UUID) -> None:
    """The last piece is missing, though the end is there."""
    send_all(request_id, b"abc")
    relay.end(request_id, attempt=1, size=6)
    with pytest.raises(relay.StreamLost):
        run(read(request_id))


def test_a_failure_is_told_as_it_was(run: Run[Any], request_id: UUID) -> None:
    """Message, code, member, and whose fault it is."""
    relay.fail(request_id, SynthesisFailed("why", code="text_unspeakable", param="input", refused=True))
    with pytest.raises(SynthesisFailed, match="why") as failed:
        run(read(request_id))
    assert (failed.value.code, failed.value.param, failed.value.refused) == ("text_unspeakable", "input", True)


@pytest.mark.parametrize(("code", "error"), [("", SynthesisCancelled), ("deadline_exceeded", DeadlinePassed)])
def test_a_cancellation_is_told(run: Run[Any], request_id: UUID, code: str, error: type[Exception]) -> None:
    """That it was cancelled, and whether because its caller's time was over."""
    relay.cancel(request_id, code)
    with pytest.raises(SynthesisCancelled) as cancelled:
        run(read(request_id))
    assert type(cancelled.value) is error


def test_silence_is_told(run: Run[Any], request_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing comes the reader gets empty pieces, to look at its deadline and at the row."""
    monkeypatch.setattr(relay, "BLOCK_MS", 20)

    async def first() -> bytes | Timeline:
        return await anext(relay.pieces(request_id))

    assert run(first()) == b""


def test_what_was_sent_is_forgotten(request_id: UUID) -> None:
    """A stream is kept for a slow reader, not for ever."""
    send_all(request_id, b"abc")
    assert 0 < relay.writer().ttl(f"speech:{request_id}") <= 600


def test_without_valkey_the_speech_goes_on(run: Run[Any], request_id: UUID, settings: Any, tmp_path: Path) -> None:
    """A worker that cannot pass on a piece says so and speaks on; a reader is sent to the stored audio."""
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    relay.writer.cache_clear()
    try:
        with capture_logs() as events:
            relay.send(request_id, b"one", attempt=1, offset=0)
            relay.hang_up(request_id)
        assert [event["event"] for event in events] == ["piece_not_relayed", "hang_up_not_told"]
        assert not relay.has_hung_up(request_id)
        with pytest.raises(relay.StreamLost):
            run(read(request_id))
    finally:
        relay.writer.cache_clear()
