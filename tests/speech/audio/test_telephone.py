"""G.711 for telephone lines: raw and in WAV, at 8 kHz, nothing folded back from above."""

import struct
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from tts_engine.speech.audio.complete import complete
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.audio.label import Label
from tts_engine.speech.audio.render import rendered
from tts_engine.speech.audio.resample import resampled
from tts_engine.speech.errors import AudioError
from tts_engine.speech.voice import Samples

RATE = 8_000
LABEL = Label.generated(producer="Voxhouse", content_id="7")


def tone(frequency: float, rate: int, seconds: float = 1.0) -> Samples:
    moments = np.arange(round(rate * seconds)) / rate
    return (0.5 * np.sin(2 * np.pi * frequency * moments)).astype(np.float32)


def decibels(samples: Samples) -> float:
    """RMS, against that of `tone`."""
    return float(20 * np.log10(np.sqrt(np.mean(samples.astype(np.float64) ** 2)) / (0.5 / np.sqrt(2)) + 1e-12))


def mulaw(code: int) -> int:
    """ITU-T G.711, table 2: the 14-bit value of a character signal, as 16 bits."""
    code = ~code & 0xFF
    magnitude = ((2 * (code & 0x0F) + 33) << (code >> 4 & 7)) - 33
    return 4 * (-magnitude if code & 0x80 else magnitude)


def alaw(code: int) -> int:
    """ITU-T G.711, table 1: the 13-bit value of a character signal, as 16 bits."""
    code ^= 0x55
    exponent, mantissa = code >> 4 & 7, code & 0x0F
    magnitude = 2 * mantissa + 1 if exponent == 0 else (2 * mantissa + 33) << (exponent - 1)
    return 8 * (magnitude if code & 0x80 else -magnitude)


@pytest.mark.parametrize(("name", "decode"), [("mulaw", mulaw), ("alaw", alaw)])
def test_each_sample_gets_the_nearest_value_of_the_standard(name: str, decode: object) -> None:
    """Over all 16 bits, as the tables of the standard decode them."""
    assert callable(decode)
    values = np.array(sorted({decode(code) for code in range(256)}))
    every = np.arange(-32_767, 32_768, 7)
    coded = b"".join(rendered([(every / 32_767).astype(np.float32)], RATE, FORMATS[name]))
    decoded = np.array([decode(code) for code in coded])
    nearest = np.abs(every[:, np.newaxis] - values).min(axis=1)
    # The decision values lie half-way, and the coder cuts 16 bits off to 14: 3 too low at most.
    assert (np.abs(decoded - every) - nearest).max() <= 2 * 3


@pytest.mark.parametrize(("name", "tag", "silence"), [("wav_mulaw", 7, b"\xff"), ("wav_alaw", 6, b"\xd5")])
@pytest.mark.parametrize("length", [8_000, 8_001])
def test_g711_in_wav(tmp_path: Path, name: str, tag: int, silence: bytes, length: int) -> None:
    """The format's tag, an extended fmt, a fact with the number of samples, padded to an even size (RFC 2361)."""
    file = tmp_path / "speech.wav"
    file.write_bytes(b"".join(rendered([np.zeros(length, np.float32)], RATE, FORMATS[name], label=LABEL)))
    complete(file, FORMATS[name])
    whole = file.read_bytes()
    assert struct.unpack("<4sI4s4sIHHIIHHH", whole[:38]) == (
        b"RIFF", len(whole) - 8, b"WAVE", b"fmt ", 18, tag, 1, RATE, RATE, 1, 8, 0,
    )  # fmt: skip
    assert struct.unpack("<4sII", whole[38:50]) == (b"fact", 4, length)
    data = whole.index(b"data")
    assert struct.unpack("<I", whole[data + 4 : data + 8]) == (length,)
    assert whole[data + 8 : data + 8 + length] == silence * length
    assert len(whole) == data + 8 + length + length % 2


@pytest.mark.parametrize("name", ["wav_mulaw", "wav_alaw"])
def test_other_readers_hear_the_same(tmp_path: Path, name: str) -> None:
    """libsndfile and FFmpeg find the coding, the rate and the length, and samples within G.711's steps."""
    spoken = tone(440, RATE)
    file = tmp_path / "speech.wav"
    file.write_bytes(b"".join(rendered([spoken], RATE, FORMATS[name], label=LABEL)))
    complete(file, FORMATS[name])
    info = soundfile.info(file)
    assert (info.samplerate, info.frames, info.channels) == (RATE, len(spoken), 1)
    assert info.subtype == {"wav_mulaw": "ULAW", "wav_alaw": "ALAW"}[name]
    heard, _ = soundfile.read(file, dtype="float32")
    assert np.abs(heard - spoken).max() < 0.02
    with av.open(file) as container:
        assert container.streams.audio[0].codec_context.name == {"wav_mulaw": "pcm_mulaw", "wav_alaw": "pcm_alaw"}[name]
        also = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)]) / 32_768
    assert np.abs(also - heard).max() < 1e-3


@pytest.mark.parametrize("name", ["wav", "wav_mulaw", "wav_alaw"])
def test_a_stream_is_read_before_its_length_is_known(name: str) -> None:
    """Its sizes are open, and what is heard is all there is."""
    streamed = b"".join(rendered([tone(440, RATE)], RATE, FORMATS[name], label=LABEL))
    with av.open(BytesIO(streamed)) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == RATE


@pytest.mark.parametrize("name", ["mulaw", "alaw", "wav_mulaw", "wav_alaw"])
def test_a_telephone_line_has_one_rate(name: str) -> None:
    """Whatever the voice's; asking for another is an error."""
    assert FORMATS[name].rate_for(24_000) == RATE
    with pytest.raises(AudioError, match="8000 Hz; 16000") as refused:
        FORMATS[name].check_rate(16_000)
    assert refused.value.param == "sample_rate"


def test_nothing_folds_back_into_the_band() -> None:
    """From 24 kHz: flat to 3.6 kHz, and what lies from 4 kHz up is below -100 dB."""
    for frequency in (100, 300, 1_000, 3_400, 3_600):
        kept = np.concatenate(list(resampled([tone(frequency, 24_000)], 24_000, RATE)))[800:-800]
        assert abs(decibels(kept)) < 0.1, frequency
    for frequency in (4_000, 4_100, 4_700, 6_000, 7_700, 11_000):
        folded = np.concatenate(list(resampled([tone(frequency, 24_000)], 24_000, RATE)))[800:-800]
        assert decibels(folded) < -100, frequency
