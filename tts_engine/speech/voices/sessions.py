"""An onnxruntime session as every family opens it: each option stated, none left to a default."""

from pathlib import Path

import onnxruntime

from tts_engine.speech.errors import VoiceUnavailable


def open_session(file: Path, threads: int) -> onnxruntime.InferenceSession:
    """Raises VoiceUnavailable where the file is missing or no graph."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.enable_cpu_mem_arena = True
    options.log_severity_level = 3  # errors only
    try:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own exceptions share no base below Exception
        raise VoiceUnavailable(
            f"The network {file} cannot be loaded: {error}."
            " Add the voice again; for the built-in one, install the requirements again."
        ) from error
