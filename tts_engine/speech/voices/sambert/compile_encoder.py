"""The encoder as one graph: the units of one utterance in, the text of each and its log duration out.

It computes what encoder.py and variance.py do, one utterance a call: an encoder that works on a
padded batch is 4 ms faster an utterance, but gives it numbers whose last bits depend on its
neighbours, and eight-bit weights would make them heard. L symbols, D units.
"""

import math

import numpy as np

from tts_engine.speech.voices.sambert.config import AcousticConfig
from tts_engine.speech.voices.sambert.onnx_graph import (
    Array,
    Graph,
    Weights,
    convolved,
    filtered,
    linear_of,
    lstm_weights,
)

EMBEDDINGS = ("sy_emb", "tone_emb", "syllable_flag_emb", "ws_emb")


def encoder_graph(c: AcousticConfig, w: Weights, positions: Array) -> bytes:
    """Everything before the length regulator.

    units [L, 4]                              sy, tone, syllable_flag, word_segment
    speaker [L, Ds], emotion [L, De]          vectors
    pitch_scale, pitch_shift [1]              what the predicted pitch is multiplied by, then raised by
    -> text [L, Dt] with pitch and energy in it; log_duration, pitch, energy [L]

    `positions` [longest, D] are the position encodings of the symbols; more symbols are an error.
    """
    g = Graph("encoder")
    units = g.input("units", ["L", 4], np.int64)
    speaker = g.input("speaker", ["L", c.speaker_units])
    emotion = g.input("emotion", ["L", c.emotion_units])
    scale, shift = g.input("pitch_scale", [1]), g.input("pitch_shift", [1])

    text = encode_text(g, c, w, units, positions)
    x = g.op("Concat", text, speaker, emotion, axis=-1)
    pitch = contour(g, c, w, "variance_adaptor.pitch_predictor", x)  # [L, 1]
    pitch = g.op("Add", g.op("Mul", pitch, scale), shift)
    energy = contour(g, c, w, "variance_adaptor.energy_predictor", x)
    for name, values in (("pitch_emb", pitch), ("energy_emb", energy)):
        text = g.op("Add", text, convolved(g, w, f"variance_adaptor.{name}", values))
    log_duration = durations(g, c, w, g.op("Concat", text, speaker, emotion, axis=-1))

    g.output("text", text, ["L", c.encoder_projection_units])
    for name, value in (("log_duration", log_duration), ("pitch", pitch), ("energy", energy)):
        g.output(name, g.op("Squeeze", value, g.shape(1)), ["L"])
    return g.model()


def encode_text(g: Graph, c: AcousticConfig, w: Weights, units: str, positions: Array) -> str:
    columns = g.ops("Split", units, count=4, axis=1, num_outputs=4)
    embedded = [
        g.op("Gather", g.constant(w[f"text_encoder.{name}.weight"]), g.op("Squeeze", column, g.shape(1)))
        for name, column in zip(EMBEDDINGS, columns, strict=True)
    ]
    x = g.op("Mul", g.op("Sum", *embedded), g.constant(math.sqrt(c.encoder_num_units)))
    length = g.op("Shape", units, end=1)
    x = g.op("Add", x, g.op("Slice", g.constant(positions), g.shape(0), length, g.shape(0)))
    for i in range(c.encoder_num_layers):
        name = f"text_encoder.ling_enc.fft.{i}"
        attended = self_attention(g, c, w, f"{name}.slf_attn", x)
        residual = c.embedding_dim == c.encoder_num_units or i > 0
        x = g.op("Add", x, attended) if residual else attended
        x = feed_forward(g, w, f"{name}.pos_ffn", x)
    x = g.layer_norm(x, w, "text_encoder.ling_enc.ln")
    return g.linear(x, w["text_encoder.ling_proj.weight"])


def self_attention(g: Graph, c: AcousticConfig, w: Weights, name: str, x: str) -> str:
    heads, units = c.encoder_num_heads, c.encoder_num_units
    qkv = linear_of(g, w, f"{name}.w_qkv", g.layer_norm(x, w, f"{name}.layer_norm"))
    qkv = g.op("Transpose", g.op("Reshape", qkv, g.shape(0, 3 * heads, units // heads)), perm=[1, 0, 2])
    q, k, v = g.ops("Split", qkv, count=3, axis=0, num_outputs=3)  # [H, L, d]
    scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 2, 1]))  # [H, L, L]
    scores = g.op("Mul", scores, g.constant((units // heads) ** -0.5))
    y = g.op("Transpose", g.op("MatMul", g.op("Softmax", scores, axis=-1), v), perm=[1, 0, 2])
    return linear_of(g, w, f"{name}.fc", g.op("Reshape", y, g.shape(0, units)))


def feed_forward(g: Graph, w: Weights, name: str, x: str) -> str:
    y = g.op("Relu", convolved(g, w, f"{name}.w_1", g.layer_norm(x, w, f"{name}.layer_norm")))
    return g.op("Add", x, convolved(g, w, f"{name}.w_2", y))


def contour(g: Graph, c: AcousticConfig, w: Weights, name: str, x: str) -> str:
    """Pitch or energy of each symbol, [L, 1]."""
    width, units = text_width(c), c.predictor_num_memory_units
    for i, shift in enumerate(c.predictor_shift):
        y = g.op("Relu", linear_of(g, w, f"{name}.fsmn.ffn_lst.{i}.w_1", x))
        y = g.linear(y, w[f"{name}.fsmn.ffn_lst.{i}.w_2.weight"].squeeze(-1))
        ahead = (c.predictor_filter_size - 1) // 2 - shift
        padded = g.op("Pad", y, g.shape(c.predictor_filter_size - 1 - ahead, 0, ahead, 0))
        y = g.op("Add", y, filtered(g, w[f"{name}.fsmn.memory_block_lst.{i}.conv_dw.weight"], padded))
        x, width = g.op("Add", x, y) if width == units else y, units
    y, _, _ = g.ops(
        "LSTM",
        g.op("Unsqueeze", x, g.shape(1)),  # [L, 1, D]
        *lstm_weights(g, w, f"{name}.blstm", 0, both=True),
        count=3,
        hidden_size=c.predictor_lstm_units,
        direction="bidirectional",
    )  # [L, 2, 1, units]
    return linear_of(g, w, f"{name}.fc", g.op("Reshape", y, g.shape(0, 2 * c.predictor_lstm_units)))


def text_width(c: AcousticConfig) -> int:
    """What the predictors are told of each symbol: its text, speaker and emotion."""
    return c.encoder_projection_units + c.speaker_units + c.emotion_units


def durations(g: Graph, c: AcousticConfig, w: Weights, condition: str) -> str:
    """condition [L, D] -> log(frames + 1) of each symbol [L, 1], each told that of the one before."""
    states = [f"{part}{layer}" for layer in range(2) for part in "hc"]
    zeros = g.constant(np.zeros((1, 1, c.dur_pred_lstm_units)))
    *_, log_durations = g.ops(
        "Scan",
        g.constant(np.zeros((1, 1))),
        *[zeros for _ in states],
        condition,
        count=len(states) + 2,
        body=duration_step(c, w, states).graph(),
        num_scan_inputs=1,
    )
    return g.op("Reshape", log_durations, g.shape(-1, 1))


def duration_step(c: AcousticConfig, w: Weights, states: list[str]) -> Graph:
    """The log duration of one symbol from that of the one before and the state of the two LSTM layers."""
    name, units = "variance_adaptor.duration_predictor", c.dur_pred_lstm_units
    g = Graph("duration")
    x = g.input("before", [1, 1])
    given = [g.input(state, [1, 1, units]) for state in states]
    condition = g.op("Unsqueeze", g.input("condition", [text_width(c)]), g.shape(0))
    for i in range(len(c.dur_pred_prenet_units)):
        x = g.op("Relu", linear_of(g, w, f"{name}.prenet.fcs.{3 * i}", x))
    x = g.op("Unsqueeze", g.op("Concat", x, condition, axis=-1), g.shape(0))  # [1, 1, D]
    after = []
    for layer in range(2):
        weights = lstm_weights(g, w, f"{name}.lstm", layer)
        _, x, cell = g.ops("LSTM", x, *weights, "", *given[2 * layer : 2 * layer + 2], count=3, hidden_size=units)
        after += [x, cell]
    log_duration = g.op("Relu", linear_of(g, w, f"{name}.fc", g.op("Squeeze", x, g.shape(0))))
    g.output("log_duration", log_duration, [1, 1])
    for state, value in zip(states, after, strict=True):
        g.output(f"{state}_after", value, [1, 1, units])
    g.output("spoken", log_duration, [1, 1])
    return g
