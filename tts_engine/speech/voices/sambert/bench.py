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

from tts_engine.speech.voice import Samples
from tts_engine.speech.voices.sambert.acoustic_files import Precision
from tts_engine.speech.voices.sambert.acoustic_runtime import CompiledAcoustic, Script
from tts_engine.speech.voices.sambert.compile_voice import compile_graphs
from tts_engine.speech.voices.sambert.f0 import F0Scale
from tts_engine.speech.voices.sambert.folder import ModelFolder
from tts_engine.speech.voices.sambert.scripts import script_of
from tts_engine.speech.voices.sambert.units import parse
from tts_engine.speech.voices.sambert.vocoder_runtime import Vocoder

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

    def less(self, *parts: "Stage") -> "Stage":
        return Stage(self.wall - sum(part.wall for part in parts), self.cpu - sum(part.cpu for part in parts))


class Timed:
    """An onnxruntime session whose runs are counted into a stage."""

    def __init__(self, session: Any, stage: Stage) -> None:
        self._session, self._stage = session, stage

    def run(self, *args: Any) -> Any:
        with self._stage:
            return self._session.run(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


@dataclass(frozen=True, slots=True)
class Compiled:
    """Both halves of a voice, as they serve."""

    acoustic: CompiledAcoustic
    vocoder: Vocoder
    f0: F0Scale | None

    def features(self, mel: Samples) -> Samples:
        return self.f0.in_hertz(mel) if self.f0 else mel


@dataclass(frozen=True, slots=True)
class Pass:
    """What speaking the scripts once came to."""

    seconds: float  # of audio
    first_audio: float  # seconds until any of it
    stages: dict[str, Stage]

    @property
    def total(self) -> Stage:
        return Stage(sum(each.wall for each in self.stages.values()), sum(each.cpu for each in self.stages.values()))


def bench(
    folder: Path, symbols: Path | None = None, batch: int = 1, threads: int = 1, precision: Precision | None = None
) -> dict[str, Any]:
    """Compile the default voice of a model folder and time it on `batch` utterances.

    `symbols` has an utterance a line, as the published sequences are written; they are taken in turn.
    `precision` is that of the decoder and the generator; if None, of each what it would serve in.
    """
    models = ModelFolder(folder)
    model = models.load(models.default_voice)
    lines = (symbols or files(__package__).joinpath("data", EXAMPLE)).read_text("utf-8").splitlines()
    rows = [model.inventory.rows(parse(line)) for line in lines if line.strip()]
    with tempfile.TemporaryDirectory() as temporary:
        compiled = Path(temporary)
        compile_graphs(model, rows, compiled)
        voice = Compiled(
            CompiledAcoustic(compiled, precision, threads), Vocoder(compiled, precision, threads), model.f0
        )
    every = [script_of(voice.acoustic, model.inventory, each) for each in rows]
    scripts = list(itertools.islice(itertools.cycle(every), batch))
    speak(voice, scripts)
    best = min((speak(voice, scripts) for _ in range(PASSES)), key=lambda each: each.total.wall)

    def figures(stage: Stage) -> dict[str, float]:
        return {"wall_seconds": stage.wall, "cpu_seconds": stage.cpu, "rtf": stage.wall / best.seconds}

    return {
        "audio_seconds": best.seconds,
        "batch": batch,
        "threads": threads,
        "precision": {
            "decoder": voice.acoustic.precision,
            "vocoder": precision or voice.vocoder.description.precision,
        },
        "first_audio_seconds": best.first_audio,
        "stages": {name: figures(stage) for name, stage in best.stages.items()},
        "total": figures(best.total),
    }


def speak(voice: Compiled, scripts: Sequence[Script]) -> Pass:
    """Speak the scripts as one batch, in chunks as a listener would get them."""
    encoder, rest, postnet, vocoder = Stage(), Stage(), Stage(), Stage()
    begin, first, samples = time.perf_counter(), 0.0, 0
    with encoder:
        plans = [voice.acoustic.plan(each) for each in scripts]
    timed: Any = Timed(voice.acoustic.networks.postnet, postnet)
    with rest:
        voicings = [voice.vocoder.start() for _ in plans]
        for stretch in voice.acoustic.start(plans, networks=replace(voice.acoustic.networks, postnet=timed)):
            with vocoder:
                for chunk in voicings[stretch.row].feed(voice.features(stretch.mel), stretch.last):
                    first = first or time.perf_counter() - begin
                    samples += len(chunk)
    stages = {
        "encoder_and_durations": encoder,
        "decoder": rest.less(postnet, vocoder),
        "postnet": postnet,
        "vocoder": vocoder,
    }
    return Pass(samples / voice.vocoder.description.sample_rate, first, stages)
