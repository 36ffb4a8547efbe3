"""How fast is a compiled generator, against torch and in each precision, and how near is each?

Takes a model folder as ModelScope lays it out, or `make-snapshot` (random weights: their speed is that of
a real voice, their fidelity is not). Prints one JSON; real-time factors are CPU seconds / audio seconds on
one thread, and wall seconds / audio seconds, each of the quickest of some passes.

    python -m bench.vocoder FOLDER
"""

import collections
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch

from tts_engine.speech.text import read
from tts_engine.speech.voice import Samples
from tts_engine.speech.voices.sambert.acoustic_runtime import CompiledAcoustic
from tts_engine.speech.voices.sambert.compile_acoustic import compile_acoustic
from tts_engine.speech.voices.sambert.compile_vocoder import compile_vocoder, nearness
from tts_engine.speech.voices.sambert.folder import ModelFolder, VoiceModel
from tts_engine.speech.voices.sambert.scripts import script_of
from tts_engine.speech.voices.sambert.sines import Sines
from tts_engine.speech.voices.sambert.units import units_of
from tts_engine.speech.voices.sambert.vocoder_files import GRAPH
from tts_engine.speech.voices.sambert.vocoder_runtime import Vocoder

PASSES = 5
HEARD = ("中国的首都是北京。", "今天天气怎么样？", "四是四，十是十，十四是十四。")  # by the calibration
CHECKED = ("您的订单已经发货，预计明天下午送达。", "春眠不觉晓，处处闻啼鸟。")


def frames(model: VoiceModel, acoustic: CompiledAcoustic, text: str) -> Samples:
    """What the vocoder is given to say a text: frames [T, features]."""
    units = [unit for sentence in read(text).sentences for unit in units_of(sentence)]
    plan = acoustic.plan(script_of(acoustic, model.inventory, model.inventory.rows(units)))
    mel = np.concatenate([stretch.mel for stretch in acoustic.start([plan])])
    return model.f0.in_hertz(mel) if model.f0 else mel


@torch.inference_mode()
def by_torch(model: VoiceModel, features: Samples) -> None:
    source, mels = None, model.generator_config.in_channels
    if c := model.generator_config.nsf:
        sines = Sines(c.nb_harmonics + 1, c.sampling_rate, model.generator_config.hop, seed=0)
        made = sines.next(features[:, mels], features[:, mels + 1])
        source = model.generator.source_module.ffn(torch.from_numpy(made)[None])
    model.generator(torch.from_numpy(features[:, :mels].T[None]), source=source)


def by_vocoder(vocoder: Vocoder, features: Samples) -> None:
    collections.deque(vocoder.speak([features]), maxlen=0)


def factors(work: Callable[[], object], seconds: float) -> dict[str, float]:
    work()
    walls, cpus = [], []
    for _ in range(PASSES):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {"wall": round(min(walls) / seconds, 4), "cpu": round(min(cpus) / seconds, 4)}


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    models = ModelFolder(folder)
    model = models.load(models.default_voice)
    with tempfile.TemporaryDirectory() as name:
        compiled = Path(name)
        compile_acoustic(model.acoustic, model.acoustic_config, compiled, model.f0, model.speaker)
        acoustic = CompiledAcoustic(compiled)
        heard, checked = ([frames(model, acoustic, text) for text in texts] for texts in (HEARD, CHECKED))
        description = compile_vocoder(model.generator, model.generator_config, model.sample_rate, heard, compiled)
        seconds = len(checked[0]) * description.hop / description.sample_rate
        rtf = {"torch": factors(partial(by_torch, model, checked[0]), seconds)}
        near = {}
        for precision in GRAPH:
            rtf[precision] = factors(partial(by_vocoder, Vocoder(compiled, precision), checked[0]), seconds)
            near[precision] = asdict(nearness(compiled, precision, checked))
    result = {"audio_seconds": seconds, "rtf": rtf, "near": near, "serves": description.precision}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
