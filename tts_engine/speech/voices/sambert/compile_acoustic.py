"""A loaded acoustic model, written down as the graphs and tables that acoustic_runtime.py speaks from."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from tts_engine.speech.voices.sambert.acoustic import AcousticModel
from tts_engine.speech.voices.sambert.acoustic_files import (
    ENCODER,
    MEMORY,
    POSTNET,
    PRECISIONS,
    SIZES,
    STEP,
    TABLES,
    Precision,
    Sizes,
)
from tts_engine.speech.voices.sambert.compile_decoder import memory_graph, step_graph
from tts_engine.speech.voices.sambert.compile_encoder import encoder_graph
from tts_engine.speech.voices.sambert.compile_postnet import look, postnet_graph
from tts_engine.speech.voices.sambert.config import AcousticConfig
from tts_engine.speech.voices.sambert.encoder import position_table
from tts_engine.speech.voices.sambert.f0 import F0Scale
from tts_engine.speech.voices.sambert.onnx_graph import Array, Weights
from tts_engine.speech.voices.sambert.weights import POSITIONS, TIMESCALES

# KAN-TTS normalises pitch by mean and deviation of F0 in Hz over all frames, silent ones counted as
# 0 Hz. Voices without NSF do not publish the two. A voice of mean m and deviation 0.23 m that is
# voiced in 60 % of its frames has a mean of 0.6 m, a deviation of 0.52 m.
USUAL_PITCH_CENTRE = 1.15


def compile_acoustic(
    model: AcousticModel,
    c: AcousticConfig,
    folder: Path,
    f0: F0Scale | None = None,
    precisions: tuple[Precision, ...] = PRECISIONS,
) -> None:
    """Write the compiled model into `folder`, which exists: about 55 MB with both precisions."""
    weights = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    decoder = within(weights, "mel_decoder.mel_dec.")
    graphs = {
        ENCODER: encoder_graph(c, weights, positions(c, weights)),
        MEMORY: memory_graph(c, decoder),
        POSTNET: postnet_graph(c, within(weights, "mel_postnet.")),
        **{STEP[precision]: step_graph(c, decoder, precision == "int8") for precision in precisions},
    }
    for name, graph in graphs.items():
        (folder / name).write_bytes(graph)
    tables = {"emotion": weights["emo_tokenizer.weight"], "timescales": weights[TIMESCALES]}
    if not c.se:
        tables["speaker"] = weights["spk_tokenizer.weight"]
    np.savez(folder / TABLES, allow_pickle=False, **tables)
    by_voice = f0 is not None and c.nsf is not None and c.nsf.by_voice
    sizes = Sizes(
        precision="int8",
        num_mels=c.num_mels,
        frames_a_step=c.outputs_per_step,
        look_ahead=look(c),
        longest=len(positions(c, weights)),
        pitch_centre=f0.offset / f0.factor if f0 is not None and by_voice else USUAL_PITCH_CENTRE,
    )
    (folder / SIZES).write_text(json.dumps(asdict(sizes), indent=2) + "\n", encoding="utf-8")


def within(weights: Weights, prefix: str) -> Mapping[str, Array]:
    return {name.removeprefix(prefix): each for name, each in weights.items() if name.startswith(prefix)}


def positions(c: AcousticConfig, weights: Weights) -> Array:
    """Encodings of twice the positions that the model was trained for, [longest, D]: its own, then computed ones."""
    own = weights[POSITIONS][0]
    more: Array = position_table(2 * len(own), c.embedding_dim).numpy()[len(own) :]
    return np.concatenate([own, more])
