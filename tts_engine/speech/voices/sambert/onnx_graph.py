"""A few lines to write an ONNX graph as its diagram reads: values are names, each op gives a new one.

The networks are written down for onnxruntime rather than traced from torch, because what makes them
quick there (eight-bit weights, state carried between calls, a filter as an image one pixel high) has
no counterpart in torch that a tracer would find.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

OPSET = 20  # the ops of ONNX 1.15
IR_VERSION = 10
CONTRIB = "com.microsoft"  # onnxruntime's own ops

Array = npt.NDArray[Any]
Shape = Sequence[int | str]
Weights = Mapping[str, Array]  # by their names in the checkpoint
Layer = tuple[Array, Array]  # weight [N, K] and bias [N] of a linear layer

LAYER_NORM_EPSILON = 1e-6
END = np.iinfo(np.int64).max  # of a slice


class Graph:
    """One graph under construction. Float32 throughout, except where an input says otherwise."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._constants: list[Any] = []

    def input(self, name: str, shape: Shape, dtype: npt.DTypeLike = np.float32) -> str:
        self._inputs.append(_info(name, shape, dtype))
        return name

    def output(self, name: str, value: str, shape: Shape, dtype: npt.DTypeLike = np.float32) -> None:
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(_info(name, shape, dtype))

    def constant(self, value: Any, dtype: npt.DTypeLike = np.float32) -> str:
        name = f"c{len(self._constants)}_{self._name}"
        self._constants.append(numpy_helper.from_array(np.array(value, dtype=dtype, order="C"), name))
        return name

    def shape(self, *sizes: int) -> str:
        """Sizes, axes or indices, as the ops take them."""
        return self.constant(sizes, np.int64)

    def index(self, value: int) -> str:
        return self.constant(value, np.int64)

    def ops(
        self, kind: str, *inputs: str, count: int, domain: str = "", without: Sequence[int] = (), **attributes: Any
    ) -> list[str]:
        """Add an op of `count` outputs, those of `without` left out; an empty input is one left out."""
        outputs = ["" if i in without else f"v{len(self._nodes)}_{i}_{self._name}" for i in range(count)]
        self._nodes.append(helper.make_node(kind, list(inputs), outputs, domain=domain, **attributes))
        return outputs

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        return self.ops(kind, *inputs, count=1, domain=domain, **attributes)[0]

    def graph(self) -> Any:
        return helper.make_graph(self._nodes, self._name, self._inputs, self._outputs, self._constants)

    def model(self) -> bytes:
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        model = helper.make_model(self.graph(), opset_imports=opsets, ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        serialized: bytes = model.SerializeToString()
        return serialized

    # What more than one network is made of. Weights are as torch has them.

    def linear(self, x: str, weight: Array, bias: Array | None = None) -> str:
        """x [..., K], weight [N, K] -> [..., N]."""
        y = self.op("MatMul", x, self.constant(weight.T))
        return y if bias is None else self.op("Add", y, self.constant(bias))

    def layer_norm(self, x: str, w: Weights, name: str) -> str:
        weight, bias = self.constant(w[f"{name}.weight"]), self.constant(w[f"{name}.bias"])
        return self.op("LayerNormalization", x, weight, bias, axis=-1, epsilon=LAYER_NORM_EPSILON)


def layer_of(w: Weights, name: str) -> Layer:
    """The linear layer `name`, or the convolution of width 1 that stands for one."""
    weight = w[f"{name}.weight"]
    return weight.squeeze(-1) if weight.ndim == 3 else weight, w[f"{name}.bias"]


def linear_of(g: Graph, w: Weights, name: str, x: str) -> str:
    return g.linear(x, *layer_of(w, name))


def convolved(g: Graph, w: Weights, name: str, x: str) -> str:
    """The convolution `name` over a sequence of L, padded so that it keeps its length: [L, D] -> [L, D']."""
    weight = w[f"{name}.weight"]
    if weight.shape[2] == 1:
        return linear_of(g, w, name, x)
    side = weight.shape[2] // 2
    y = g.op("Unsqueeze", g.op("Transpose", x, perm=[1, 0]), g.shape(0))  # [1, D, L]
    y = g.op("Conv", y, g.constant(weight), g.constant(w[f"{name}.bias"]), pads=[side, side])
    return g.op("Transpose", g.op("Squeeze", y, g.shape(0)), perm=[1, 0])


def filtered(g: Graph, weight: Array, x: str) -> str:
    """x [L + W - 1, D] under a filter [D, 1, W] for each unit -> [L, D].

    As an image one pixel high: onnxruntime is five times as fast on it as on the line it is.
    """
    y = g.op("Unsqueeze", g.op("Transpose", x, perm=[1, 0]), g.shape(0, 2))  # [1, D, 1, L]
    y = g.op("Conv", y, g.constant(weight[:, :, np.newaxis]), group=weight.shape[0])
    return g.op("Transpose", g.op("Squeeze", y, g.shape(0, 2)), perm=[1, 0])


def lstm_weights(g: Graph, w: Weights, name: str, layer: int, both: bool = False) -> tuple[str, str, str]:
    """W, R and B of an ONNX LSTM from one layer of torch's, one direction or both."""
    directions = [f"l{layer}", f"l{layer}_reverse"] if both else [f"l{layer}"]

    def stacked(part: str) -> Array:
        return np.stack([_gates(w[f"{name}.{part}_{direction}"]) for direction in directions])

    biases = np.concatenate([stacked("bias_ih"), stacked("bias_hh")], axis=1)
    return g.constant(stacked("weight_ih")), g.constant(stacked("weight_hh")), g.constant(biases)


def _gates(x: Array) -> Array:
    """torch has input, forget, cell, output; ONNX input, output, forget, cell."""
    i, f, c, o = np.split(x, 4)
    return np.concatenate([i, o, f, c])


def _info(name: str, shape: Shape, dtype: npt.DTypeLike) -> Any:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), list(shape))
