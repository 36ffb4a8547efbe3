"""The rewritten graph computes what the published one does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx.utils
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from tts_engine.speech.voices.kokoro import model, products
from tts_engine.speech.voices.kokoro.networks import Floats
from tts_engine.speech.voices.kokoro.rewriting import rewrite
from tts_engine.speech.voices.kokoro.speakers import style_vector
from tts_engine.speech.voices.sambert.fidelity import fidelity
from tts_engine.speech.voices.sessions import open_session

FRAMES = 60  # of 25 ms


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model.install(tmp_path_factory.mktemp("models"), "test")


@pytest.fixture(scope="module")
def published(folder: Path) -> Path:
    """The decoder as its authors published it."""
    file = folder / "published.onnx"
    cutter = onnx.utils.Extractor(onnx.load_model_from_string(model.published_model()))
    onnx.save(cutter.extract_model(*model.NETWORKS["decoder"]), file)
    return file


def vowel(file: Path) -> Floats:
    """A second and a half of a decoder's own sound, its melody falling from 220 Hz."""
    halves = np.arange(2 * FRAMES, dtype=np.float32)
    energy = 8 - np.abs(halves - FRAMES) / 20
    sound = np.random.default_rng(0).standard_normal((1, 512, 1), dtype=np.float32) * np.float32(0.1)
    feeds = {
        model.ALIGNED_SOUND: np.repeat(sound, FRAMES, axis=2),
        model.F0: (220 - halves / 2)[np.newaxis],
        model.ENERGY: energy[np.newaxis],
        "style": style_vector("xiaoxiao", 8),
    }
    audio: Floats = open_session(file, threads=1).run(["audio"], feeds)[0].ravel()
    return audio


def test_the_decoder_sounds_as_published(folder: Path, published: Path) -> None:
    """Within 2 dB of log-mel distance, equally long and, within half a decibel, equally loud."""
    wanted, had = vowel(published), vowel(folder / f"{model.decoder(folder)}.onnx")
    assert fidelity([wanted], [had], 24_000).log_mel_distance < 2
    assert abs(10 * np.log10(np.mean(had**2) / np.mean(wanted**2))) < 0.5


def test_signed_and_unsigned_weights_give_the_same_bits(folder: Path) -> None:
    """Where the processor has exact products of signed bytes, what it says does not depend on their use."""
    if not products.signed_are_exact(folder):
        pytest.skip("This processor adds products of signed bytes in 16 bits.")
    one, other = (vowel(folder / f"{name}.onnx") for name in model.DECODERS)
    assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("taps", "stride", "dilation", "pads"),
    [(1, 1, 1, [0, 0]), (3, 1, 5, [5, 5]), (12, 6, 1, [3, 3]), (3, 2, 1, [1, 1])],
)
def test_a_convolution_keeps_its_sums(taps: int, stride: int, dilation: int, pads: list[int]) -> None:
    """Whatever its width, stride, dilation and padding; biases are no longer rounded, so within one step."""
    chance = np.random.default_rng(taps)
    weights, scale = chance.integers(0, 256, (4, 6, taps), dtype=np.uint8), np.float32(0.01)
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["levels", "step", "zero"]),
        helper.make_node(
            "ConvInteger", ["levels", "w", "zero", "w_zero"], ["sums"],
            kernel_shape=[taps], strides=[stride], dilations=[dilation], pads=pads,
        ),
        helper.make_node("Mul", ["step", "w_scale"], ["scale"]),
        helper.make_node("Div", ["bias", "scale"], ["ratio"]),
        helper.make_node("Floor", ["ratio"], ["floor"]),
        helper.make_node("Cast", ["floor"], ["whole"], to=TensorProto.INT32),
        helper.make_node("Reshape", ["whole", "column"], ["shift"]),
        helper.make_node("Add", ["sums", "shift"], ["total"]),
        helper.make_node("Cast", ["total"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["float", "scale"], ["y"]),
    ]  # fmt: skip
    constants: dict[str, Any] = {
        "w": weights,
        "w_zero": np.array(131, np.uint8),
        "w_scale": scale,
        "bias": chance.standard_normal(4, dtype=np.float32),
        "column": np.array([1, -1, 1]),
    }
    x = chance.standard_normal((1, 6, 50), dtype=np.float32)
    before = graph(nodes, constants)
    after = onnx.ModelProto.FromString(before.SerializeToString())
    rewrite(after, signed=False)
    step = (x.max() - x.min()) / 255 * scale
    np.testing.assert_allclose(run(after, x), run(before, x), atol=1.01 * step)


def test_a_norm_and_its_snake_keep_their_numbers() -> None:
    """Scale, shift and snake of a normalized sequence, to the precision of floats."""
    chance = np.random.default_rng(5)
    rate = chance.uniform(0.1, 2, (1, 6, 1)).astype(np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["x", "time"], ["mean"]),
        helper.make_node("Sub", ["x", "mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "centred"], ["squares"]),
        helper.make_node("ReduceMean", ["squares", "time"], ["variance"]),
        helper.make_node("Add", ["variance", "epsilon"], ["more"]),
        helper.make_node("Sqrt", ["more"], ["deviation"]),
        helper.make_node("Div", ["centred", "deviation"], ["normal"]),
        helper.make_node("Mul", ["gain", "normal"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offset"], ["styled"]),
        helper.make_node("Mul", ["rate", "styled"], ["angle"]),
        helper.make_node("Sin", ["angle"], ["sine"]),
        helper.make_node("Pow", ["sine", "two"], ["square"]),
        helper.make_node("Mul", ["inverse", "square"], ["bend"]),
        helper.make_node("Add", ["styled", "bend"], ["y"]),
    ]
    constants: dict[str, Any] = {
        "time": np.array([2]),
        "epsilon": np.float32(1e-5),
        "gain": chance.standard_normal((1, 6, 1), dtype=np.float32),
        "offset": chance.standard_normal((1, 6, 1), dtype=np.float32),
        "rate": rate,
        "inverse": 1 / rate,
        "two": np.float32(2),
    }
    x = chance.standard_normal((1, 6, 50), dtype=np.float32)
    before = graph(nodes, constants)
    after = onnx.ModelProto.FromString(before.SerializeToString())
    rewrite(after, signed=False)
    np.testing.assert_allclose(run(after, x), run(before, x), atol=1e-5)


def graph(nodes: list[onnx.NodeProto], constants: Mapping[str, Any]) -> onnx.ModelProto:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 6, "T"])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    initializers = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(
        helper.make_graph(nodes, "test", [x], [y], initializers), opset_imports=opsets, ir_version=9
    )


def run(network: onnx.ModelProto, x: Floats) -> Floats:
    session = onnxruntime.InferenceSession(network.SerializeToString(), providers=["CPUExecutionProvider"])
    y: Floats = session.run(["y"], {"x": x})[0]
    return y
