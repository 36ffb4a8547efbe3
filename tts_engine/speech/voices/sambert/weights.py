"""Weights from a file that anyone may have made, fitted to a network without trusting either.

Nothing in a checkpoint is run: `torch.load` is told to read tensors alone. A network is built
without memory first (on torch's `meta` device), and only when every tensor of the file has the
shape that the configuration wants does it get them; so neither a configuration nor a checkpoint
can ask for more memory than the file itself holds.
"""

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from tts_engine.speech.voices.sambert.acoustic import AcousticModel
from tts_engine.speech.voices.sambert.config import AcousticConfig, GeneratorConfig, Tables
from tts_engine.speech.voices.sambert.encoder import position_table
from tts_engine.speech.voices.sambert.errors import DamagedModel
from tts_engine.speech.voices.sambert.generator import Generator
from tts_engine.speech.voices.sambert.variance import timescales

MOST_BYTES = 2 << 30  # of a checkpoint; published ones have 20 to 170 MB, with their optimiser's state
POSITIONS = "text_encoder.ling_enc.position_enc.position_enc"
TIMESCALES = "variance_adaptor.dur_position_encoder.inv_timescales"

# Trainers put a loss or a step beside the weights as numpy has them; a pickled number runs no code of its own.
_SCALAR = np.float64(0).__reduce__()[0]
NUMPY_SCALARS: list[Any] = [
    *((_SCALAR, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
    np.dtype,
    *(type(np.dtype(kind)) for kind in (np.float64, np.float32, np.int64)),
]

Weights = dict[str, Tensor]
Network = TypeVar("Network", bound=nn.Module)


def read_checkpoint(file: Path, *path: str) -> Weights:
    """The tensors below `path` of a checkpoint, as `"model", "generator"`. Raises DamagedModel."""
    _check_size(file)
    try:
        with torch.serialization.safe_globals(NUMPY_SCALARS):
            content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # what a forged file makes torch raise is not for torch to promise
        raise DamagedModel(file, "", f"is no PyTorch checkpoint of tensors alone: {_reason(error)}") from error
    for depth, name in enumerate(path):
        if not isinstance(content, Mapping) or name not in content:
            raise DamagedModel(file, ".".join(path[: depth + 1]), "is missing")
        content = content[name]
    if not isinstance(content, Mapping):
        raise DamagedModel(file, ".".join(path), f"must be a mapping of tensors, not {type(content).__name__}")
    return {str(key): checked(file, str(key), value) for key, value in content.items()}


def _check_size(file: Path) -> None:
    """Refuse what would grow on reading: PyTorch stores tensors as they are, a bomb is compressed."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise DamagedModel(file, "", f"has more than {MOST_BYTES} bytes")
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
                    raise DamagedModel(file, "", f"has more than {MOST_BYTES} bytes when unpacked")
    except (OSError, zipfile.BadZipFile) as error:
        raise DamagedModel(file, "", f"cannot be read: {error}") from error


def _reason(error: Exception) -> str:
    """What is wrong, without torch's advice to load the file with all its code instead."""
    text = str(error).rpartition("WeightsUnpickler error: ")[2].partition(". ")[0]
    return (text.splitlines() or [type(error).__name__])[0][:200]


def checked(file: Path, key: str, value: Any) -> Tensor:
    """The value as float32 if it is a plain tensor of finite numbers. Raises DamagedModel."""
    if not isinstance(value, Tensor) or value.layout != torch.strided or not value.is_floating_point():
        raise DamagedModel(file, key, "must be a dense tensor of floating-point numbers")
    if value.untyped_storage().nbytes() < value.numel() * value.element_size():
        raise DamagedModel(file, key, f"claims {list(value.shape)} numbers and has fewer")
    tensor: Tensor = value.detach().float().contiguous()
    if not bool(tensor.isfinite().all()):
        raise DamagedModel(file, key, "has numbers that are not finite")
    return tensor


def acoustic_model(c: AcousticConfig, weights: Weights, file: Path) -> AcousticModel:
    """The acoustic model with the weights of a checkpoint; they are taken over, not copied."""
    weights.setdefault(TIMESCALES, timescales(c.encoder_projection_units))
    weights.setdefault(POSITIONS, position_table(c.max_len, c.embedding_dim)[None])
    return _fitted(lambda: AcousticModel(c, tables_of(c, weights, file)), weights, file)


def generator(c: GeneratorConfig, weights: Weights, file: Path) -> Generator:
    """The generator with the weights of a checkpoint, its weight norm folded in."""
    return _fitted(lambda: Generator(c), without_weight_norm(weights, file), file)


def tables_of(c: AcousticConfig, weights: Weights, file: Path) -> Tables:
    """How many rows the checkpoint's tables have."""

    def rows(key: str) -> int:
        if key not in weights:
            raise DamagedModel(file, key, "is missing")
        return weights[key].size(0) if weights[key].dim() else 0

    return Tables(
        sy=rows("text_encoder.sy_emb.weight"),
        tone=rows("text_encoder.tone_emb.weight"),
        syllable_flag=rows("text_encoder.syllable_flag_emb.weight"),
        word_segment=rows("text_encoder.ws_emb.weight"),
        emotion=rows("emo_tokenizer.weight"),
        speaker=0 if c.se else rows("spk_tokenizer.weight"),
    )


def without_weight_norm(weights: Weights, file: Path) -> Weights:
    """Each `weight_g`, `weight_v` as the `weight` it stands for: g v / |v| (Salimans and Kingma, 2016)."""
    folded = {}
    for key, tensor in weights.items():
        if key.endswith(".weight_v"):
            name = key.removesuffix("_v")
            length = weights.get(f"{name}_g")
            if length is None or tensor.dim() != 3 or length.shape != (tensor.size(0), 1, 1):
                raise DamagedModel(file, f"{name}_g", f"is missing or does not fit weight_v {list(tensor.shape)}")
            # The kernel under torch's own weight_norm: even the last bit is that of a network which has it.
            folded[name] = checked(file, key, torch._weight_norm(tensor, length, 0))
        elif not key.endswith(".weight_g"):
            folded[key] = tensor
    return folded


def _fitted(build: Callable[[], Network], weights: Weights, file: Path) -> Network:
    """Parts that the network does not have are passed over: some models carry what they were only trained with."""
    with torch.device("meta"):
        network = build()
    wanted = network.state_dict()
    for key, tensor in wanted.items():
        if key not in weights:
            raise DamagedModel(file, key, "is missing")
        if weights[key].shape != tensor.shape:
            have, want = list(weights[key].shape), list(tensor.shape)
            raise DamagedModel(file, key, f"is {have} where the configuration wants {want}")
    parts = {key.split(".")[0] for key in wanted}
    for key in weights:
        if key not in wanted and key.split(".")[0] in parts:
            raise DamagedModel(file, key, "belongs to no layer of the configuration")
    network.load_state_dict({key: weights[key] for key in wanted}, assign=True)
    return network.eval().requires_grad_(False)
