"""The seven Mandarin speakers and their style vectors.

`styles.npz` holds, for each speaker, the vectors published with Kokoro-82M v1.0 (Apache-2.0), an
array (510, 256): the model takes a slightly different one for each number of symbols. Stored in
half precision (1.7 MB); the difference is below what can be heard (tests measure it).
"""

import functools
import importlib.resources
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tts_engine.speech.blends import parts_of
from tts_engine.speech.voice import Speaker

SPEAKERS = (
    Speaker("xiaoxiao", "晓晓", "female"),
    Speaker("xiaobei", "晓北", "female"),
    Speaker("xiaoyi", "晓伊", "female"),
    Speaker("yunjian", "云健", "male"),
    Speaker("yunxi", "云希", "male"),
    Speaker("yunxia", "云夏", "male"),
    Speaker("yunyang", "云扬", "male"),
)


def style_vector(speaker: str, symbols: int) -> npt.NDArray[np.float32]:
    """The style [1, 256] of `speaker`, or the weighted mean of a blend's, for an utterance of that many symbols."""
    parts = parts_of(speaker)
    if len(parts) == 1:
        return _vector(speaker, symbols)
    vectors = np.stack([_vector(one, symbols) for one, _ in parts])
    mean: npt.NDArray[np.float32] = np.average(vectors, axis=0, weights=[weight for _, weight in parts])
    return mean.astype(np.float32)


def _vector(speaker: str, symbols: int) -> npt.NDArray[np.float32]:
    table = _tables()[speaker]
    vector: npt.NDArray[np.float32] = table[min(symbols, len(table) - 1)][np.newaxis].astype(np.float32)
    return vector


@functools.cache
def _tables() -> Mapping[str, npt.NDArray[np.float16]]:
    with (importlib.resources.files(__package__) / "styles.npz").open("rb") as file, np.load(file) as tables:
        return {speaker: tables[speaker] for speaker in tables.files}
