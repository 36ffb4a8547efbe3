"""From a voice's samples to the bytes a caller asked for: volume, sample rate, loudness, format, in that order."""

from collections.abc import Iterable, Iterator

from tts_engine.speech.audio.encode import encode
from tts_engine.speech.audio.formats import Format
from tts_engine.speech.audio.gain import amplified
from tts_engine.speech.audio.label import Label
from tts_engine.speech.audio.loudness import normalised
from tts_engine.speech.audio.resample import resampled
from tts_engine.speech.voice import Samples


def rendered(
    chunks: Iterable[Samples],
    rate: int,
    audio_format: Format,
    *,
    wanted_rate: int | None = None,
    volume: float = 0.0,
    loudness: float | None = None,
    label: Label | None = None,
) -> Iterator[bytes]:
    """Bytes of `audio_format` from `chunks` of `rate` Hz.

    `wanted_rate` is that of the voice unless given, and the nearest the format can carry
    (`Format.rate_for`); `volume` is in dB, `loudness` in LUFS, as it is at that rate.
    """
    carried = audio_format.rate_for(wanted_rate or rate)
    return encode(levelled(chunks, rate, carried, volume=volume, loudness=loudness), carried, audio_format, label)


def levelled(
    chunks: Iterable[Samples], rate: int, wanted_rate: int, *, volume: float, loudness: float | None
) -> Iterator[Samples]:
    """`chunks` of `rate` Hz at `wanted_rate`, `volume` dB louder or, there, at a `loudness` in LUFS."""
    samples = resampled(amplified(chunks, volume), rate, wanted_rate)
    return samples if loudness is None else normalised(samples, wanted_rate, loudness)
