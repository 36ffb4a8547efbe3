"""The compiled acoustic model says what the torch one says, in any batch, in any pieces."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from tts_engine.speech.errors import VoiceUnavailable
from tts_engine.speech.voices.sambert.acoustic import AcousticModel
from tts_engine.speech.voices.sambert.acoustic_files import PRECISIONS, SIZES, STEP, Precision
from tts_engine.speech.voices.sambert.acoustic_runtime import CompiledAcoustic, Script
from tts_engine.speech.voices.sambert.compile_acoustic import (
    USUAL_PITCH_CENTRE,
    choose_precision,
    compile_acoustic,
)
from tts_engine.speech.voices.sambert.config import AcousticConfig, Fields, Tables
from tts_engine.speech.voices.sambert.decoding import Decoding
from tts_engine.speech.voices.sambert.f0 import F0Scale
from tts_engine.speech.voices.sambert.parity import Golden
from tts_engine.speech.voices.sambert.regulate import Floats, Plan, frames_of
from tts_engine.speech.voices.sambert.weights import acoustic_model

GOLDEN = Path(__file__).parent / "golden"
TOLERANCE = 1e-5
PAUSE, NEUTRAL, HAPPY = 0, 1, 2


@pytest.fixture(scope="module")
def golden() -> Golden:
    return Golden.read(GOLDEN / "tiny_am.npz")


@pytest.fixture(scope="module")
def params() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((GOLDEN / "tiny_am_params.json").read_text("utf-8"))
    return read


@pytest.fixture(scope="module")
def files(golden: Golden, params: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    c = AcousticConfig.parse(Fields.of("params", "", params))
    compiled: Path = tmp_path_factory.mktemp("compiled")
    compile_acoustic(acoustic_model(c, golden.weights, golden.file), c, compiled)
    return compiled


@pytest.fixture(scope="module")
def exact(files: Path) -> CompiledAcoustic:
    return CompiledAcoustic(files, "fp32")


@pytest.fixture(scope="module", params=PRECISIONS)
def compiled(files: Path, request: pytest.FixtureRequest) -> CompiledAcoustic:
    precision: Precision = request.param
    return CompiledAcoustic(files, precision)


def script(voice: CompiledAcoustic, golden: Golden, symbols: int = 22, intensity: float = 1.0) -> Script:
    """The first symbols of the golden utterance."""
    units, emotion, speaker = (golden.input(name)[0, :symbols].numpy() for name in ("ling", "emo", "spk"))
    return Script(
        units, voice.emotion(emotion, neutral=NEUTRAL, pause=PAUSE, intensity=intensity), voice.speaker(speaker)
    )


def mixed(voice: CompiledAcoustic, golden: Golden) -> list[Plan]:
    """Eight utterances of different lengths and bands."""
    lengths = (22, 9, 15, 5, 1, 18, 12, 3)
    return [voice.plan(replace(script(voice, golden, n), speed=1 + n / 40)) for n in lengths]


def whole(decoding: Decoding, rows: int) -> list[Floats]:
    """The mel of each row, its stretches joined."""
    mels: list[list[Floats]] = [[] for _ in range(rows)]
    for stretch in decoding:
        mels[stretch.row].append(stretch.mel)
    return [np.concatenate(each) for each in mels]


def alone(voice: CompiledAcoustic, plan: Plan) -> Floats:
    return whole(voice.start([plan]), 1)[0]


def test_it_equals_the_reference(exact: CompiledAcoustic, golden: Golden) -> None:
    """Durations, contours and mel of the golden file, to 1e-5."""
    plan = exact.plan(script(exact, golden))
    wanted = {name: each.numpy() for name, each in golden.outputs.items()}
    assert plan.frames == wanted["LR_length_rounded"][0]
    assert plan.band == wanted["band"][0]
    assert plan.pitch == pytest.approx(wanted["pitch_predictions"][0], abs=TOLERANCE)
    assert plan.energy == pytest.approx(wanted["energy_predictions"][0], abs=TOLERANCE)
    mel = alone(exact, plan)
    assert mel == pytest.approx(wanted["postnet_outputs"][0, : plan.frames], abs=TOLERANCE)


OTHERS: dict[str, dict[str, Any]] = {
    "se": {"SE": True, "speaker_units": 6},
    "nsf": {"NSF": True, "num_mels": 12},
    "three layers, two frames a step": {"decoder_num_layers": 3, "outputs_per_step": 2, "encoder_num_layers": 3},
    "mels as wide as the postnet": {"num_mels": 16},
    "a postnet without look-ahead": {"postnet_shift": 3},
    "a postnet of the past alone": {"postnet_shift": 5, "num_mels": 16},
    "layers of the postnet that look differently far": {"postnet_shift": [0, 3]},
    "predictors of the past": {"predictor_shift": [4, 1], "predictor_num_memory_units": 16},
    "embeddings as wide as the encoder": {"embedding_dim": 16},
    "heads of four units": {"decoder_num_heads": 4},
}


@pytest.mark.parametrize("changed", OTHERS.values(), ids=OTHERS.keys())
def test_it_equals_torch_whatever_the_sizes(
    changed: dict[str, Any], params: dict[str, Any], tmp_path: Path, golden: Golden
) -> None:
    """A seeded model of other sizes, compiled, has the mel of the same model in torch."""
    c = AcousticConfig.parse(Fields.of("params", "", params | changed))
    torch.manual_seed(7)
    model = AcousticModel(c, Tables(147, 10, 8, 8, 36, 0 if c.se else 9)).eval().requires_grad_(False)
    model.variance_adaptor.duration_predictor.fc.bias.fill_(2.0)
    compile_acoustic(model, c, tmp_path)
    voice = CompiledAcoustic(tmp_path, "fp32")
    units, emotion = golden.input("ling"), golden.input("emo")
    speaker = torch.rand(1, 22, c.speaker_units) if c.se else golden.input("spk")
    speech = model(units, emotion, speaker)
    vectors = speaker[0].numpy() if c.se else voice.speaker(speaker[0].numpy())
    plan = voice.plan(
        Script(units[0].numpy(), voice.emotion(emotion[0].numpy(), neutral=NEUTRAL, pause=PAUSE), vectors)
    )
    assert plan.frames == speech.frames[0]
    assert alone(voice, plan) == pytest.approx(speech.mel[0, : plan.frames].numpy(), abs=TOLERANCE)


def test_a_batch_has_the_bits_of_each_alone(compiled: CompiledAcoustic, golden: Golden) -> None:
    """Eight utterances of mixed lengths in one batch, in both precisions."""
    plans = mixed(compiled, golden)
    for plan, mel in zip(plans, whole(compiled.start(plans), 8), strict=True):
        assert np.array_equal(mel, alone(compiled, plan))


def test_rows_join_and_leave_at_any_step(compiled: CompiledAcoustic, golden: Golden) -> None:
    """Those that join late, outlast others or lose a neighbour have their own bits; the dropped one says no more."""
    first, second, dropped, last = mixed(compiled, golden)[:4]
    decoding = compiled.start([first])
    changes: dict[int, Callable[[], object]] = {
        2: lambda: decoding.join(second),
        5: lambda: decoding.join(dropped),
        9: lambda: decoding.leave(2),
        11: lambda: decoding.join(last),
    }
    stretches = []
    for step in range(12):
        if step in changes:
            changes[step]()
        stretches += decoding.advance()
    stretches += list(decoding)
    for number, plan in ((0, first), (1, second), (3, last)):
        mel = np.concatenate([each.mel for each in stretches if each.row == number])
        assert np.array_equal(mel, alone(compiled, plan))
    assert 2 not in {each.row for each in stretches}


@pytest.mark.parametrize("chunk", [1, 7, 40, 10_000])
def test_a_stream_equals_the_whole(exact: CompiledAcoustic, golden: Golden, chunk: int) -> None:
    """Whatever the length of its stretches, the mel is the same to 1e-5."""
    plan = exact.plan(script(exact, golden))
    stretches = list(exact.start([plan], chunk))
    mel = np.concatenate([each.mel for each in stretches])
    assert mel == pytest.approx(alone(exact, plan), abs=TOLERANCE)
    assert [each.last for each in stretches] == [False] * (len(stretches) - 1) + [True]
    assert all(chunk <= len(each.mel) < chunk + 3 for each in stretches[:-1])


def test_threads_share_a_model(compiled: CompiledAcoustic, golden: Golden) -> None:
    """Two threads that speak 250 times each through one model get the bits they get alone."""
    plans = [compiled.plan(script(compiled, golden, n)) for n in (7, 4)]
    wanted = [alone(compiled, plan) for plan in plans]

    def speak(which: int) -> bool:
        return all(np.array_equal(alone(compiled, plans[which]), wanted[which]) for _ in range(250))

    with ThreadPoolExecutor(2) as threads:
        assert all(threads.map(speak, range(2)))


def test_eight_bits_serve_where_they_are_near(files: Path, tmp_path: Path, golden: Golden) -> None:
    """Served in fp32 until measured; then in int8 if its mel's error is 30 dB below the mel, and not if it is not."""
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    voice = CompiledAcoustic(tmp_path)
    assert voice.precision == "fp32"
    scripts = [script(voice, golden)]
    assert 30 < choose_precision(tmp_path, scripts) < 70
    assert CompiledAcoustic(tmp_path).precision == "int8"
    damaged = onnx.load(tmp_path / STEP["int8"])
    scales = next(each for each in damaged.graph.initializer if each.dims == [64, 1])  # of the first layer's queries
    scales.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(scales) * 2, scales.name))
    onnx.save(damaged, tmp_path / STEP["int8"])
    assert choose_precision(tmp_path, scripts) < 30
    assert CompiledAcoustic(tmp_path).precision == "fp32"


def test_speed_divides_the_durations(exact: CompiledAcoustic, golden: Golden) -> None:
    """Each symbol lasts its predicted frames over the speed, rounded after."""
    own = script(exact, golden)
    frames = np.exp(golden.outputs["log_duration_predictions"][0].numpy()) - 1
    for speed in (0.5, 1.0, 1.7):
        plan = exact.plan(replace(own, speed=speed))
        assert plan.durations.tolist() == np.floor(frames / speed + 0.5).tolist()
        assert plan.frames == plan.durations.sum() == len(alone(exact, plan))


def test_pitch_moves_the_contour_by_semitones(exact: CompiledAcoustic, golden: Golden) -> None:
    """In Hz, which normalised pitch is a line of, every symbol is raised by one ratio."""
    own = script(exact, golden)
    hertz = exact.plan(own).pitch + USUAL_PITCH_CENTRE
    raised = exact.plan(replace(own, pitch=3.0)).pitch + USUAL_PITCH_CENTRE
    assert raised / hertz == pytest.approx(np.full(22, 2 ** (3 / 12)), rel=1e-5)


def test_a_voice_that_publishes_its_f0_is_raised_by_it(params: dict[str, Any], tmp_path: Path) -> None:
    """An NSF voice with mean 200 Hz and deviation 40 Hz has its centre at 5 deviations."""
    c = AcousticConfig.parse(Fields.of("params", "", params | {"NSF": True, "num_mels": 12}))
    model = AcousticModel(c, Tables(147, 10, 8, 8, 36, 9)).eval()
    compile_acoustic(model, c, tmp_path, F0Scale(factor=40.0, offset=200.0))
    assert json.loads((tmp_path / SIZES).read_text("utf-8"))["pitch_centre"] == 5.0


def test_intensity_is_on_the_line_from_neutral(exact: CompiledAcoustic) -> None:
    """0 is neutral, 1 the emotion, 2 as far beyond; a pause keeps its own row."""
    ids = np.array([HAPPY, PAUSE, HAPPY])
    neutral, happy, pause = exact.emotion(np.array([NEUTRAL, HAPPY, PAUSE]), neutral=NEUTRAL, pause=PAUSE)
    for intensity in (0.0, 0.5, 1.0, 2.0):
        first, middle, last = exact.emotion(ids, neutral=NEUTRAL, pause=PAUSE, intensity=intensity)
        assert first == pytest.approx(neutral + intensity * (happy - neutral), abs=1e-6)
        assert np.array_equal(first, last)
        assert np.array_equal(middle, pause)


def test_an_utterance_too_long_is_refused(exact: CompiledAcoustic, golden: Golden) -> None:
    """Twice the trained length is spoken; one symbol more is an error that says what to do."""
    own = script(exact, golden, 1)

    def times(count: int) -> Script:
        return Script(own.units.repeat(count, 0), own.emotion.repeat(count, 0), own.speaker.repeat(count, 0))

    assert exact.plan(times(128)).frames
    with pytest.raises(VoiceUnavailable, match="1 to 128 units, not 129: split the text"):
        exact.plan(times(129))


def test_an_utterance_of_no_frame_is_silence(exact: CompiledAcoustic, golden: Golden) -> None:
    """Spoken so fast that nothing is left, it ends with an empty stretch."""
    plan = exact.plan(replace(script(exact, golden, 2), speed=1000.0))
    (stretch,) = exact.start([plan])
    assert plan.frames == 0
    assert stretch.last
    assert stretch.mel.shape == (0, 10)


@pytest.mark.parametrize("file", [SIZES, "encoder.onnx", "step-int8.onnx"])
def test_a_damaged_folder_is_one_error(files: Path, tmp_path: Path, file: str) -> None:
    """A truncated file is named, with what to do."""
    for each in files.iterdir():
        (tmp_path / each.name).write_bytes(each.read_bytes()[: 10 if each.name == file else None])
    with pytest.raises(VoiceUnavailable, match="Add the voice again"):
        CompiledAcoustic(tmp_path, "int8")


@pytest.mark.parametrize("log_duration", [100.0, 12.0, float("nan")])
def test_durations_of_no_speech_are_refused(log_duration: float) -> None:
    """Damaged weights end in an error, not in an hour of noise or a memory that is full."""
    with pytest.raises(VoiceUnavailable, match="its weights are damaged"):
        frames_of(np.array([log_duration], np.float32), speed=1.0)


def test_speaking_needs_no_torch() -> None:
    """Neither torch nor onnx is imported where a compiled voice is served."""
    code = (
        "import sys; import tts_engine.speech.voices.sambert.acoustic_runtime;"
        "assert not {'torch', 'onnx'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)  # noqa: S603
