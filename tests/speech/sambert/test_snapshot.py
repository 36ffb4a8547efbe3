"""The stand-in has the size, the layout and the kinds of tensor of a published model."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from tests.speech.sambert.conftest import GOLDEN
from tts_engine.speech.errors import VoiceUnavailable
from tts_engine.speech.voices.sambert.__main__ import main
from tts_engine.speech.voices.sambert.folder import ModelFolder, VoiceModel
from tts_engine.speech.voices.sambert.snapshot import make_snapshot
from tts_engine.speech.voices.sambert.units import parse

SYMBOLS = (Path(__file__).parent / "published_2.txt").read_text("utf-8")


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("snapshot") / "model"
    assert main(["make-snapshot", str(folder), "--seed", "7", "--voices", "zhitian_emo"]) == 0
    return folder


@pytest.fixture(scope="module")
def voice(snapshot: Path) -> VoiceModel:
    model = ModelFolder(snapshot)
    return model.load(model.default_voice)


def test_its_checkpoints_hold_the_published_tensors(snapshot: Path) -> None:
    """Key for key and shape for shape, weight norm included."""
    for part, name, path in (("am", "am_sambert_16k", ()), ("voc", "voc_hifigan_noncausal_v1_16k", ("generator",))):
        content = torch.load(snapshot / "voices/zhitian_emo" / part / "ckpt/checkpoint_0.pth", weights_only=True)[
            "model"
        ]
        for key in path:
            content = content[key]
        want = json.loads((GOLDEN / f"{name}.state_dict.json").read_text())
        assert {key: [list(tensor.shape), str(tensor.dtype)] for key, tensor in content.items()} == want


def test_it_has_the_true_number_of_parameters(voice: VoiceModel) -> None:
    assert sum(parameter.numel() for parameter in voice.acoustic.parameters()) == 12_706_787
    assert sum(parameter.numel() for parameter in voice.generator.parameters()) == 4_866_001


def test_the_same_seed_gives_the_same_bytes(snapshot: Path, tmp_path: Path) -> None:
    """Another seed, or another name, gives another voice."""
    make_snapshot(tmp_path / "again", 7, ["zhitian_emo", "zhizhe_emo"])
    make_snapshot(tmp_path / "other", 8, ["zhitian_emo"])
    first, again, other = digests(snapshot), digests(tmp_path / "again"), digests(tmp_path / "other")
    checkpoint = "voices/{}/am/ckpt/checkpoint_0.pth"

    assert {name: again[name] for name in first if name != "voices/voices.json"} == {
        name: digest for name, digest in first.items() if name != "voices/voices.json"
    }
    assert (
        len(
            {
                again[checkpoint.format("zhizhe_emo")],
                *(each[checkpoint.format("zhitian_emo")] for each in (first, other)),
            }
        )
        == 3
    )


@torch.inference_mode()
def test_what_it_says_has_the_length_and_the_level_of_speech(voice: VoiceModel) -> None:
    """22 units take 2.5 to 5 seconds, about 12 frames each; neither silent nor clipped."""
    rows = voice.inventory.rows(parse(SYMBOLS))
    speech = voice.acoustic(*(torch.from_numpy(ids)[None] for ids in (rows.linguistic, rows.emotion, rows.speaker)))
    wave = voice.generator(speech.mel[:, : int(speech.frames)].mT)[0, 0]

    durations = speech.prosody.log_duration.exp() - 1
    assert 9 < float(durations.mean()) < 16
    assert float(durations.std()) > 1
    assert 2.5 < len(wave) / voice.sample_rate < 5
    assert 0.03 < float(wave.std()) < 0.3
    assert float(wave.abs().max()) < 0.99


@pytest.mark.parametrize(
    ("acoustic", "generator", "rate"),
    [("sambert_24k", "hifigan_v1_24k", 24_000), ("sambert_nsf_16k", "hifigan_noncausal_nsf_v1_16k", 16_000)],
)
def test_the_other_published_kinds_can_be_stood_in_for(
    acoustic: str, generator: str, rate: int, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    assert main(["make-snapshot", str(folder), "--seed", "1", "--acoustic", acoustic, "--generator", generator]) == 0

    voice = ModelFolder(folder).load("zhitian_emo")
    assert voice.sample_rate == rate
    assert voice.generator.nsf == (voice.f0 is not None) == ("nsf" in acoustic)


def test_it_never_writes_into_a_folder_that_has_something(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")

    with pytest.raises(VoiceUnavailable, match="not empty"):
        make_snapshot(tmp_path, 1, ["v"])
