"""Does this processor multiply unsigned by signed bytes exactly?

VNNI and AMX sum such products in 32 bits, quicker than any other. An x86 before them adds pairs of
products in 16 bits, where two of 255 * 127 do not fit, and onnxruntime lets them saturate. It is asked
by a product, not by the clock: so one machine always speaks with the same kernels.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tts_engine.speech.voices.sessions import open_session

PROBE = "signed-products"
_ROWS, _DEPTH, _COLUMNS = 8, 64, 16  # enough to be multiplied as matrices are


def probe() -> bytes:
    """A graph that multiplies a matrix of unsigned bytes by the largest and the least of signed ones."""
    from onnx import TensorProto, helper, numpy_helper  # needed at installation only

    node = helper.make_node("MatMulInteger", ["x", "w"], ["y"])
    x = helper.make_tensor_value_info("x", TensorProto.UINT8, [_ROWS, _DEPTH])
    y = helper.make_tensor_value_info("y", TensorProto.INT32, [_ROWS, _COLUMNS])
    graph = helper.make_graph([node], PROBE, [x], [y], [numpy_helper.from_array(_extremes(), "w")])
    content: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9
    ).SerializeToString()
    return content


def signed_are_exact(folder: Path) -> bool:
    """By the probe in `folder`. Raises VoiceUnavailable where it cannot be run."""
    x = np.full((_ROWS, _DEPTH), 255, dtype=np.uint8)
    y = open_session(folder / f"{PROBE}.onnx", threads=1).run(["y"], {"x": x})[0]
    return np.array_equal(y, x.astype(np.int32) @ _extremes().astype(np.int32))


def _extremes() -> npt.NDArray[np.int8]:
    return np.tile(np.array([127, -128], dtype=np.int8), (_DEPTH, _COLUMNS // 2))
