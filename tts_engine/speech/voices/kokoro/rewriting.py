"""The published graph, written again for the kernels onnxruntime is quick at.

The same numbers by a shorter way. Nine tenths of the time go into three patterns:

    integer convolution    becomes im2col and a product of bytes, whose right side onnxruntime packs once
                           and multiplies with VNNI or AMX; ConvInteger packs the activations at each run,
                           knows unsigned bytes alone, and leaves its scale and bias to three more passes
    adaptive instance norm one op instead of ten
    snake activation       three ops after the norm instead of five

and a fifteenth of what is left into a fourth: a short-time Fourier transform of 20 samples, which is a
convolution here.

Weights are the published bytes and activations are rounded as published, so the sums are the same
integers. What differs: a bias is added as it is and not rounded down to a multiple of the scale.
"""

import math
from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import helper, numpy_helper

CONTRIB = "com.microsoft"  # onnxruntime's own ops
Array = npt.NDArray[Any]


def rewrite(model: Any, *, signed: bool) -> None:
    """Replace the convolutions, norms and snakes of `model` (onnx.ModelProto), in place.

    `signed`: weights and their zero points are the published bytes less 128. The sums are the same,
    in kernels that are quicker where the processor has them and wrong where it has not (products.py).
    What is no longer used stays in the graph, for onnx.utils.Extractor to leave behind.
    """
    editor = Editor(model.graph)
    for node in list(model.graph.node):
        if node.op_type == "Div":
            _norms(editor, node)
        elif node.op_type == "ConvInteger":
            _convolution(editor, node, signed)
        elif node.op_type == "STFT":
            _transform(editor, node)
    editor.finish()


class Editor:
    """A graph, in which a value may be computed otherwise than it was."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._makers = {output: node for node in graph.node for output in node.output}
        self._users: dict[str, list[Any]] = defaultdict(list)
        for node in graph.node:
            for value in node.input:
                self._users[value].append(node)
        self._instead: dict[str, list[Any]] = {}  # by the value they compute
        self._new: list[Any] = []
        self._count = 0

    def maker(self, value: str) -> Any:
        """The op that computes `value`, which is neither an input nor a constant."""
        return self._makers[value]

    def makes(self, kind: str, value: str) -> bool:
        """Is `value` computed by an op of this kind?"""
        return value in self._makers and self._makers[value].op_type == kind

    def users(self, value: str, kind: str) -> list[Any]:
        return [node for node in self._users[value] if node.op_type == kind]

    def other(self, node: Any, value: str) -> str:
        """The input of a binary op that is not `value`."""
        first, second = node.input
        name: str = second if first == value else first
        return name

    def is_constant(self, name: str) -> bool:
        return name in self._constants

    def value(self, name: str) -> Array:
        """Of a constant."""
        array: Array = numpy_helper.to_array(self._constants[name])
        return array

    def constant(self, value: Any, dtype: npt.DTypeLike = np.float32) -> str:
        name = self._name()
        self._constants[name] = numpy_helper.from_array(np.array(value, dtype=dtype, order="C"), name)
        return name

    def shape(self, *sizes: int) -> str:
        """Sizes, axes or indices, as the ops take them."""
        return self.constant(sizes, np.int64)

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        output = self._name()
        self._new.append(helper.make_node(kind, list(inputs), [output], domain=domain, **attributes))
        return output

    def replace(self, value: str, other: str) -> None:
        """Compute `value` as `other` is, by the ops added since the last call."""
        self._instead[value] = [*self._new, helper.make_node("Identity", [other], [value])]
        self._new = []

    def finish(self) -> None:
        nodes = [new for node in self._graph.node for new in self._instead.get(node.output[0], [node])]
        del self._graph.node[:], self._graph.initializer[:]
        self._graph.node.extend(nodes)
        self._graph.initializer.extend(self._constants.values())

    def _name(self) -> str:
        self._count += 1
        return f"rewritten_{self._count}"


def _norms(e: Editor, quotient: Any) -> None:
    """(x - mean) / sqrt(variance + epsilon), scaled and shifted for every block that begins with it."""
    centred, deviation = quotient.input
    if not (e.makes("Sub", centred) and e.makes("Sqrt", deviation)):
        return
    x, _ = e.maker(centred).input
    epsilon = next(float(e.value(i)) for i in e.maker(e.maker(deviation).input[0]).input if e.is_constant(i))
    for scaled in e.users(quotient.output[0], "Mul"):
        (shifted,) = e.users(scaled.output[0], "Add")
        scale, shift = e.other(scaled, quotient.output[0]), e.other(shifted, scaled.output[0])
        _norm(e, x, scale, shift, epsilon, shifted.output[0])


def _norm(e: Editor, x: str, scale: str, shift: str, epsilon: float, y: str) -> None:
    """x [1, C, T], scale and shift [1, C, 1] -> y, and the snake of y where that is all that is asked of it.

    Snake: y + sin(a y)^2 / a = (q + sin q + 1 + pi/2) / 2a with q = 2a y - pi/2, which the norm gives.
    """
    snake = _snake(e, y)
    if snake is not None:
        rate, y = snake
        scale = e.op("Mul", scale, e.constant(2 * rate[:, None]))
        shift = e.op("Sub", e.op("Mul", shift, e.constant(2 * rate[:, None])), e.constant(math.pi / 2))
    flat = e.shape(-1)
    q = e.op("InstanceNormalization", x, e.op("Reshape", scale, flat), e.op("Reshape", shift, flat), epsilon=epsilon)
    if snake is not None:
        # A scale and a shift for each channel in one pass, which is what this op is without statistics.
        half = 0.5 / rate
        none, one = e.constant(np.zeros_like(rate)), e.constant(np.ones_like(rate))
        scaling = e.constant(half), e.constant(half * (1 + math.pi / 2)), none, one
        q = e.op("BatchNormalization", e.op("Add", q, e.op("Sin", q)), *scaling, epsilon=0.0)
    e.replace(y, q)


def _snake(e: Editor, y: str) -> tuple[Array, str] | None:
    """Its rates a [C] and its output, where y goes into one."""
    for product in e.users(y, "Mul"):
        rate = e.other(product, y)
        for sine in e.users(product.output[0], "Sin"):
            (square,) = e.users(sine.output[0], "Pow")
            (quotient,) = e.users(square.output[0], "Mul")
            (total,) = e.users(quotient.output[0], "Add")
            return e.value(rate).ravel(), total.output[0]
    return None


def _convolution(e: Editor, node: Any, signed: bool) -> None:
    """Bytes [1, C, T] by filters [N, C, K] -> floats [1, N, T'], scaled and shifted."""
    levels, filters, zero, filters_zero = node.input
    x_scale = e.maker(levels).output[1]
    scaled, bias = _scaled(e, node)
    w_scale = e.other(e.maker(scaled.input[1]), x_scale)
    weights = e.value(filters)
    columns = _columns(e, levels, zero, node, weights.shape[1])
    matrix = weights.transpose(2, 1, 0).reshape(-1, len(weights))
    if signed:
        matrix = (matrix.astype(np.int16) - 128).astype(np.int8)
        filters_zero = e.constant(int(e.value(filters_zero)) - 128, np.int8)
    product = columns, e.constant(matrix, matrix.dtype), x_scale, w_scale, zero, filters_zero
    y = e.op("MatMulIntegerToFloat", *product, *bias, domain=CONTRIB)
    e.replace(scaled.output[0], e.op("Transpose", y, perm=[0, 2, 1]))


def _transform(e: Editor, node: Any) -> None:
    """Signal [1, S] -> real and imaginary parts [1, frames, bins, 2], the window and its sines as filters.

    The first and the last bin are real: theirs is a phase of 0 or pi, and an imaginary part of noise would
    make it 0, pi or -pi. Here it is a millionth of the real part, so that it is pi, as in torch.
    """
    signal, step, window, _ = node.input
    shape = e.value(window)
    size = len(shape)
    turns = np.outer(np.arange(size // 2 + 1), np.arange(size)) / size
    real, imaginary = np.cos(2 * np.pi * turns), -np.sin(2 * np.pi * turns)
    imaginary[[0, -1]] = -1e-6 * real[[0, -1]]
    filters = shape * np.concatenate([real, imaginary])
    y = e.op("Conv", e.op("Unsqueeze", signal, e.shape(1)), e.constant(filters[:, None]), strides=[int(e.value(step))])
    y = e.op("Reshape", y, e.shape(1, 2, size // 2 + 1, -1))
    e.replace(node.output[0], e.op("Transpose", y, perm=[0, 3, 2, 1]))


def _scaled(e: Editor, convolution: Any) -> tuple[Any, list[str]]:
    """The last op of a published convolution, (sums + bias) * scale, and the name of its bias, if it has one."""
    sums: str = convolution.output[0]
    bias: list[str] = []
    for added in e.users(sums, "Add"):
        name = e.other(added, sums)
        while not e.is_constant(name):  # bias / scale, rounded down, as int32 [1, N, 1]
            name = e.maker(name).input[0]
        sums, bias = added.output[0], [name]
    (cast,) = e.users(sums, "Cast")
    (scaled,) = e.users(cast.output[0], "Mul")
    return scaled, bias


def _columns(e: Editor, x: str, zero: str, convolution: Any, channels: int) -> str:
    """im2col: x [1, C, T] -> [1, T', K C], the values each output depends on, tap by tap."""
    a = {each.name: helper.get_attribute_value(each) for each in convolution.attribute}
    (taps,), (stride,), (dilation,), (before, after) = a["kernel_shape"], a["strides"], a["dilations"], a["pads"]
    reach = dilation * (taps - 1)
    rows = e.op("Transpose", x, perm=[0, 2, 1])
    if taps == stride == 1:
        return rows
    rows = e.op("Pad", rows, e.shape(0, before, 0, 0, after, 0), zero)
    end = e.op("Sub", e.op("Squeeze", e.op("Shape", rows, start=1, end=2)), e.constant(reach, np.int64))
    first = e.op("Range", e.constant(0, np.int64), end, e.constant(stride, np.int64))
    places = e.op("Add", e.op("Unsqueeze", first, e.shape(1)), e.constant(range(0, reach + 1, dilation), np.int64))
    return e.op("Reshape", e.op("Gather", rows, places, axis=1), e.shape(1, -1, taps * channels))
