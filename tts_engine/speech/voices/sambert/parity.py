"""Our networks against the reference's own numbers: the greatest difference of every output.

A golden file holds a small model's weights (`sd.*`), inputs (`in.*`) and what the reference made of
them (`out.*`); its sizes are in a JSON file beside it. What a file has decides what it tests:
`in.ling` the acoustic model, `in.mel` the generator.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tts_engine.speech.voices.sambert.acoustic import AcousticModel
from tts_engine.speech.voices.sambert.config import AcousticConfig, Fields, GeneratorConfig
from tts_engine.speech.voices.sambert.errors import DamagedModel
from tts_engine.speech.voices.sambert.generator import Generator
from tts_engine.speech.voices.sambert.weights import acoustic_model, checked, generator

TOLERANCE = 1e-5  # absolute

Outputs = Mapping[str, Tensor]
Differences = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Golden:
    """One golden file: tensors by name, without their prefix."""

    file: Path
    weights: dict[str, Tensor]
    inputs: Outputs
    outputs: Outputs

    @classmethod
    def read(cls, file: Path) -> "Golden":
        try:
            with np.load(file, allow_pickle=False) as arrays:
                every = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        except (OSError, ValueError) as error:
            raise DamagedModel(file, "", f"is no file of arrays: {error}") from error

        def part(prefix: str) -> dict[str, Tensor]:
            return {name.removeprefix(prefix): each for name, each in every.items() if name.startswith(prefix)}

        weights = {key: checked(file, f"sd.{key}", each) for key, each in part("sd.").items()}
        return cls(file, weights, part("in."), part("out."))

    def input(self, name: str) -> Tensor:
        if name not in self.inputs:
            raise DamagedModel(self.file, f"in.{name}", "is missing")
        return self.inputs[name]

    @property
    def is_acoustic(self) -> bool:
        return "ling" in self.inputs


def compare(files: Sequence[Path], params: Path, *, batch: bool) -> dict[str, Differences]:
    """The greatest absolute difference of every output of every file; infinite where shapes differ.

    None stands for an output of the reference that our networks have no counterpart of.

    With `batch`, the files, which must hold the same weights, run as one padded batch; each is
    compared with the reference and, as `alone.*`, with what it gives by itself.
    """
    goldens = [Golden.read(file) for file in files]
    sizes = _sizes(params)
    if not batch:
        return {str(golden.file): _differences(_speak([golden], sizes)[0], golden.outputs) for golden in goldens}
    for golden in goldens[1:]:
        if not _same(golden.weights, goldens[0].weights):
            raise DamagedModel(golden.file, "sd", f"must be the weights of {goldens[0].file} to share a batch with it")
    result = {}
    for golden, together in zip(goldens, _speak(goldens, sizes), strict=True):
        alone = {f"alone.{name}": each for name, each in _speak([golden], sizes)[0].items()}
        among = {f"alone.{name}": each for name, each in together.items()}
        result[str(golden.file)] = _differences(together, golden.outputs) | _differences(among, alone)
    return result


def _sizes(params: Path) -> Fields:
    try:
        return Fields.of(params, "", json.loads(params.read_bytes()))
    except (OSError, ValueError) as error:
        raise DamagedModel(params, "", f"is no JSON: {error}") from error


def _same(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def _differences(ours: Outputs, theirs: Outputs) -> Differences:
    return {name: _difference(ours[name], theirs[name]) if name in ours else None for name in theirs}


def _difference(ours: Tensor, theirs: Tensor) -> float:
    if ours.shape != theirs.shape:
        return float("inf")
    return float((ours.double() - theirs.double()).abs().max()) if ours.numel() else 0.0


@torch.inference_mode()
def _speak(goldens: Sequence[Golden], sizes: Fields) -> list[dict[str, Tensor]]:
    """Outputs of each file, under the names of the reference; several files make one batch."""
    first = goldens[0]
    if first.is_acoustic:
        return _mels(acoustic_model(AcousticConfig.parse(sizes), first.weights, first.file), goldens)
    return _waves(generator(GeneratorConfig.parse(sizes), first.weights, first.file), goldens)


def _mels(model: AcousticModel, goldens: Sequence[Golden]) -> list[dict[str, Tensor]]:
    units, valid = _padded([golden.input("ling")[0] for golden in goldens])
    emotion, _ = _padded([golden.input("emo")[0] for golden in goldens])
    speaker, _ = _padded([golden.input("spk")[0] for golden in goldens])
    speech = model(units, emotion, speaker, valid)
    r = model.mel_decoder.outputs_per_step
    outputs = []
    for row, golden in enumerate(goldens):
        symbols, frames = golden.input("ling").size(1), int(speech.frames[row])
        padded = -(-frames // r) * r
        outputs.append(
            {
                "dec_outputs": speech.coarse[row : row + 1, :padded],
                "postnet_outputs": speech.mel[row : row + 1, :padded],
                "LR_length_rounded": speech.frames[row : row + 1],
                "band": speech.band[row].repeat(2),
                "log_duration_predictions": speech.prosody.log_duration[row : row + 1, :symbols],
                "pitch_predictions": speech.prosody.pitch[row : row + 1, :symbols],
                "energy_predictions": speech.prosody.energy[row : row + 1, :symbols],
            }
        )
    return outputs


def _waves(network: Generator, goldens: Sequence[Golden]) -> list[dict[str, Tensor]]:
    mel, valid = _padded([golden.input("mel")[0].T for golden in goldens])
    mel = mel.transpose(1, 2)
    source = None
    if network.nsf:
        excitation, _ = _padded([_excitation(network, golden) for golden in goldens])
        mel, source = mel[:, :-2], excitation.transpose(1, 2)
    wave = network(mel, valid, source)
    lengths = [golden.input("mel").size(2) * network.hop for golden in goldens]
    return [{"wav": wave[row : row + 1, :, :length]} for row, length in enumerate(lengths)]


def _excitation(network: Generator, golden: Golden) -> Tensor:
    """[T, 1]: of the phases and noise that the file gives, or those that its seed (0 if none) makes torch draw."""
    features = golden.input("mel")
    phase, noise = network.source_module.draw(features.size(2), int(golden.inputs.get("seed", torch.tensor(0))))
    phase, noise = golden.inputs.get("phase", phase), golden.inputs.get("noise", noise)
    source: Tensor = network.source_module(features[:, -2:-1], features[:, -1:], phase, noise)
    return source[0].T


def _padded(rows: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
    """Rows [L, ...] as one batch [B, L, ...] of the longest, and where it is real; None if all is."""
    lengths = torch.tensor([len(row) for row in rows])
    together = nn.utils.rnn.pad_sequence(list(rows), batch_first=True)
    valid = torch.arange(together.size(1)) < lengths[:, None]
    return together, None if bool(valid.all()) else valid


def report(differences: Mapping[str, Differences]) -> dict[str, Any]:
    """What the command prints; a comparison of nothing is not equal."""
    compared = [each for file in differences.values() for each in file.values() if each is not None]
    greatest = max(compared, default=float("inf"))
    return {"differences": differences, "greatest": greatest, "tolerance": TOLERANCE, "equal": greatest <= TOLERANCE}
