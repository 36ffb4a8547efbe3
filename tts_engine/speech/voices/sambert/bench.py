"""How long a compiled voice takes, stage by stage, on one set of sentences."""

import itertools
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from tts_engine.speech.voices.sambert.acoustic_files import Precision
from tts_engine.speech.voices.sambert.acoustic_runtime import CompiledAcoustic, Script
from tts_engine.speech.voices.sambert.compile_acoustic import choose_precision, compile_acoustic
from tts_engine.speech.voices.sambert.folder import ModelFolder, VoiceModel
from tts_engine.speech.voices.sambert.units import parse

EXAMPLE = "example_symbols.txt"
PASSES = 3  # the quickest counts, after one that warms up


@dataclass
class Stage(AbstractContextManager[None]):
    """Seconds spent inside `with stage:`."""

    wall: float = 0.0
    cpu: float = 0.0

    def __enter__(self) -> None:
        self.wall -= time.perf_counter()
        self.cpu -= time.process_time()

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter()
        self.cpu += time.process_time()

    def less(self, part: "Stage") -> "Stage":
        return Stage(self.wall - part.wall, self.cpu - part.cpu)


class Timed:
    """An onnxruntime session whose runs are counted into a stage."""

    def __init__(self, session: Any, stage: Stage) -> None:
        self._session, self._stage = session, stage

    def run(self, *args: Any) -> Any:
        with self._stage:
            return self._session.run(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


def bench(
    folder: Path, symbols: Path | None = None, batch: int = 1, threads: int = 1, precision: Precision | None = None
) -> dict[str, Any]:
    """Compile the default voice of a model folder and time it on `batch` utterances.

    `symbols` has an utterance a line, as the published sequences are written; they are taken in turn.
    """
    models = ModelFolder(folder)
    model = models.load(models.default_voice)
    lines = (symbols or files(__package__).joinpath("data", EXAMPLE)).read_text("utf-8").splitlines()
    with tempfile.TemporaryDirectory() as temporary:
        compiled = Path(temporary)
        compile_acoustic(model.acoustic, model.acoustic_config, compiled, model.f0)
        exact = CompiledAcoustic(compiled)
        every = [script(exact, model, line) for line in lines if line.strip()]
        snr = choose_precision(compiled, every)
        voice = CompiledAcoustic(compiled, precision, threads)
    scripts = list(itertools.islice(itertools.cycle(every), batch))
    speak(voice, scripts)
    frames, stages = min((speak(voice, scripts) for _ in range(PASSES)), key=lambda spoken: total(spoken[1]).wall)
    seconds = frames * model.generator_config.hop / model.sample_rate

    def figures(stage: Stage) -> dict[str, float]:
        return {"wall_seconds": stage.wall, "cpu_seconds": stage.cpu, "rtf": stage.wall / seconds}

    return {
        "audio_seconds": seconds,
        "batch": batch,
        "threads": threads,
        "decoder_precision": voice.precision,
        "int8_mel_snr_db": snr,
        "stages": {name: figures(stage) for name, stage in stages.items()},
        "total": figures(total(stages)),
    }


def script(voice: CompiledAcoustic, model: VoiceModel, line: str) -> Script:
    rows = model.inventory.rows(parse(line))
    neutral = model.inventory.tables["emotion"]["emotion_neutral"]
    speaker = voice.speaker(rows.speaker) if model.speaker is None else np.tile(model.speaker, (len(rows.speaker), 1))
    return Script(rows.linguistic, voice.emotion(rows.emotion, neutral), speaker)


def speak(voice: CompiledAcoustic, scripts: Sequence[Script]) -> tuple[int, dict[str, Stage]]:
    """How many frames the scripts came to, and what each stage took."""
    encoder, decoding, postnet = Stage(), Stage(), Stage()
    with encoder:
        plans = [voice.plan(each) for each in scripts]
    timed: Any = Timed(voice.networks.postnet, postnet)
    with decoding:
        batch = voice.start(plans, networks=replace(voice.networks, postnet=timed))
        frames = sum(len(stretch.mel) for stretch in batch)
    return frames, {"encoder_and_durations": encoder, "decoder": decoding.less(postnet), "postnet": postnet}


def total(stages: dict[str, Stage]) -> Stage:
    return Stage(sum(stage.wall for stage in stages.values()), sum(stage.cpu for stage in stages.values()))
