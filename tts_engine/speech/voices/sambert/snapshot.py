"""A stand-in for a published model: its layout, its sizes, its kinds of tensor, seeded weights.

Real weights are a download away; this is made in seconds, anywhere. It has the true number of
parameters, and costs what a real voice costs to load, compile and run. What it says is noise in the
rhythm of speech: a symbol lasts about 12 frames, and the level is neither silent nor clipped.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import Tensor

from tts_engine.speech.errors import VoiceUnavailable
from tts_engine.speech.voices.sambert.acoustic import AcousticModel
from tts_engine.speech.voices.sambert.config import AcousticConfig, Fields, GeneratorConfig, Tables
from tts_engine.speech.voices.sambert.generator import Generator
from tts_engine.speech.voices.sambert.inventory import published
from tts_engine.speech.voices.sambert.units import parse
from tts_engine.speech.voices.sambert.variance import Regulated, VarianceAdaptor
from tts_engine.speech.voices.sambert.weights import Weights

EXAMPLE = "example_symbols.txt"  # 22 units that the closed front end made, as published
MARKS = 3  # rows of a table that stand for no name: padding, end, mask
FRAMES = 12  # of a symbol, in the middle
TINT = 0.1  # of emotion and speaker, beside the text
SPREAD = 0.2  # deviation of the log duration
LOUDNESS = 0.1  # root mean square of the waveform
F0_MEAN, F0_DEVIATION = 200.0, 60.0  # Hz


def make_snapshot(
    folder: Path,
    seed: int,
    voices: Sequence[str],
    acoustic: str = "sambert_16k",
    generator: str = "hifigan_noncausal_v1_16k",
) -> None:
    """Write a model folder with the given voices, each with weights of its own; the same seed, the same bytes.

    `acoustic` and `generator` name published configurations: they lie in data/, as KAN-TTS (MIT) has them.
    Raises VoiceUnavailable if the folder has something in it already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise VoiceUnavailable(f"{folder} is not empty: name a folder that is new.")
    audio = _data(f"audio_config_{generator.rsplit('_', 1)[1]}")
    rate = yaml.safe_load(audio)["audio_config"]["sampling_rate"]
    (folder / "voices").mkdir(parents=True)
    _write_json(folder / "configuration.json", {"task": "text-to-speech", "model": {"sample_rate": rate}})
    _write_json(folder / "voices" / "voices.json", {"voices": list(voices)})
    for name in voices:
        write_voice(folder / "voices" / name, seed, _data(acoustic), _data(generator), audio)


def write_voice(folder: Path, seed: int, acoustic: str, generator: str, audio: str) -> None:
    """Write one voice, from the text of its three yaml files; its weights follow from the seed and its name."""
    am, voc = folder / "am", folder / "voc"
    for each in (am, voc):
        (each / "ckpt").mkdir(parents=True)
    (folder / "audio_config.yaml").write_text(audio, "utf-8")
    (am / "config.yaml").write_text(acoustic, "utf-8")
    (voc / "config.yaml").write_text(generator, "utf-8")
    am_yaml, voc_yaml = (
        Fields.of(each / "config.yaml", "", yaml.safe_load(text)) for each, text in ((am, acoustic), (voc, generator))
    )
    c = AcousticConfig.parse(am_yaml.mapping("Model").mapping("KanTtsSAMBERT").mapping("params"))
    g = GeneratorConfig.parse(voc_yaml.mapping("Model").mapping("Generator").mapping("params"))
    speakers = len(am_yaml.mapping("linguistic_unit").values["speaker_list"].split(","))
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(int.from_bytes(hashlib.sha256(f"{seed} {folder.name}".encode()).digest()[:8], "big"))
        model, mel = _acoustic_model(c, speakers)
        network = _generator(g, mel)
        if c.nsf and c.nsf.by_voice:
            np.save(am / "mvn.npy", np.array([[F0_MEAN], [F0_DEVIATION]], dtype=np.float32))
        if c.se:
            np.save(am / "se.npy", torch.randn(1, c.speaker_units).numpy())
    _save(am / "ckpt" / "checkpoint_0.pth", dict(model.state_dict()))
    _save(voc / "ckpt" / "checkpoint_0.pth", {"generator": with_weight_norm(network.state_dict())})


def with_weight_norm(weights: Weights) -> Weights:
    """Each `weight` as the `weight_g` and `weight_v` of which it is made: its length, and its direction."""
    split = {}
    for key, tensor in weights.items():
        if key.endswith(".weight"):
            split[f"{key}_g"] = tensor.norm(dim=(1, 2), keepdim=True)
            split[f"{key}_v"] = tensor
        else:
            split[key] = tensor
    return split


def _acoustic_model(c: AcousticConfig, speakers: int) -> tuple[AcousticModel, Tensor]:
    """The model, and a mel [1, T, num_mels] of its making; its durations are set to those of speech."""
    sizes = {**published().sizes, "speaker": 0 if c.se else speakers + MARKS}
    model = AcousticModel(c, Tables(**sizes)).eval()
    model.emo_tokenizer.weight.mul_(TINT)  # else one constant of the utterance drowns its text
    if not c.se:
        model.spk_tokenizer.weight.mul_(TINT)
    rows = published().rows(parse(files(__package__).joinpath("data", EXAMPLE).read_text("utf-8")))
    units, emotion, speaker = (torch.from_numpy(ids)[None] for ids in (rows.linguistic, rows.emotion, rows.speaker))
    text, emotion = model.text_encoder(units), model.emo_tokenizer(emotion)
    speaker = (
        torch.randn(1, 1, c.speaker_units).expand(-1, len(rows.speaker), -1) if c.se else model.spk_tokenizer(speaker)
    )
    regulated = _set_durations(model.variance_adaptor, text, speaker, emotion)
    coarse = model.mel_decoder(regulated.memory, regulated.steps, regulated.band)
    return model, model.refine(coarse, regulated.frames)[1]


def _set_durations(adaptor: VarianceAdaptor, text: Tensor, speaker: Tensor, emotion: Tensor) -> Regulated:
    """Give the durations of these symbols the middle and the spread we want; the symbols so stretched.

    Each duration changes those after it, so the shift is searched for, not computed.
    """
    wanted = math.log(FRAMES + 1)
    last = adaptor.duration_predictor.fc

    def log_durations() -> Tensor:
        return adaptor.predict(text, speaker, emotion)[0].log_duration

    last.bias.fill_(wanted)
    last.weight.mul_(_short(SPREAD / log_durations().std()))
    low, high = -20.0, 20.0
    for _ in range(20):
        last.bias.fill_((low + high) / 2)
        if log_durations().mean() < wanted:
            low = (low + high) / 2
        else:
            high = (low + high) / 2
    last.bias.fill_(_short(high))
    regulated: Regulated = adaptor(text, speaker, emotion)[1]
    return regulated


def _generator(g: GeneratorConfig, mel: Tensor) -> Generator:
    """The generator, its level set on the beginning of the given mel."""
    network = Generator(g).eval()
    features = mel[:, :60].transpose(1, 2)
    source = None
    if g.nsf:
        source = network.source_module(
            F0_MEAN + F0_DEVIATION * features[:, -2:-1],
            (features[:, -1:] > 0).float(),
            *network.source_module.draw(features.size(2), seed=0),
        )
    weight, bias = network.conv_post.conv1d.parameters()
    bias.zero_()
    spread, middle = torch.std_mean(network(features[:, : g.in_channels], source=source).atanh())
    gain = _short(LOUDNESS / spread)
    weight.mul_(gain)
    bias.add_(_short(-middle * gain))
    return network


def _short(value: Tensor | float) -> float:
    """Three digits of a measured number, so that another processor's rounding gives the same bytes."""
    return float(f"{float(value):.3g}")


def _save(file: Path, model: Weights | dict[str, Weights]) -> None:
    torch.save({"model": model, "steps": 0}, file)


def _data(name: str) -> str:
    return files(__package__).joinpath("data", f"{name}.yaml").read_text("utf-8")


def _write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", "utf-8")
