"""When what was spoken is heard: kept with the audio, shared with its repeats, gone with it, joined for jobs."""

import json

import numpy as np
import pytest

from accounts.models import Tenant
from tests.factories import ask, make_done, make_tenant, make_timeline, speak_queued
from tests.kept import answer_of
from tts_engine import store
from tts_engine.models import Status, Synthesis
from tts_engine.services import synthesis_delete
from tts_engine.speech.audio.subtitles import Level
from tts_engine.subtitles import joined_subtitles, subtitles, timeline

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_wake_ups")]

SILENCE = np.zeros(2400, np.float32)


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def shown(synthesis: Synthesis) -> str:
    return "".join(subtitles(synthesis, "lrc", level=Level.SENTENCE))


def test_a_repeat_shares_them(tenant: Tenant) -> None:
    """The same text has the same file; deleting the first leaves the repeat its own."""
    ask(tenant, text="共有5个。")
    first = speak_queued(timeline=make_timeline("共有5个。"))
    again = ask(tenant, text="共有5个。")
    times = answer_of(again).with_name(store.TIMES)
    assert times.samefile(answer_of(first).with_name(store.TIMES))
    synthesis_delete(first)
    assert not answer_of(first).parent.exists()
    assert shown(again).startswith("[00:00.10]共有5个\n")


def test_a_repeat_that_is_written_otherwise_shows_its_own_text(tenant: Tenant) -> None:
    """Five or 5, the audio is one; the subtitles are each request's, and nothing of the other's text is kept."""
    ask(tenant, text="共有5个。")
    first = speak_queued(timeline=make_timeline("共有5个。"))
    again = ask(tenant, text="共有五个。")
    assert (again.status, again.cache_hit) == (Status.DONE, True)
    assert shown(again) == shown(first).replace("5", "五")


def test_a_repeat_of_what_has_none_has_none(tenant: Tenant) -> None:
    """Spoken before times were kept: the audio is found all the same."""
    ask(tenant)
    speak_queued()
    again = ask(tenant)
    assert again.cache_hit
    assert not answer_of(again).with_name(store.TIMES).exists()


def test_many_in_one_file(tenant: Tenant) -> None:
    """Each begins where its samples do, at the file's rate, its delay before all of them."""
    spoken = [
        make_done(tenant, SILENCE, text="好。", timeline=make_timeline("好。", rate=rate)) for rate in (24_000, 16_000)
    ]
    offsets = [(spoken[0], 0), (spoken[1], 44_100 * 3599 + 7)]
    made = "".join(
        joined_subtitles(offsets, "json", ticks=44_100, level=Level.SENTENCE, audio_format="mp3", sample_rate=44_100)
    )
    starts = [sentence["start"] for sentence in json.loads(made)["sentences"]]
    assert starts == [round(offset / 44_100 + 0.1 + 1105 / 44_100, 3) for _, offset in offsets]


def test_what_was_not_read_is_kept_whole(tenant: Tenant) -> None:
    """The timeline is as the worker made it."""
    made = make_timeline("😀好。\n走！")
    assert timeline(make_done(tenant, SILENCE, text="😀好。\n走！", timeline=made)) == made
