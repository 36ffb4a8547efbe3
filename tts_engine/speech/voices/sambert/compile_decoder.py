"""The PNCA decoder as two graphs: `memory`, once an utterance, and `step`, once for r frames.

They compute what decoder.py does. B rows, S steps of one utterance, N layers, H heads of d units,
D = H d, M units of memory, r frames a step.
"""

import math
from dataclasses import dataclass

import numpy as np

from tts_engine.speech.voices.sambert.acoustic_files import CARRIED
from tts_engine.speech.voices.sambert.config import AcousticConfig
from tts_engine.speech.voices.sambert.onnx_graph import (
    CONTRIB,
    LAYER_NORM_EPSILON,
    Array,
    Graph,
    Layer,
    Shape,
    Weights,
    layer_of,
)

# Weights that share one scale. Up to 64 the kernels of onnxruntime 1.32 (AVX-512) sum a row in one
# order however many rows there are; with 128 they do not, and a row alone would sound otherwise.
BLOCK = 64

HEAD = 8  # GroupQueryAttention takes heads of a multiple of so many units


def memory_graph(c: AcousticConfig, w: Weights) -> bytes:
    """What a step needs of the memory, for all steps at once.

    memory [S, M] -> told [S, D], its share of each step's input; keys [2 N, H, S, d], keys then
    values, layer by layer.
    """
    g = Graph("memory")
    heads, parts = c.decoder_num_heads, 2 * c.decoder_num_layers
    memory = g.input("memory", ["S", c.memory_units])
    weight, bias = input_layer(w)
    g.output("told", g.linear(memory, weight[:, : c.memory_units], bias), ["S", c.decoder_num_units])
    layers = [layer_of(w, f"pnca.{i}.pnca_attn.w_h_kv") for i in range(c.decoder_num_layers)]
    weight, bias = (by_head(np.concatenate(each), parts * heads) for each in zip(*layers, strict=True))
    units = bias.shape[1]
    keys = g.linear(memory, weight.reshape(-1, c.memory_units), bias.ravel())
    keys = g.op("Transpose", g.op("Reshape", keys, g.shape(-1, parts, heads, units)), perm=[1, 2, 0, 3])
    g.output("keys", keys, [parts, heads, "S", units])
    return g.model()


def step_graph(c: AcousticConfig, w: Weights, eight_bits: bool) -> bytes:
    """One step of each row.

    frame [B, 1, num_mels]     the last frame of the step before
    told [B, 1, D]             this step's, from `memory`
    bias [B, 2 H, 1, T]        zero for a key in reach, -inf for another: of the attention to steps and of that
                               to the memory in turn, head by head
    last [B], length           T - 1 for each row, and T: int32, as GroupQueryAttention asks for them
    window0, window1, ... [B, H, T, d]   keys, then values, layer by layer: of other steps and of the memory, in
                               any order, then one place that is free
    -> frames [B, 1, r num_mels]; each window with this step's own key or value in that place

    All that is added up along the layers is kept at mean zero by the weights, so that a layer norm has none
    to subtract; its bias is in that of the layer after it.
    """
    g = Graph("step")
    units, heads, layers = c.decoder_num_units, c.decoder_num_heads, c.decoder_num_layers
    linear = eight_bit if eight_bits else exact
    frame = g.input("frame", ["B", 1, c.num_mels])
    told = g.input("told", ["B", 1, units])
    reach = Reach(
        bias=g.input("bias", ["B", 2 * heads, 1, "T"]),
        last=g.input("last", ["B"], np.int32),
        length=g.input("length", [], np.int32),
    )

    prenet = len(c.decoder_prenet_units)
    for i in range(prenet):
        frame = g.op("Relu", linear(g, frame, layer_of(w, f"prenet.fcs.{3 * i}")))
    heard, shift = layer_of(w, f"prenet.fcs.{3 * prenet}")
    into = input_layer(w)[0][:, c.memory_units :]
    x = g.op("Add", linear(g, frame, (into @ heard, into @ shift)), told)

    norm = "pnca.0.pnca_attn.layer_norm"
    y = g.op("LayerNormalization", x, g.constant(w[f"{norm}.weight"]), axis=-1, epsilon=LAYER_NORM_EPSILON)
    for i in range(layers):
        name = f"pnca.{i}"
        qkv = linear(g, y, twice_asking(after(norm, w, f"{name}.pnca_attn.w_x_qkv"), heads))
        both = attend(g, c, qkv, i, reach)
        y = linear(g, both, centred(joined(w, f"{name}.pnca_attn.fc_x", f"{name}.pnca_attn.fc_h", heads)))
        norm = f"{name}.pos_ffn.layer_norm"
        y, x = add_norm(g, y, x, w, norm)
        y = g.op("Relu", linear(g, y, after(norm, w, f"{name}.pos_ffn.w_1")))
        y = linear(g, y, centred(layer_of(w, f"{name}.pos_ffn.w_2")))
        norm = "ln" if i == layers - 1 else f"pnca.{i + 1}.pnca_attn.layer_norm"
        y, x = add_norm(g, y, x, w, norm)

    g.output("frames", linear(g, y, after(norm, w, "dec_out_proj")), ["B", 1, c.outputs_per_step * c.num_mels])
    return g.model()


@dataclass(frozen=True, slots=True)
class Reach:
    """Which keys of a window are attended to: inputs of the step."""

    bias: str
    last: str
    length: str


def attend(g: Graph, c: AcousticConfig, qkv: str, layer: int, reach: Reach) -> str:
    """Attend twice, to steps and to the memory: qkv [B, 1, (2 + 1 + 1) D] -> [B, 1, H 2 d].

    Two queries of a head share its keys, each with a bias of its own. All of it is one op, and it is given its
    window where it is to be left: at this size onnxruntime takes longer to begin an op than to compute it.
    """
    heads = c.decoder_num_heads
    names = [f"window{2 * layer + part}" for part in range(2)]
    shape: Shape = ["B", heads, "T", "d"]
    windows = [g.input(name, shape) for name in names]
    both, *after_it = g.ops(
        "GroupQueryAttention",
        *(qkv, "", "", *windows, reach.last, reach.length, "", "", "", reach.bias),
        count=3,
        domain=CONTRIB,
        num_heads=2 * heads,
        kv_num_heads=heads,
        scale=(c.decoder_num_units // heads) ** -0.5,
    )
    for name, window in zip(names, after_it, strict=True):
        g.output(name + CARRIED, window, shape)
    return both


def by_head(rows: Array, heads: int) -> Array:
    """[H d, ...] -> [H, d, ...], d filled up with zeros to what GroupQueryAttention takes."""
    split = rows.reshape(heads, -1, *rows.shape[1:])
    return np.pad(split, [(0, 0), (0, -split.shape[1] % HEAD), *[(0, 0)] * (rows.ndim - 1)])


def twice_asking(layer: Layer, heads: int) -> Layer:
    """A layer that gives query, key and value [3 H d], its query twice, head by head: [(2 + 1 + 1) H d]."""

    def doubled(rows: Array) -> Array:
        split = by_head(rows, 3 * heads)
        return np.concatenate([split[:heads].repeat(2, axis=0), split[heads:]]).reshape(-1, *rows.shape[1:])

    weight, bias = layer
    return doubled(weight), doubled(bias)


def add_norm(g: Graph, y: str, x: str, w: Weights, name: str) -> tuple[str, str]:
    """The layer norm of x + y without its bias, and x + y, whose mean is zero."""
    normed, _, _, total = g.ops(
        "SkipSimplifiedLayerNormalization",
        *(y, x, g.constant(w[f"{name}.weight"])),
        count=4,
        without=(1, 2),
        domain=CONTRIB,
        epsilon=LAYER_NORM_EPSILON,
    )
    return normed, total


def after(norm: str, w: Weights, name: str) -> Layer:
    """The linear layer `name`, given the layer norm before it without its bias."""
    weight, bias = layer_of(w, name)
    return weight, bias + weight @ w[f"{norm}.bias"]


def centred(layer: Layer) -> Layer:
    """The same less the mean of its outputs, which no layer norm after it would see."""
    weight, bias = layer
    return weight - weight.mean(axis=0), bias - bias.mean()


def input_layer(w: Weights) -> Layer:
    """Of [memory, prenet], times sqrt(D)."""
    weight, bias = centred(layer_of(w, "dec_in_proj"))
    return weight * np.float32(math.sqrt(len(bias))), bias * np.float32(math.sqrt(len(bias)))


def joined(w: Weights, own: str, memory: str, heads: int) -> Layer:
    """The sum of two linear layers, for what `attend` gives: weight [N, H 2 d]."""
    weight = np.stack([by_head(w[f"{name}.weight"].T, heads) for name in (own, memory)], axis=1)  # [H, 2, d, N]
    return weight.reshape(-1, weight.shape[-1]).T, w[f"{own}.bias"] + w[f"{memory}.bias"]


def exact(g: Graph, x: str, layer: Layer) -> str:
    """x [B, 1, K] -> [B, 1, N]."""
    return g.linear(x, *layer)


def eight_bit(g: Graph, x: str, layer: Layer) -> str:
    """x [B, 1, K] -> [B, 1, N], with weights in blocks of eight bits about 128.

    A block of weights has one scale and so has a block of one row's input: a row is quantised by itself,
    whatever the others of its batch are.
    """
    weight, bias = layer
    outputs, inputs = weight.shape
    block = min(BLOCK, 1 << max(4, (inputs - 1).bit_length()))
    count = -(-inputs // block)
    blocks = np.pad(weight, ((0, 0), (0, count * block - inputs))).reshape(outputs, count, block)
    scale = np.maximum(np.abs(blocks).max(axis=-1), 1e-12) / 127
    quantised = np.round(blocks / scale[..., np.newaxis]) + 128
    return g.op(
        "MatMulNBits",
        x,
        g.constant(quantised, np.uint8),
        g.constant(scale),
        "",
        "",
        g.constant(bias),
        domain=CONTRIB,
        K=inputs,
        N=outputs,
        bits=8,
        block_size=block,
        accuracy_level=4,  # the input in eight bits too
    )
