"""The postnet as a graph that is given the mel a stretch at a time.

What its filters look back on is carried from stretch to stretch. A layer that looks k frames ahead
gives each frame k frames after it was given it; the residual leaves the last layer `sum(look)` late.
"""

import numpy as np

from tts_engine.speech.voices.sambert.config import AcousticConfig
from tts_engine.speech.voices.sambert.onnx_graph import Graph, Weights, linear_of, lstm_weights

CARRIED = "_out"  # what ends the name of an output that is the input of the next stretch


def look(c: AcousticConfig) -> tuple[int, ...]:
    """How many frames each layer looks ahead."""
    return tuple((c.postnet_filter_size - 1) // 2 - shift for shift in c.postnet_shift)


def postnet_graph(c: AcousticConfig, w: Weights) -> bytes:
    """What to add to the mel of one row, of which F frames are given.

    mel [1, F, num_mels]
    real [layers, F, 1]   1 where the frame that has come to a layer is one of the utterance, else 0
    skip [1]              how many of the frames that leave the last layer are before the utterance
    -> residual [1, F - skip, num_mels]

    Every other input is carried: zeros at first, then the output of its name and CARRIED.
    """
    g = Graph("postnet")
    x = g.input("mel", [1, "F", c.num_mels])
    real = g.input("real", [len(c.postnet_shift), "F", 1])
    skip = g.input("skip", [1], np.int64)
    reals = g.ops("Split", real, count=len(c.postnet_shift), axis=0, num_outputs=len(c.postnet_shift))
    for i, ahead in enumerate(look(c)):
        x = memory_layer(g, c, w, i, ahead, x, reals[i])
    x = g.op("Slice", x, skip, g.shape(np.iinfo(np.int64).max), g.shape(1))
    states = [g.input(name, [1, 1, c.postnet_lstm_units]) for name in ("h", "c")]
    x = g.op("Transpose", x, perm=[1, 0, 2])  # [F, 1, D]
    y, *states = g.ops(
        "LSTM",
        x,
        *lstm_weights(g, w, "lstm", 0),
        "",
        *states,
        count=3,
        hidden_size=c.postnet_lstm_units,
    )
    for name, state in zip(("h", "c"), states, strict=True):
        g.output(name + CARRIED, state, [1, 1, c.postnet_lstm_units])
    y = g.op("Transpose", g.op("Squeeze", y, g.shape(1)), perm=[1, 0, 2])
    g.output("residual", linear_of(g, w, "fc", y), [1, "F_out", c.num_mels])
    return g.model()


def memory_layer(g: Graph, c: AcousticConfig, w: Weights, i: int, ahead: int, x: str, real: str) -> str:
    """One layer of the FSMN: x [1, F, .] -> [1, F, D] of the frames `ahead` before."""
    units, width = c.postnet_num_memory_units, c.postnet_filter_size
    y = g.op("Relu", linear_of(g, w, f"fsmn.ffn_lst.{i}.w_1", x))
    y = g.op("Mul", g.linear(y, w[f"fsmn.ffn_lst.{i}.w_2.weight"].squeeze(-1)), real)
    seen = carried(g, f"history{i}", y, width - 1, units)  # [1, width - 1 + F, D]
    filtered = g.op(
        "Conv",
        g.op("Transpose", seen, perm=[0, 2, 1]),
        g.constant(w[f"fsmn.memory_block_lst.{i}.conv_dw.weight"]),
        group=units,
    )
    y = g.op("Slice", seen, g.shape(width - 1 - ahead), g.shape(-ahead or np.iinfo(np.int64).max), g.shape(1))
    y = g.op("Add", y, g.op("Transpose", filtered, perm=[0, 2, 1]))
    if (units if i else c.num_mels) != units:
        return y
    if ahead:
        x = g.op("Slice", carried(g, f"late{i}", x, ahead, units), g.shape(0), g.shape(-ahead), g.shape(1))
    return g.op("Add", x, y)


def carried(g: Graph, name: str, x: str, count: int, units: int) -> str:
    """x [1, F, D] after the `count` frames before it, which are carried under `name`."""
    joined = g.op("Concat", g.input(name, [1, count, units]), x, axis=1)
    last = g.op("Slice", joined, g.shape(-count), g.shape(np.iinfo(np.int64).max), g.shape(1))
    g.output(name + CARRIED, last, [1, count, units])
    return joined
