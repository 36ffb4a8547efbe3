"""A finished file says how long it is; what was streamed before it was finished could not."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tts_engine.speech.audio.complete import complete
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.audio.render import rendered
from tts_engine.speech.voice import Samples

RATE = 24_000


@pytest.mark.parametrize("seconds", [0.01, 1.0, 7.3])
@pytest.mark.parametrize("name", ["wav", "flac"])
def test_the_length_is_written(tmp_path: Path, name: str, seconds: float) -> None:
    """An independent reader finds the length in the header and the same samples behind it."""
    samples: Samples = np.sin(np.arange(round(RATE * seconds), dtype=np.float32) / 10).astype(np.float32)
    file = tmp_path / f"speech.{name}"
    file.write_bytes(b"".join(rendered([samples], RATE, FORMATS[name])))
    complete(file, FORMATS[name])
    assert soundfile.info(file).frames == len(samples)
    read, rate = soundfile.read(file, dtype="float32")
    assert rate == RATE
    assert np.abs(read - samples).max() < 1e-4


@pytest.mark.parametrize("name", sorted(name for name in FORMATS if "wav" not in name and name != "flac"))
def test_formats_without_a_length_stay_as_they_are(tmp_path: Path, name: str) -> None:
    """Their bytes are what was streamed."""
    file = tmp_path / f"speech.{name}"
    streamed = b"".join(rendered([np.zeros(RATE, np.float32)], RATE, FORMATS[name]))
    file.write_bytes(streamed)
    complete(file, FORMATS[name])
    assert file.read_bytes() == streamed
