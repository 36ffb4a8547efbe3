"""How much later than its samples a file is heard, as two independent decoders play it."""

import io

import av
import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.audio.render import rendered
from tts_engine.speech.voice import Samples

RATE = 24_000  # of the voice
NO_CONTAINER = {"pcm": "s16le", "mulaw": "mulaw", "alaw": "alaw"}


def noise(seconds: float) -> Samples:
    """Two bursts of noise of a telephone's band, which lie in no other place like in their own."""
    white = np.random.default_rng(1).standard_normal(round(seconds * RATE))
    soft = np.convolve(white, np.hanning(17) / 40, "same")
    moments = np.arange(len(soft)) / RATE
    bursts = ((moments > 0.2) & (moments < 0.5)) | ((moments > 0.8) & (moments < 0.9))
    return (soft * bursts).astype(np.float32)


def heard_by_ffmpeg(data: bytes, name: str, rate: int) -> tuple[npt.NDArray[np.float64], int]:
    raw = NO_CONTAINER.get(name)
    with av.open(io.BytesIO(data), format=raw, options={"sample_rate": str(rate)} if raw else {}) as container:
        frames = [frame.to_ndarray().astype(np.float64).ravel() for frame in container.decode(audio=0)]
        return np.concatenate(frames), container.streams.audio[0].rate


def lag(heard: npt.NDArray[np.float64], rate: int, made: Samples) -> float:
    """Seconds by which `heard` is later, where both agree best."""
    length = round(len(made) * rate / RATE)
    own = np.interp(np.arange(length) / rate, np.arange(len(made)) / RATE, made)
    size = 1 << (len(heard) + length).bit_length()
    agreement = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(own, size)))
    best = int(np.argmax(agreement))
    return (best if best < size // 2 else best - size) / rate


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("wanted", [8_000, 24_000, 44_100])
def test_a_file_is_heard_as_late_as_its_format_says(name: str, wanted: int) -> None:
    """To a tenth of a millisecond, at any rate, whatever was resampled: MP3 by 1105 samples, AAC by 1024."""
    made = noise(1.0)
    data = b"".join(rendered([made], RATE, FORMATS[name], wanted_rate=wanted))
    heard, rate = heard_by_ffmpeg(data, name, FORMATS[name].rate_for(wanted))
    assert lag(heard, rate, made) == pytest.approx(FORMATS[name].delay_of(wanted), abs=2 / min(wanted, RATE))


def test_libsndfile_hears_mp3_as_late() -> None:
    """mpg123 adds as much as FFmpeg."""
    made = noise(1.0)
    data = b"".join(rendered([made], RATE, FORMATS["mp3"]))
    heard, rate = soundfile.read(io.BytesIO(data))
    assert lag(heard, rate, made) == pytest.approx(1105 / RATE, abs=1 / RATE)
