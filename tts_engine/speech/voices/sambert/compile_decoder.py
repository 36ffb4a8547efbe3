"""The PNCA decoder as two graphs: `memory`, once an utterance, and `step`, once for r frames.

They compute what decoder.py does. B rows, S steps of one utterance, N layers, H heads of d units,
D = H d, M units of memory, r frames a step.
"""

import math

import numpy as np

from tts_engine.speech.voices.sambert.config import AcousticConfig
from tts_engine.speech.voices.sambert.onnx_graph import (
    CONTRIB,
    LAYER_NORM_EPSILON,
    Graph,
    Layer,
    Weights,
    layer_of,
)

# Weights that share one scale. Up to 64 the kernels of onnxruntime 1.32 (AVX-512) sum a row in one
# order however many rows there are; with 128 they do not, and a row alone would sound otherwise.
BLOCK = 64


def memory_graph(c: AcousticConfig, w: Weights) -> bytes:
    """What a step needs of the memory, for all steps at once.

    memory [S, M] -> told [S, D], its share of each step's input; keys [2 N, H, S, d], keys then
    values, layer by layer.
    """
    g = Graph("memory")
    units, heads = c.decoder_num_units, c.decoder_num_heads
    memory = g.input("memory", ["S", c.memory_units])
    weight, bias = input_layer(w)
    g.output("told", g.linear(memory, weight[:, : c.memory_units], bias), ["S", units])
    layers = [f"pnca.{i}.pnca_attn.w_h_kv" for i in range(c.decoder_num_layers)]
    weight = np.concatenate([w[f"{layer}.weight"] for layer in layers])
    bias = np.concatenate([w[f"{layer}.bias"] for layer in layers])
    shape = g.shape(-1, 2 * c.decoder_num_layers, heads, units // heads)
    keys = g.op("Reshape", g.linear(memory, weight, bias), shape)
    g.output(
        "keys",
        g.op("Transpose", keys, perm=[1, 2, 0, 3]),
        [2 * c.decoder_num_layers, heads, "S", units // heads],
    )
    return g.model()


def step_graph(c: AcousticConfig, w: Weights, eight_bits: bool) -> bytes:
    """One step of each row.

    frame [B, num_mels]        the last frame of the step before
    told [B, D]                this step's, from `memory`
    window [2 N B, H, 2 W + 1, d]  keys, then values, layer by layer: of W steps before in any order, then of
                               this step's memory and that of W steps after
    bias [B, 1, 2, 2 W + 2]    zero for a key in reach, -inf for another, this step's own key first: of the
                               attention to steps, then of that to the memory
    -> frames [B, r num_mels], qkv [B, 3 H, N, d]: query, key and value of this step

    All that is added up along the layers is kept at mean zero by the weights, so that a layer norm has none
    to subtract; its bias is in that of the layer after it.
    """
    g = Graph("step")
    units, heads, layers = c.decoder_num_units, c.decoder_num_heads, c.decoder_num_layers
    linear = eight_bit if eight_bits else exact
    frame = g.input("frame", ["B", c.num_mels])
    told = g.input("told", ["B", units])
    window = g.input("window", ["2NB", heads, "2W+1", units // heads])
    bias = g.input("bias", ["B", 1, 2, "2W+2"])

    prenet = len(c.decoder_prenet_units)
    for i in range(prenet):
        frame = g.op("Relu", linear(g, frame, layer_of(w, f"prenet.fcs.{3 * i}")))
    heard, shift = layer_of(w, f"prenet.fcs.{3 * prenet}")
    into = input_layer(w)[0][:, c.memory_units :]
    x = g.op("Add", linear(g, frame, (into @ heard, into @ shift)), told)

    windows = g.ops("Split", window, count=2 * layers, axis=0, num_outputs=2 * layers)
    split, join = g.shape(0, 3 * heads, 1, units // heads), g.shape(0, 2 * units)
    of_steps = []
    norm = "pnca.0.pnca_attn.layer_norm"
    y = g.op("LayerNormalization", x, g.constant(w[f"{norm}.weight"]), axis=-1, epsilon=LAYER_NORM_EPSILON)
    for i in range(layers):
        name = f"pnca.{i}"
        qkv = g.op("Reshape", linear(g, y, after(norm, w, f"{name}.pnca_attn.w_x_qkv")), split)
        of_steps.append(qkv)
        q, k, v = g.ops("Split", qkv, count=3, axis=1, num_outputs=3)
        k = g.op("Concat", k, windows[2 * i], axis=2)
        v = g.op("Concat", v, windows[2 * i + 1], axis=2)
        both = g.op("Reshape", attend(g, q, k, v, bias, units // heads), join)
        y = linear(g, both, centred(joined(w, f"{name}.pnca_attn.fc_x", f"{name}.pnca_attn.fc_h", heads)))
        norm = f"{name}.pos_ffn.layer_norm"
        y, x = add_norm(g, y, x, w, norm)
        y = g.op("Relu", linear(g, y, after(norm, w, f"{name}.pos_ffn.w_1")))
        y = linear(g, y, centred(layer_of(w, f"{name}.pos_ffn.w_2")))
        norm = "ln" if i == layers - 1 else f"pnca.{i + 1}.pnca_attn.layer_norm"
        y, x = add_norm(g, y, x, w, norm)

    g.output("frames", linear(g, y, after(norm, w, "dec_out_proj")), ["B", c.outputs_per_step * c.num_mels])
    g.output("qkv", g.op("Concat", *of_steps, axis=2), ["B", 3 * heads, layers, units // heads])
    return g.model()


def attend(g: Graph, q: str, k: str, v: str, bias: str, units: int) -> str:
    """Attend twice, to the keys that each bias leaves: q [B, H, 1, d], k and v [B, H, T, d] -> [B, H, 2, d].

    Half of a step's time is what onnxruntime needs to begin an op, so the two attentions share theirs.
    """
    scores = g.op("FusedMatMul", q, k, domain=CONTRIB, transB=1, alpha=units**-0.5)
    return g.op("MatMul", g.op("Softmax", g.op("Add", scores, bias), axis=-1), v)


def add_norm(g: Graph, y: str, x: str, w: Weights, name: str) -> tuple[str, str]:
    """The layer norm of x + y without its bias, and x + y, whose mean is zero."""
    normed, _, _, total = g.ops(
        "SkipSimplifiedLayerNormalization",
        *(y, x, g.constant(w[f"{name}.weight"])),
        count=4,
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
    weight = np.stack([w[f"{name}.weight"] for name in (own, memory)], axis=1)  # [N, 2, H d]
    outputs, halves, units = weight.shape
    weight = weight.reshape(outputs, halves, heads, -1).swapaxes(1, 2)
    return weight.reshape(outputs, halves * units), w[f"{own}.bias"] + w[f"{memory}.bias"]


def exact(g: Graph, x: str, layer: Layer) -> str:
    """x [B, K] -> [B, N]."""
    weight, bias = layer
    return g.op("Gemm", x, g.constant(weight.T), g.constant(bias))


def eight_bit(g: Graph, x: str, layer: Layer) -> str:
    """x [B, K] -> [B, N], with weights in blocks of eight bits about 128.

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
