"""Blends of speakers: one name however they are written, and a voice between their voices."""

from pathlib import Path

import numpy as np
import pytest

from tts_engine.speech.blends import name_of, parts_of
from tts_engine.speech.catalog import Catalog
from tts_engine.speech.errors import SpeechError, StyleError, UnknownVoice
from tts_engine.speech.voices.kokoro.speakers import style_vector


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("xiaobei(2)+yunxi(1)", "xiaobei(2)+yunxi(1)"),
        ("yunxi(0.5)+xiaobei", "xiaobei(2)+yunxi(1)"),
        ("yunxi(50)+xiaobei(100)", "xiaobei(2)+yunxi(1)"),
        ("yunxi+yunxi(3)", "yunxi"),
    ],
)
def test_a_blend_has_one_name(written: str, name: str) -> None:
    """Whatever its order and its weights are written like, so that it is one voice to the cache."""
    assert name_of(parts_of(written)) == name


@pytest.mark.parametrize(
    ("written", "error", "names"),
    [
        ("xiaobei(0)+yunxi", StyleError, "weight"),
        ("xiaobei(2)+yunxi(x)", StyleError, "weights"),
        ("xiaobei+yunxi+xiaoyi+yunjian+yunyang", StyleError, "4 speakers"),
        ("xiaobei+nobody", UnknownVoice, "nobody"),
    ],
)
def test_what_is_no_blend_is_refused(tmp_path: Path, written: str, error: type[SpeechError], names: str) -> None:
    """With what is wrong about it."""
    with pytest.raises(error, match=names):
        Catalog(tmp_path).resolve(written)


def test_a_blend_is_found_where_voices_are(tmp_path: Path) -> None:
    """As one more speaker of the voice."""
    info, speaker = Catalog(tmp_path).resolve("yunxi+xiaobei(2)")
    assert (info.id, speaker) == ("kokoro", "xiaobei(2)+yunxi(1)")


def test_a_blend_is_the_weighted_mean() -> None:
    """Of the speakers' vectors, for every length."""
    for symbols in (1, 40, 600):
        wanted = (2 * style_vector("xiaobei", symbols) + style_vector("yunxi", symbols)) / 3
        assert np.allclose(style_vector("xiaobei(2)+yunxi(1)", symbols), wanted, atol=1e-6)
