"""A loaded acoustic model, written down as the graphs and tables that acoustic_runtime.py speaks from.

The decoder and the postnet are written twice. fp32 has torch's own numbers; int8 needs half of the time. Which of them
serves is decided by what it costs in fidelity, on sentences of the voice itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tts_engine.speech.voices.sambert.acoustic import AcousticModel
from tts_engine.speech.voices.sambert.acoustic_files import (
    ENCODER,
    MEMORY,
    POSTNET,
    PRECISIONS,
    STEP,
    TABLES,
    Precision,
    Sizes,
)
from tts_engine.speech.voices.sambert.acoustic_runtime import CompiledAcoustic, Script
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

LEAST_SNR = 30.0  # dB. A band of speech varies by some 12 dB, so this is an error of 0.4 dB


def compile_acoustic(
    model: AcousticModel,
    c: AcousticConfig,
    folder: Path,
    f0: F0Scale | None = None,
    speaker: Array | None = None,
) -> None:
    """Write the compiled model into `folder`, which exists: about 55 MB. It serves in fp32 until `choose_precision`.

    `speaker` [Ds] is the vector of a voice without a table of speakers.
    """
    weights = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    decoder = within(weights, "mel_decoder.mel_dec.")
    graphs = {
        ENCODER: encoder_graph(c, weights, positions(c, weights)),
        MEMORY: memory_graph(c, decoder),
    }
    for precision in PRECISIONS:
        eight_bits = precision == "int8"
        graphs[STEP[precision]] = step_graph(c, decoder, eight_bits)
        graphs[POSTNET[precision]] = postnet_graph(c, within(weights, "mel_postnet."), eight_bits)
    for name, graph in graphs.items():
        (folder / name).write_bytes(graph)
    tables = {"emotion": weights["emo_tokenizer.weight"], "timescales": weights[TIMESCALES]}
    if not c.se:
        tables["speaker"] = weights["spk_tokenizer.weight"]
    elif speaker is not None:
        tables["speaker"] = speaker[np.newaxis]  # a table of one row
    np.savez(folder / TABLES, allow_pickle=False, **tables)
    by_voice = f0 is not None and c.nsf is not None and c.nsf.by_voice
    sizes = Sizes(
        precision="fp32",
        num_mels=c.num_mels,
        frames_a_step=c.outputs_per_step,
        look_ahead=look(c),
        longest=len(positions(c, weights)),
        pitch_centre=f0.offset / f0.factor if f0 is not None and by_voice else USUAL_PITCH_CENTRE,
    )
    sizes.write(folder)


def choose_precision(folder: Path, scripts: Sequence[Script]) -> float:
    """Let int8 serve if the mel it makes of the scripts is near enough; how near, as `mel_snr` says."""
    snr = mel_snr(folder, scripts)
    near: Precision = "int8" if snr >= LEAST_SNR else "fp32"
    replace(Sizes.read(folder), precision=near).write(folder)
    return snr


def mel_snr(folder: Path, scripts: Sequence[Script]) -> float:
    """How far (dB) the error of the int8 decoder's mel lies below the variation of the exact one's."""
    exact, near = (CompiledAcoustic(folder, precision) for precision in PRECISIONS)
    signal = error = 0.0
    for plan in map(exact.plan, scripts):
        mel, other = (np.concatenate([each.mel for each in voice.start([plan])]) for voice in (exact, near))
        signal += float(np.sum(np.square(mel - mel.mean(axis=0), dtype=np.float64)))
        error += float(np.sum(np.square(mel - other, dtype=np.float64)))
    return 10 * float(np.log10(signal / error)) if error else float("inf")


def within(weights: Weights, prefix: str) -> Mapping[str, Array]:
    return {name.removeprefix(prefix): each for name, each in weights.items() if name.startswith(prefix)}


def positions(c: AcousticConfig, weights: Weights) -> Array:
    """Encodings of twice the positions that the model was trained for, [longest, D]: its own, then computed ones."""
    own = weights[POSITIONS][0]
    more: Array = position_table(2 * len(own), c.embedding_dim).numpy()[len(own) :]
    return np.concatenate([own, more])
