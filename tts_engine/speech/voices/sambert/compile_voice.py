"""A voice of a model folder becomes a compiled voice, checked against torch before anyone may use it.

Needs the extra `[sambert]`; what it writes is served without it. Decoder and vocoder each come in fp32,
which is the model's own numbers, and in int8; compile_acoustic.py and compile_vocoder.py say when int8 serves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import torch

from tts_engine.speech.batching import Point, chosen
from tts_engine.speech.errors import VoiceUnavailable
from tts_engine.speech.text import read
from tts_engine.speech.voice import NEUTRAL, Samples
from tts_engine.speech.voices.sambert.acoustic_runtime import CompiledAcoustic
from tts_engine.speech.voices.sambert.checking import Checked, batch_curve, check
from tts_engine.speech.voices.sambert.compile_acoustic import choose_precision, compile_acoustic
from tts_engine.speech.voices.sambert.compile_vocoder import compile_vocoder
from tts_engine.speech.voices.sambert.description import Description, Source, write_inventory
from tts_engine.speech.voices.sambert.folder import VoiceModel
from tts_engine.speech.voices.sambert.inventory import MARKS, Rows
from tts_engine.speech.voices.sambert.scripts import script_of
from tts_engine.speech.voices.sambert.units import units_of
from tts_engine.speech.voices.sambert.voice import SambertVoice

COMPARED = 2  # of the calibration sentences, with torch
EXACT = 1e-3  # the greatest difference of fp32 mel to torch's that is rounding: it grows along a sentence


CALIBRATION = (
    "北京今天晴转多云，最高气温二十六度。",
    "请问您需要什么帮助？按一号键查询余额。",
    "哎呀，太好了！我们终于成功了！",
    "这件事真让人伤心，大家都沉默了。",
    "四十四只石狮子，是不是都在这儿玩儿？",
    "快跑啊，别回头，后面有一条蛇！",
    "春风又绿江南岸，明月何时照我还。",
)
"""What int8 learns its ranges from; check() asks for other sentences."""


@dataclass(frozen=True, slots=True)
class Compiled:
    description: Description
    difference: float  # the greatest of any value of any frame, fp32 to torch
    checked: Sequence[Checked]
    batches: Sequence[Point]


def compile_voice(model: VoiceModel, folder: Path, source: Source, licence: str) -> Compiled:
    """Write the compiled voice into `folder`, which is new. Raises VoiceUnavailable if it differs from its model."""
    folder.mkdir(parents=True)
    rows = [_rows(model, sentence, emotion) for sentence, emotion in _heard(model)]
    mels = compile_graphs(model, rows, folder)
    difference = max(
        float(np.abs(mel - _torch_mel(model, each)).max())
        for mel, each in zip(mels[:COMPARED], rows[:COMPARED], strict=True)
    )
    if not difference <= EXACT:
        raise VoiceUnavailable(f"The compiled voice {model.name} differs from its model by {difference:.1e}.")
    write_inventory(model.inventory, folder)
    description = Description(
        id=model.name,
        licence=licence,
        sample_rate=model.sample_rate,
        speakers=_speakers(model),
        emotions=_emotions(model),
        f0=model.f0,
        source=source,
        files={},
    ).write(folder)
    checked = check(folder, description)
    batches = batch_curve(SambertVoice(folder, description))
    return Compiled(replace(description, batch_size=chosen(batches)).write(folder), difference, checked, batches)


def compile_graphs(model: VoiceModel, heard: Sequence[Rows], folder: Path) -> list[Samples]:
    """Write both halves of a voice, their precisions chosen on what is `heard`; its fp32 mels [T, num_mels]."""
    compile_acoustic(model.acoustic, model.acoustic_config, folder, model.f0, model.speaker)
    acoustic = CompiledAcoustic(folder)
    scripts = [script_of(acoustic, model.inventory, each) for each in heard]
    mels = [np.concatenate([stretch.mel for stretch in acoustic.start([acoustic.plan(each)])]) for each in scripts]
    choose_precision(folder, scripts)
    features = [model.f0.in_hertz(mel) if model.f0 else mel for mel in mels]
    compile_vocoder(model.generator, model.generator_config, model.sample_rate, features, folder)
    return mels


def _speakers(model: VoiceModel) -> list[str]:
    """The names of the speaker table's rows; the default alone where a vector stands for the table."""
    names = [name for name in model.inventory.tables["speaker"] if name not in MARKS]
    return names[:1] if model.speaker is not None else names


def _emotions(model: VoiceModel) -> list[str]:
    """Those whose row the checkpoint has; `neutral` alone where it has none."""
    rows = model.acoustic.emo_tokenizer.num_embeddings
    table = model.inventory.tables["emotion"]
    return [name for name in model.inventory.emotions if table[f"emotion_{name}"] < rows] or [NEUTRAL]


def _heard(model: VoiceModel) -> Iterator[tuple[str, str]]:
    """Every sentence once, and every emotion: what is louder than all of them would saturate in int8."""
    emotions = _emotions(model)
    yield from islice(zip(cycle(CALIBRATION), cycle(emotions), strict=False), max(len(CALIBRATION), len(emotions)))


def _rows(model: VoiceModel, sentence: str, emotion: str) -> Rows:
    return model.inventory.rows(units_of(read(sentence).sentences[0], emotion, _speakers(model)[0]))


@torch.inference_mode()
def _torch_mel(model: VoiceModel, rows: Rows) -> Samples:
    """[T, num_mels]"""
    if model.speaker is not None:
        speaker = torch.from_numpy(model.speaker).expand(1, len(rows.speaker), -1)
    else:
        speaker = torch.from_numpy(rows.speaker)[None]
    speech = model.acoustic(torch.from_numpy(rows.linguistic)[None], torch.from_numpy(rows.emotion)[None], speaker)
    mel: Samples = speech.mel[0, : int(speech.frames[0])].numpy()
    return mel
