"""How much faster than the reference, KAN-TTS as modelscope 1.3.2 carried it, on the same folder and sentence?

    pip download modelscope==1.3.2 --no-deps && unzip modelscope-1.3.2-*.whl -d REFERENCE
    python -m bench.reference FOLDER REFERENCE

FOLDER is a model folder as ModelScope lays it out, or `make-snapshot`. Both run on one thread, batch 1, in
turn in one process; the quickest of some passes counts, in seconds of CPU, of which others on the machine
take none. Of the reference only the networks are loaded: what its files import beside them is for training.
"""

import importlib
import json
import sys
import tempfile
import time
import types
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
import yaml

from tts_engine.speech.voices.sambert.acoustic_runtime import CompiledAcoustic
from tts_engine.speech.voices.sambert.bench import EXAMPLE, Compiled, speak
from tts_engine.speech.voices.sambert.compile_voice import compile_graphs
from tts_engine.speech.voices.sambert.folder import ModelFolder, VoiceModel
from tts_engine.speech.voices.sambert.inventory import Rows
from tts_engine.speech.voices.sambert.scripts import script_of
from tts_engine.speech.voices.sambert.units import parse
from tts_engine.speech.voices.sambert.vocoder_runtime import Vocoder

PASSES = 9
TABLES = {"sy": "sy", "tone": "tone", "syllable_flag": "syllable_flag", "word_segment": "ws"}
KANTTS = "modelscope.models.audio.tts.kantts"
UNUSED = ("pytorch_wavelets", "numba", "distutils", "distutils.version", f"{KANTTS}.utils.audio_torch")


def stand_in(name: str, where: Path | None = None, **attributes: Any) -> None:
    """A module without content; with `where`, a package whose own __init__ is not run."""
    module = types.ModuleType(name)
    module.__dict__.update(attributes)
    if where is not None:
        module.__path__ = [str(where.joinpath(*name.split(".")))]
    sys.modules[name] = module


def load_reference(unpacked: Path) -> tuple[Any, Any]:
    """The classes of its acoustic model and its generator."""
    for name in UNUSED:
        stand_in(name, DWT1DForward=object, LooseVersion=lambda version: (9, 9), stft=None, prange=range,
                 jit=lambda *_, **__: lambda function: function)  # fmt: skip
    parts = [*KANTTS.split("."), "models"]
    for depth in range(1, len(parts) + 1):
        stand_in(".".join(parts[:depth]), unpacked)
    stand_in(f"{KANTTS}.utils", unpacked)
    acoustic = importlib.import_module(f"{KANTTS}.models.sambert.kantts_sambert")
    generator = importlib.import_module(f"{KANTTS}.models.hifigan.hifigan")
    return acoustic.KanTtsSAMBERT, generator.Generator


def checkpoint(folder: Path) -> dict[str, Any]:
    newest = max((folder / "ckpt").glob("checkpoint_*.pth"), key=lambda file: int(file.stem.split("_")[1]))
    read: dict[str, Any] = torch.load(newest, weights_only=True)["model"]
    return read


def params(folder: Path, network: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((folder / "config.yaml").read_text("utf-8"))["Model"][network]["params"]
    return read


def reference(voice: Path, unpacked: Path) -> tuple[Any, Any]:
    """Its networks with the voice's weights."""
    acoustic_class, generator_class = load_reference(unpacked)
    weights = checkpoint(voice / "am")
    sizes = {name: len(weights[f"text_encoder.{key}_emb.weight"]) for name, key in TABLES.items()}
    sizes |= {"emotion": len(weights["emo_tokenizer.weight"]), "speaker": len(weights["spk_tokenizer.weight"])}
    acoustic = acoustic_class(params(voice / "am", "KanTtsSAMBERT") | sizes).eval()
    acoustic.load_state_dict(weights, strict=False)
    generator = generator_class(**params(voice / "voc", "Generator")).eval()
    generator.load_state_dict(checkpoint(voice / "voc")["generator"])
    generator.remove_weight_norm()
    return acoustic, generator


@torch.inference_mode()
def speak_reference(acoustic: Any, generator: Any, rows: Rows) -> int:
    """The samples it makes of one utterance."""
    units, emotion, speaker = (torch.from_numpy(each)[None] for each in (rows.linguistic, rows.emotion, rows.speaker))
    mel = acoustic(units, emotion, speaker, torch.tensor([len(rows.linguistic)]))["postnet_outputs"]
    return int(generator(mel.transpose(1, 2)).shape[-1])


def cpu_seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def ours(model: VoiceModel, rows: Rows) -> Callable[[], object]:
    with tempfile.TemporaryDirectory() as name:
        compile_graphs(model, [rows], Path(name))
        voice = Compiled(CompiledAcoustic(Path(name)), Vocoder(Path(name)), model.f0)
    script = script_of(voice.acoustic, model.inventory, rows)
    return lambda: speak(voice, [script])


def main(folder: Path, unpacked: Path) -> None:
    torch.set_num_threads(1)
    models = ModelFolder(folder)
    model = models.load(models.default_voice)
    symbols = files("tts_engine.speech.voices.sambert").joinpath("data", EXAMPLE).read_text("utf-8")
    rows = model.inventory.rows(parse(symbols))
    networks = reference(folder / "voices" / models.default_voice, unpacked)
    contestants: dict[str, Callable[[], object]] = {
        "reference": lambda: speak_reference(*networks, rows),
        "ours": ours(model, rows),
    }
    seconds = speak_reference(*networks, rows) / model.sample_rate
    passes = [{name: cpu_seconds(work) for name, work in contestants.items()} for _ in range(1 + PASSES)]
    best = {name: min(each[name] for each in passes[1:]) / seconds for name in contestants}
    print(json.dumps({"audio_seconds": seconds, "rtf": best, "ratio": best["reference"] / best["ours"]}, indent=2))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
