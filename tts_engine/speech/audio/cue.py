"""The audible label of generated speech (显式标识): the rhythm short-long, short-short, "AI" in Morse code.

GB 45438-2025, 5.3 leaves the choice between words and this rhythm, at the beginning, the end or in
between. The rhythm is heard alike in every voice and language, lasts about a second and costs no voice any
time; words would have to be spoken at 120 to 160 characters a minute, half of what our voices do.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np

from tts_engine.speech.voice import Chunk, Samples

UNIT = 0.1  # seconds: a short tone, and the gap after each; a long one is three (ITU-R M.1677-1)
RHYTHM = (".-", "..")
AFTER = 4  # units of silence before the speech
FREQUENCY = 800  # Hz, within the telephone band
LEVEL = 0.2  # of full scale: with its gaps as loud as speech, -21 LUFS
EDGE = 0.005  # seconds in which a tone swells and fades, so that it does not click


def cue(sample_rate: int) -> Samples:
    """The rhythm with the silence after it, mono at `sample_rate` Hz."""
    short, long, gap = _tone(1, sample_rate), _tone(3, sample_rate), _silence(1, sample_rate)
    tones = {".": short, "-": long}
    letters = [[part for sign in letter for part in (tones[sign], gap)] for letter in RHYTHM]
    between = _silence(2, sample_rate)  # with the gap after the last tone three units
    return np.concatenate([*letters[0], between, *letters[1], _silence(AFTER - 1, sample_rate)])


def announced(chunks: Iterable[Chunk], sample_rate: int) -> Iterator[Chunk]:
    """`chunks` with the cue before them, their times counted from its start.

    Nothing is heard before the first chunk is there: what cannot be spoken is not announced.
    """
    coming = iter(chunks)
    for first in coming:
        sign = cue(sample_rate)
        yield Chunk(sign)
        for chunk in chain([first], coming):
            yield chunk.later(len(sign) / sample_rate)


def _tone(units: int, sample_rate: int) -> Samples:
    moments = np.arange(round(units * UNIT * sample_rate)) / sample_rate
    to_edge = np.minimum(moments, moments[::-1])
    swell = 0.5 - 0.5 * np.cos(np.pi * np.minimum(to_edge / EDGE, 1))
    return (LEVEL * swell * np.sin(2 * np.pi * FREQUENCY * moments)).astype(np.float32)


def _silence(units: int, sample_rate: int) -> Samples:
    return np.zeros(round(units * UNIT * sample_rate), np.float32)
