"""What `bench` prints of a model folder."""

import json
from pathlib import Path

import pytest

from tts_engine.speech.voices.sambert.__main__ import main

SYMBOLS = "{h_c$tone1$s_begin$word_begin$emotion_happy$F7} {uan_c$tone1$s_end$word_end$emotion_happy$F7}"
PAUSE = "{#4$tone_none$s_none$word_none$emotion_none$F7}"


def test_its_stages_make_its_total(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two utterances of one sequence each: seconds of audio, and every stage's share of the factor."""
    symbols = tmp_path / "symbols.txt"
    symbols.write_text(f"{SYMBOLS} {PAUSE}\n{SYMBOLS} {SYMBOLS} {PAUSE}\n", "utf-8")
    assert main(["bench", str(folder), "--symbols", str(symbols), "--batch", "2", "--precision", "fp32"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["batch"] == 2
    assert said["precision"] == {"decoder": "fp32", "vocoder": "fp32"}
    assert set(said["stages"]) == {"encoder_and_durations", "decoder", "postnet", "vocoder"}
    assert said["total"]["wall_seconds"] == pytest.approx(sum(s["wall_seconds"] for s in said["stages"].values()))
    assert said["total"]["rtf"] == pytest.approx(said["total"]["wall_seconds"] / said["audio_seconds"])
    assert 0 < said["first_audio_seconds"] < said["total"]["wall_seconds"] * 1.1
