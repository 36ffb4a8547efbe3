"""The postnet as a graph that is given the mel a stretch at a time.

What its filters look back on is carried from stretch to stretch. A layer that looks k frames ahead
gives each frame k frames after it was given it; the residual leaves the last layer `sum(look)` late.
"""

import numpy as np

from tts_engine.speech.voices.sambert.acoustic_files import CARRIED
from tts_engine.speech.voices.sambert.config import AcousticConfig
from tts_engine.speech.voices.sambert.onnx_graph import (
    CONTRIB,
    END,
    Array,
    Graph,
    Weights,
    filtered,
    layer_of,
    linear_of,
    lstm_weights,
)


def look(c: AcousticConfig) -> tuple[int, ...]:
    """How many frames each layer looks ahead; one that is shifted to the past alone, none."""
    return tuple(max(0, reach) for reach in reaches(c))


def reaches(c: AcousticConfig) -> tuple[int, ...]:
    """The newest frame that each layer's filter takes, counted from the frame it is for."""
    return tuple((c.postnet_filter_size - 1) // 2 - shift for shift in c.postnet_shift)


def postnet_graph(c: AcousticConfig, w: Weights, eight_bits: bool) -> bytes:
    """What to add to the mel of one utterance, of which F frames are given.

    mel [F, num_mels]
    real [layers, F, 1]   1 where the frame that has come to a layer is one of the utterance, else 0
    skip [1]              how many of the frames that leave the last layer are before the utterance
    -> residual [F - skip, num_mels]

    Every other input is carried: zeros at first, then the output of its name and CARRIED.
    """
    g = Graph("postnet")
    layers, units = len(c.postnet_shift), c.postnet_lstm_units
    x = g.input("mel", ["F", c.num_mels])
    real = g.input("real", [layers, "F", 1])
    skip = g.input("skip", [1], np.int64)
    for i, reach in enumerate(reaches(c)):
        x = memory_layer(g, c, w, i, reach, eight_bits, x, g.op("Gather", real, g.index(i), axis=0))
    x = g.op("Unsqueeze", g.op("Slice", x, skip, g.shape(END), g.shape(0)), g.shape(1))  # [F, 1, D]
    given = [g.input(name, [1, 1, units]) for name in ("h", "c")]
    y, *states = g.ops("LSTM", x, *lstm_weights(g, w, "lstm", 0), "", *given, count=3, hidden_size=units)
    for name, state in zip(("h", "c"), states, strict=True):
        g.output(name + CARRIED, state, [1, 1, units])
    g.output("residual", linear_of(g, w, "fc", g.op("Squeeze", y, g.shape(1, 2))), ["F_out", c.num_mels])
    return g.model()


def memory_layer(
    g: Graph, c: AcousticConfig, w: Weights, i: int, reach: int, eight_bits: bool, x: str, real: str
) -> str:
    """One layer of the FSMN: x [F, .] -> [F, D] of the frames `reach` before, or of the same if it is not positive."""
    units, ahead = c.postnet_num_memory_units, max(0, reach)
    before = c.postnet_filter_size - 1 - min(0, reach)
    linear = eight_bit if eight_bits else Graph.linear
    y = g.op("Relu", linear(g, x, *layer_of(w, f"fsmn.ffn_lst.{i}.w_1")))
    y = g.op("Mul", linear(g, y, w[f"fsmn.ffn_lst.{i}.w_2.weight"].squeeze(-1)), real)
    seen = carried(g, f"history{i}", y, before, units)  # [before + F, D]
    y = g.op("Slice", seen, g.shape(before - ahead), g.shape(-ahead or END), g.shape(0))
    taken = g.op("Slice", seen, g.shape(0), g.shape(reach), g.shape(0)) if reach < 0 else seen
    y = g.op("Add", y, filtered(g, w[f"fsmn.memory_block_lst.{i}.conv_dw.weight"], taken))
    if (units if i else c.num_mels) != units:
        return y
    if ahead:
        x = g.op("Slice", carried(g, f"late{i}", x, ahead, units), g.shape(0), g.shape(-ahead), g.shape(0))
    return g.op("Add", x, y)


def eight_bit(g: Graph, x: str, weight: Array, bias: Array | None = None) -> str:
    """x [F, K], weight [N, K] -> [F, N]: one scale for each of N, and one for all of the stretch that is x."""
    scale = np.maximum(np.abs(weight).max(axis=1), 1e-12) / 127
    quantised = g.constant(np.rint(weight / scale[:, np.newaxis]).T, np.int8)
    added = "" if bias is None else g.constant(bias)
    return g.op("DynamicQuantizeMatMul", x, quantised, g.constant(scale), "", added, domain=CONTRIB)


def carried(g: Graph, name: str, x: str, count: int, units: int) -> str:
    """x [F, D] after the `count` frames before it, which are carried under `name`."""
    joined = g.op("Concat", g.input(name, [count, units]), x, axis=0)
    g.output(name + CARRIED, g.op("Slice", joined, g.shape(-count), g.shape(END), g.shape(0)), [count, units])
    return joined
