"""A loaded generator, written down as the graphs that vocoder_runtime.py speaks with.

fp32 gives the generator's own numbers. int8 and mixed want to know the range of every value they keep in a
byte, so they listen to frames of the voice's own. The fastest whose loss cannot be heard serves: int8,
three times as fast as fp32, where it is within `BOUND` of it, else mixed, else fp32. (No bf16: onnxruntime
has no convolution in it for CPUs.)
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tts_engine.speech.voice import Samples
from tts_engine.speech.voices.sambert.config import GeneratorConfig
from tts_engine.speech.voices.sambert.contexts import Contexts
from tts_engine.speech.voices.sambert.fidelity import Fidelity, fidelity
from tts_engine.speech.voices.sambert.filters import Filters, generator_filters
from tts_engine.speech.voices.sambert.generator import Generator
from tts_engine.speech.voices.sambert.onnx_graph import Graph
from tts_engine.speech.voices.sambert.vocoder_bytes import Ranges
from tts_engine.speech.voices.sambert.vocoder_files import GRAPH, Description, VocoderPrecision
from tts_engine.speech.voices.sambert.vocoder_graph import Floats, Operators, write
from tts_engine.speech.voices.sambert.vocoder_int8 import Int8
from tts_engine.speech.voices.sambert.vocoder_mixed import Mixed
from tts_engine.speech.voices.sambert.vocoder_runtime import Feeds, Frames, Vocoder
from tts_engine.speech.voices.sessions import open_session

BOUND = 1.0  # dB of log-mel distance: about the least difference of level that is heard


def compile_vocoder(
    generator: Generator, c: GeneratorConfig, sample_rate: int, sentences: Sequence[Samples], folder: Path
) -> Description:
    """Write the compiled generator into `folder`, which exists: about 35 MB.

    `sentences` are frames [T, features] as the voice's acoustic model makes them, F0 in Hz where there
    is any. A few seconds are enough, if every sound is in them.
    """
    filters = generator_filters({name: each.detach().numpy() for name, each in generator.state_dict().items()}, c)
    harmonics = c.nsf.nb_harmonics + 1 if c.nsf else 0
    description = Description("fp32", sample_rate, c.hop, c.in_channels, harmonics, Contexts.of(filters, c))
    ranges = observed(filters, c, description, sentences)
    variants: dict[VocoderPrecision, Operators] = {
        "fp32": Floats(Graph("vocoder"), filters, c.negative_slope),
        "mixed": Mixed(Graph("vocoder"), filters, c.negative_slope, ranges),
        "int8": Int8(Graph("vocoder"), filters, c.negative_slope, ranges),
    }
    for precision, operators in variants.items():
        write(operators, c)
        (folder / GRAPH[precision]).write_bytes(operators.graph.model())
    description.write(folder)
    fastest_first = reversed(list(variants))
    near = next(each for each in fastest_first if nearness(folder, each, sentences).log_mel_distance <= BOUND)
    description = replace(description, precision=near)
    description.write(folder)
    return description


def nearness(folder: Path, precision: VocoderPrecision, sentences: Sequence[Samples]) -> Fidelity:
    """How near a precision is to fp32, which has torch's own numbers, in a compiled folder."""
    exact, rounded = Vocoder(folder, "fp32"), Vocoder(folder, precision)
    return fidelity(
        [np.concatenate(list(exact.speak([each]))) for each in sentences],
        [np.concatenate(list(rounded.speak([each]))) for each in sentences],
        exact.description.sample_rate,
    )


def observed(
    filters: Mapping[str, Filters], c: GeneratorConfig, description: Description, sentences: Sequence[Samples]
) -> Ranges:
    """The least and the greatest of every value that int8 or mixed keeps in a byte, over these sentences."""
    floats = Floats(Graph("vocoder"), filters, c.negative_slope)
    write(floats, c)
    g = floats.graph
    ends = [g.op(end, x, keepdims=0) for x in floats.seen.values() for end in ("ReduceMin", "ReduceMax")]
    pairs = g.op("Concat", *(g.op("Reshape", end, g.shape(1)) for end in ends), axis=0)
    g.output("ranges", g.op("Reshape", pairs, g.shape(-1, 2)), [len(floats.seen), 2])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "observing.onnx"
        file.write_bytes(g.model())
        session = open_session(file, threads=1)
    seen = np.stack([session.run(["ranges"], whole(description, each))[0] for each in sentences])
    lows, highs = seen[..., 0].min(axis=0), seen[..., 1].max(axis=0)
    return {name: (float(low), float(high)) for name, low, high in zip(floats.seen, lows, highs, strict=True)}


def whole(description: Description, features: Samples) -> Feeds:
    """The graph's inputs for an utterance at once."""
    frames = Frames(description, seed=0)
    frames.add(features)
    frames.ended = True
    return frames.take(len(features))
