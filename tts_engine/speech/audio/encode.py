"""Samples become the bytes of a file, as they come.

The bytes depend on the samples alone, not on how they were cut into chunks nor on when they were
encoded: a second attempt at the same request goes on where the first broke off.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

import av
import numpy as np
import numpy.typing as npt

from tts_engine.speech.audio import wav
from tts_engine.speech.audio.formats import Format
from tts_engine.speech.audio.label import KEY, Label
from tts_engine.speech.voice import Samples

Pcm = npt.NDArray[np.int16]
PAGE_SECONDS = 0.1  # of Ogg; a page leaves when it is full


def encode(
    chunks: Iterable[Samples], sample_rate: int, audio_format: Format, label: Label | None = None
) -> Iterator[bytes]:
    """Encode mono samples of `sample_rate` Hz; raises ValueError for a rate the format cannot carry.

    What can carry the label does: everything but `pcm`, `mulaw` and `alaw`, which are samples and nothing else.
    Bytes leave as soon as the codec has them: at once without compression, else within 0.2 s of audio.
    """
    if audio_format.rate_for(sample_rate) != sample_rate:
        raise ValueError(f"{audio_format.name} cannot carry {sample_rate} Hz")
    return _ENCODERS[audio_format.name](map(to_pcm, chunks), sample_rate, label)


def to_pcm(samples: Samples) -> Pcm:
    """16-bit samples; what is beyond full scale is clipped, never wrapped."""
    return np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2")


def _pcm(chunks: Iterable[Pcm], sample_rate: int, label: Label | None) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk.tobytes()


def _wav(
    tag: int, samples: "_Encoder", chunks: Iterable[Pcm], sample_rate: int, label: Label | None
) -> Iterator[bytes]:
    yield wav.header(tag, sample_rate, extra=wav.packed(KEY.encode(), label.as_json().encode()) if label else b"")
    yield from samples(chunks, sample_rate, None)


@dataclass(frozen=True, slots=True)
class _Codec:
    """A codec of FFmpeg in a container of FFmpeg, and their options; `label_options` are those that a label needs."""

    container: str
    codec: str
    bit_rate: int | None = None
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    container_options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    label_options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


_MP3 = _Codec(
    "mp3",
    "libmp3lame",
    64_000,
    container_options={"write_xing": "0", "id3v2_version": "0"},
    label_options={"id3v2_version": "4"},
)
_OPUS = _Codec(
    "ogg",
    "libopus",
    32_000,
    options={"application": "voip"},
    container_options={"page_duration": str(int(PAGE_SECONDS * 1e6))},
)
_AAC = _Codec("adts", "aac", 64_000, label_options={"write_id3v2": "1"})
_FLAC = _Codec("flac", "flac")
_MULAW = _Codec("mulaw", "pcm_mulaw")
_ALAW = _Codec("alaw", "pcm_alaw")


class _Sink(io.RawIOBase):
    """Where FFmpeg writes to: bytes wait here until they are taken. It cannot seek, like a socket."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # FFmpeg hands over bytes only
        self._waiting += data
        return len(data)

    def taken(self) -> bytes:
        data = bytes(self._waiting)
        self._waiting.clear()
        return data


def _coded(codec: _Codec, chunks: Iterable[Pcm], sample_rate: int, label: Label | None) -> Iterator[bytes]:
    sink = _Sink()
    # bitexact keeps version numbers and random serial numbers out; flush_packets lets each packet go at once.
    options = {"fflags": "+bitexact+flush_packets", **codec.container_options, **(codec.label_options if label else {})}
    with av.open(sink, "w", format=codec.container, container_options=options) as output:
        if label:
            output.metadata[KEY] = label.as_json()
        stream = output.add_stream(codec.codec, rate=sample_rate, layout="mono", options=dict(codec.options))
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        if codec.bit_rate is not None:
            stream.bit_rate = codec.bit_rate
        position = 0
        for chunk in chunks:
            if not len(chunk):
                continue
            frame = av.AudioFrame.from_ndarray(chunk[np.newaxis], format="s16", layout="mono")
            frame.sample_rate, frame.pts = sample_rate, position
            position += len(chunk)
            output.mux(stream.encode(frame))
            if data := sink.taken():
                yield data
        output.mux(stream.encode(None))
    if data := sink.taken():
        yield data


_Encoder = Callable[[Iterable[Pcm], int, Label | None], Iterator[bytes]]

_ENCODERS: Mapping[str, _Encoder] = {
    "pcm": _pcm,
    "wav": partial(_wav, wav.PCM, _pcm),
    "mp3": partial(_coded, _MP3),
    "opus": partial(_coded, _OPUS),
    "aac": partial(_coded, _AAC),
    "flac": partial(_coded, _FLAC),
    "mulaw": partial(_coded, _MULAW),
    "alaw": partial(_coded, _ALAW),
    "wav_mulaw": partial(_wav, wav.MULAW, partial(_coded, _MULAW)),
    "wav_alaw": partial(_wav, wav.ALAW, partial(_coded, _ALAW)),
}
