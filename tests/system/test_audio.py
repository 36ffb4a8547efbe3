"""How a request wants its audio, from the door to the stored file: telephone, loudness, silence, label."""

import io
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from tests.system.instance import Platform, until
from tts_engine.speech.audio import label
from tts_engine.speech.audio.cue import UNIT
from tts_engine.speech.audio.loudness import integrated

TEXT = "您好，您的保单将于下周五到期。"
RATE = 8_000


def ask(platform: Platform, **members: Any) -> httpx.Response:
    answer = httpx.post(
        f"{platform.url}/v1/audio/speech",
        headers={"Authorization": f"Bearer {platform.api_key}"},
        json={"model": "tts-1", "voice": "yunxi", "input": TEXT, "response_format": "wav_mulaw", **members},
        timeout=60,
    )
    return answer.raise_for_status()


def test_a_call_centre_gets_what_it_asked_for(platform: Platform) -> None:
    """8 kHz mu-law in WAV, so loud, so long silent before and after, announced; the cue is not billed."""
    wanted = {"loudness": -20, "leading_silence_ms": 100, "trailing_silence_ms": 250, "label": "audible"}
    first, again = ask(platform, **wanted), ask(platform, **wanted)
    assert (first.headers["x-billed-characters"], first.headers["content-type"]) == (str(len(TEXT)), "audio/wav")
    assert again.headers["x-cache"] == "hit"
    info = soundfile.info(io.BytesIO(again.content))
    assert (info.samplerate, info.subtype) == (RATE, "ULAW")
    heard, _ = soundfile.read(io.BytesIO(again.content), dtype="float32")
    milliseconds = int(again.headers["x-audio-duration-ms"])  # rounded, of the voice's own frames
    assert len(heard) * 1000 / RATE == pytest.approx(milliseconds, abs=0.5 + 1000 / RATE)
    assert integrated(heard, RATE) == pytest.approx(-20, abs=0.3)
    loud = np.flatnonzero(np.abs(heard) > 0.003)
    assert abs(loud[0] - 0.1 * RATE) < 0.001 * RATE
    assert 0 <= len(heard) - loud[-1] - 0.25 * RATE < 0.02 * RATE
    units = heard[round(0.1 * RATE) :][: round(15 * UNIT * RATE)].reshape(15, -1)[:, 80:-80]
    assert "".join("x" if np.abs(unit).max() > 0.01 else "." for unit in units) == "x.xxx...x.x...."


def test_rows_of_a_job_get_it_too(platform: Platform) -> None:
    """Each has its silence and its cue, also joined, and the subtitles of both count from the beginning."""
    asked = {"leading_silence_ms": 100, "trailing_silence_ms": 0, "label": "audible", "response_format": "wav"}
    with httpx.Client(
        base_url=platform.url, headers={"Authorization": f"Bearer {platform.api_key}"}, timeout=60
    ) as client:
        rows = [{"text": "您好，您的保单已生效。"}, {"text": "再见。"}]
        body = {"model": "tts-1", "voice": "yunxi", "items": rows, "start": True, **asked}
        job = client.post("/v1/jobs", json=body).raise_for_status().json()["id"]
        until(lambda: client.get(f"/v1/jobs/{job}").json()["status"] == "done", seconds=60)
        items = client.get(f"/v1/jobs/{job}/items").json()["data"]
        alone = [
            client.get(f"/v1/history/{item['synthesis']}/subtitles.json").json()["sentences"][0]["start"]
            for item in items
        ]
        download = f"/v1/jobs/{job}/download"
        asked_for: dict[str, str | int] = {"as": "subtitles", "silence_ms": 500, "subtitles": "json"}
        joined = client.get(download, params=asked_for).json()["sentences"]
        recording = client.get(download, params={"as": "joined", "silence_ms": 500}).raise_for_status()
    second = (items[0]["audio_ms"] + 500) / 1000
    assert all(0.1 + 15 * UNIT <= start < 0.1 + 15 * UNIT + 0.2 for start in alone)
    assert [joined[0]["start"], joined[-1]["start"]] == pytest.approx([alone[0], second + alone[1]], abs=0.002)
    heard, rate = soundfile.read(io.BytesIO(recording.content), dtype="float32")
    loud = np.flatnonzero(np.abs(heard[round(second * rate) :]) > 0.003)
    assert loud[0] == pytest.approx(0.1 * rate, abs=0.001 * rate)


def test_the_label_leads_back_to_the_request(platform: Platform, tmp_path: Path) -> None:
    """The id in the file is the one in the history; so it is in other formats, and the operator can read it."""
    answer = ask(platform, response_format="mp3")
    request_id = answer.headers["x-request-id"]
    (tmp_path / "sent.mp3").write_bytes(answer.content)
    history = f"{platform.url}/v1/history/{request_id}"
    headers = {"Authorization": f"Bearer {platform.api_key}"}
    flac = httpx.get(f"{history}/audio?format=flac", headers=headers).raise_for_status()
    (tmp_path / "kept.flac").write_bytes(flac.content)
    for name in ("sent.mp3", "kept.flac"):
        found = label.read(tmp_path / name)
        assert found
        assert found.produce_id == request_id
    assert httpx.get(history, headers=headers).json()["label"] == "implicit"
    assert request_id in platform.manage("label", "read", str(tmp_path / "sent.mp3"))
