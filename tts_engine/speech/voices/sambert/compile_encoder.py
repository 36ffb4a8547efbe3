"""The encoder as one graph: units in, the text of each and its log duration out.

It computes what encoder.py and variance.py do, for rows of different lengths. B rows, L symbols of
the longest, D units. Padding is blanked before anything that looks sideways.
"""

import math

import numpy as np

from tts_engine.speech.voices.sambert.config import AcousticConfig
from tts_engine.speech.voices.sambert.onnx_graph import Array, Graph, Weights, linear_of, lstm_weights

EMBEDDINGS = ("sy_emb", "tone_emb", "syllable_flag_emb", "ws_emb")


def encoder_graph(c: AcousticConfig, w: Weights, positions: Array) -> bytes:
    """Everything before the length regulator.

    units [B, L, 4]           sy, tone, syllable_flag, word_segment
    lengths [B]               symbols of each row
    speaker [B, L, Ds], emotion [B, L, De]    vectors
    pitch_scale, pitch_shift [B, 1]           what the predicted pitch is multiplied by, then raised by
    -> text [B, L, Dt] with pitch and energy in it; log_duration, pitch, energy [B, L]

    `positions` [longest, D] are the position encodings; a longer row is the caller's error.
    """
    g = Graph("encoder")
    units = g.input("units", ["B", "L", 4], np.int64)
    lengths = g.input("lengths", ["B"], np.int64)
    speaker = g.input("speaker", ["B", "L", c.speaker_units])
    emotion = g.input("emotion", ["B", "L", c.emotion_units])
    scale, shift = g.input("pitch_scale", ["B", 1]), g.input("pitch_shift", ["B", 1])

    length = g.op("Gather", g.op("Shape", units), g.index(1))
    places = g.op("Range", g.index(0), length, g.index(1))
    real = g.op("Less", places, g.op("Unsqueeze", lengths, g.shape(1)))  # [B, L]
    valid = g.op("Cast", g.op("Unsqueeze", real, g.shape(2)), to=1)  # [B, L, 1]
    counts = g.op("Cast", lengths, to=6)  # int32, as LSTM takes them

    text = encode_text(g, c, w, units, positions, length, real, valid)
    x = g.op("Concat", text, speaker, emotion, axis=-1)
    pitch = contour(g, c, w, "variance_adaptor.pitch_predictor", x, valid, counts)
    pitch = g.op("Add", g.op("Mul", pitch, g.op("Unsqueeze", scale, g.shape(2))), g.op("Unsqueeze", shift, g.shape(2)))
    pitch = g.op("Mul", pitch, valid)
    energy = contour(g, c, w, "variance_adaptor.energy_predictor", x, valid, counts)
    for name, values in (("pitch_emb", pitch), ("energy_emb", energy)):
        text = g.op("Add", text, convolved(g, values, w, f"variance_adaptor.{name}"))
    log_duration = durations(g, c, w, g.op("Concat", text, speaker, emotion, axis=-1))

    g.output("text", text, ["B", "L", c.encoder_projection_units])
    g.output("log_duration", g.op("Mul", log_duration, g.op("Squeeze", valid, g.shape(2))), ["B", "L"])
    g.output("pitch", g.op("Squeeze", pitch, g.shape(2)), ["B", "L"])
    g.output("energy", g.op("Squeeze", energy, g.shape(2)), ["B", "L"])
    return g.model()


def encode_text(
    g: Graph, c: AcousticConfig, w: Weights, units: str, positions: Array, length: str, real: str, valid: str
) -> str:
    columns = g.ops("Split", units, count=4, axis=2, num_outputs=4)
    embedded = [
        g.op("Gather", g.constant(w[f"text_encoder.{name}.weight"]), g.op("Squeeze", column, g.shape(2)))
        for name, column in zip(EMBEDDINGS, columns, strict=True)
    ]
    x = g.op("Mul", g.op("Sum", *embedded), g.constant(math.sqrt(c.encoder_num_units)))
    end = g.op("Unsqueeze", length, g.shape(0))
    x = g.op("Add", x, g.op("Slice", g.constant(positions), g.shape(0), end, g.shape(0)))
    bias = g.op("Where", real, g.constant(0.0), g.constant(-np.inf))
    bias = g.op("Unsqueeze", bias, g.shape(1, 2))  # [B, 1, 1, L]
    for i in range(c.encoder_num_layers):
        name = f"text_encoder.ling_enc.fft.{i}"
        attended = self_attention(g, c, w, f"{name}.slf_attn", x, bias)
        x = g.op("Add", x, attended) if i else attended  # the first block changes the width
        x = g.op("Mul", feed_forward(g, w, f"{name}.pos_ffn", x, valid), valid)
    x = g.layer_norm(x, w, "text_encoder.ling_enc.ln")
    return g.linear(x, w["text_encoder.ling_proj.weight"])


def self_attention(g: Graph, c: AcousticConfig, w: Weights, name: str, x: str, bias: str) -> str:
    heads, units = c.encoder_num_heads, c.encoder_num_units
    qkv = linear_of(g, w, f"{name}.w_qkv", g.layer_norm(x, w, f"{name}.layer_norm"))
    qkv = g.op("Reshape", qkv, g.shape(0, 0, 3 * heads, units // heads))
    q, k, v = g.ops("Split", g.op("Transpose", qkv, perm=[0, 2, 1, 3]), count=3, axis=1, num_outputs=3)
    scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2]))  # [B, H, L, L]
    scores = g.op("Add", g.op("Mul", scores, g.constant((units // heads) ** -0.5)), bias)
    y = g.op("Transpose", g.op("MatMul", g.op("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
    return linear_of(g, w, f"{name}.fc", g.op("Reshape", y, g.shape(0, 0, units)))


def feed_forward(g: Graph, w: Weights, name: str, x: str, valid: str) -> str:
    y = g.op("Mul", g.layer_norm(x, w, f"{name}.layer_norm"), valid)
    y = g.op("Relu", convolved(g, y, w, f"{name}.w_1"))
    return g.op("Add", x, convolved(g, y, w, f"{name}.w_2"))


def convolved(g: Graph, x: str, w: Weights, name: str) -> str:
    """A convolution over the symbols that keeps their number: [B, L, D] -> [B, L, D']."""
    weight = w[f"{name}.weight"]
    if weight.shape[2] == 1:
        return linear_of(g, w, name, x)
    side = weight.shape[2] // 2
    x = g.op("Transpose", x, perm=[0, 2, 1])
    y = g.op("Conv", x, g.constant(weight), g.constant(w[f"{name}.bias"]), pads=[side, side])
    return g.op("Transpose", y, perm=[0, 2, 1])


def contour(g: Graph, c: AcousticConfig, w: Weights, name: str, x: str, valid: str, counts: str) -> str:
    """Pitch or energy of each symbol, [B, L, 1]."""
    for i, shift in enumerate(c.predictor_shift):
        y = g.op("Relu", linear_of(g, w, f"{name}.fsmn.ffn_lst.{i}.w_1", x))
        y = g.op("Mul", g.linear(y, w[f"{name}.fsmn.ffn_lst.{i}.w_2.weight"].squeeze(-1)), valid)
        weight = w[f"{name}.fsmn.memory_block_lst.{i}.conv_dw.weight"]
        ahead = (c.predictor_filter_size - 1) // 2
        turned = g.op("Transpose", y, perm=[0, 2, 1])
        padded = g.op("Pad", turned, g.shape(0, 0, c.predictor_filter_size - 1 - ahead + shift, 0, 0, ahead - shift))
        memory = g.op("Conv", padded, g.constant(weight), group=weight.shape[0])
        y = g.op("Add", y, g.op("Transpose", memory, perm=[0, 2, 1]))
        same = (x_width(c) if not i else c.predictor_num_memory_units) == c.predictor_num_memory_units
        x = g.op("Add", x, y) if same else y
    turned = g.op("Transpose", x, perm=[1, 0, 2])  # [L, B, D]
    y = g.ops("LSTM", turned, *lstm_weights(g, w, f"{name}.blstm", 0, both=True), counts, count=1,
              hidden_size=c.predictor_lstm_units, direction="bidirectional")[0]  # [L, 2, B, units]
    y = g.op("Reshape", g.op("Transpose", y, perm=[2, 0, 1, 3]), g.shape(0, 0, 2 * c.predictor_lstm_units))
    return g.op("Mul", linear_of(g, w, f"{name}.fc", y), valid)


def x_width(c: AcousticConfig) -> int:
    return c.encoder_projection_units + c.speaker_units + c.emotion_units


def durations(g: Graph, c: AcousticConfig, w: Weights, condition: str) -> str:
    """log(frames + 1) of each symbol [B, L], told that of the one before: a Scan over condition [B, L, D]."""
    name, units = "variance_adaptor.duration_predictor", c.dur_pred_lstm_units
    b = Graph("duration")
    before = b.input("before", ["B", 1])
    states = [b.input(f"{part}{layer}_in", [1, "B", units]) for layer in range(2) for part in "hc"]
    told = b.input("told", ["B", x_width(c)])
    x = before
    for i in range(len(c.dur_pred_prenet_units)):
        x = b.op("Relu", linear_of(b, w, f"{name}.prenet.fcs.{3 * i}", x))
    x = b.op("Concat", x, told, axis=-1)
    after = []
    for layer in range(2):
        x = b.op("Unsqueeze", x, b.shape(0))  # [1, B, D]
        _, h, state = b.ops("LSTM", x, *lstm_weights(b, w, f"{name}.lstm", layer), "", *states[2 * layer : 2 * layer + 2],
                            count=3, hidden_size=units)
        after += [h, state]
        x = b.op("Squeeze", h, b.shape(0))
    log_duration = b.op("Relu", linear_of(b, w, f"{name}.fc", x))
    b.output("log_duration_out", log_duration, ["B", 1])
    for layer in range(2):
        for part in range(2):
            b.output(f"{'hc'[part]}{layer}_out", after[2 * layer + part], [1, "B", units])
    b.output("spoken", log_duration, ["B", 1])

    rows = g.op("Gather", g.op("Shape", condition), g.shape(0))  # [1]
    none = g.op("ConstantOfShape", g.op("Concat", rows, g.shape(1), axis=0))
    blank = g.op("ConstantOfShape", g.op("Concat", g.shape(1), rows, g.shape(units), axis=0))
    outputs = g.ops("Scan", none, *[blank] * 4, condition, count=6, body=b.graph(), num_scan_inputs=1,
                    scan_input_axes=[1], scan_output_axes=[1])
    return g.op("Squeeze", outputs[-1], g.shape(2))
