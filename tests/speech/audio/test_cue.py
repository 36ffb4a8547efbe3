"""The audible label: AI in Morse code before the speech."""

import numpy as np
import pytest

from tts_engine.speech.audio.cue import FREQUENCY, UNIT, announced, cue
from tts_engine.speech.audio.loudness import integrated
from tts_engine.speech.errors import NothingToSay
from tts_engine.speech.voice import CharacterTime, Chunk


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 48_000])
def test_the_rhythm_is_short_long_short_short(rate: int) -> None:
    """Tone or none, unit by unit: `.-  ..` and then silence (GB 45438-2025, 5.3 c)."""
    made = cue(rate)
    units = [made[round(start * UNIT * rate) : round((start + 1) * UNIT * rate)] for start in range(15)]
    assert "".join("x" if np.abs(unit).max() > 0.1 else "." for unit in units) == "x.xxx...x.x...."
    assert len(made) == pytest.approx(1.5 * rate, abs=8)


def test_the_tone_is_heard_on_a_telephone() -> None:
    """One frequency within its band, about as loud as speech, and no click above it."""
    made = cue(24_000)
    spectrum = np.abs(np.fft.rfft(made)) ** 2
    frequencies = np.fft.rfftfreq(len(made), 1 / 24_000)
    assert abs(frequencies[spectrum.argmax()] - FREQUENCY) < 2
    assert spectrum[frequencies > 2_000].sum() / spectrum.sum() < 1e-4
    assert -24 < integrated(made, 24_000) < -18


def test_the_speech_follows_and_its_times_with_it() -> None:
    spoken = Chunk(np.ones(10, np.float32), (CharacterTime("你", 0.0, 0.1),))
    sign, speech = announced([spoken], 24_000)
    assert np.array_equal(sign.samples, cue(24_000))
    assert np.array_equal(speech.samples, spoken.samples)
    assert speech.characters == (CharacterTime("你", 1.5, 1.6),)


def test_what_cannot_be_spoken_is_not_announced() -> None:
    """An error comes before the first sound, so that the caller gets a status and no broken audio."""

    def fails() -> object:
        raise NothingToSay("no sound")
        yield

    with pytest.raises(NothingToSay):
        next(announced(fails(), 24_000))  # type: ignore[arg-type]
