"""Our networks give the reference's numbers, alone and in a batch."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.speech.sambert.conftest import GOLDEN
from tts_engine.speech.voices.sambert.__main__ import main
from tts_engine.speech.voices.sambert.parity import TOLERANCE, compare

EVERY = sorted(file.stem for file in GOLDEN.glob("*.npz"))


def golden(kind: str) -> tuple[Path, Path]:
    return GOLDEN / f"{kind}.npz", GOLDEN / f"{kind}_params.json"


def part_of(kind: str, start: int, end: int, folder: Path) -> Path:
    """A file with the golden weights, the symbols or frames from `start` to `end`, and no outputs."""
    with np.load(golden(kind)[0]) as arrays:
        part = {name: arrays[name] for name in arrays.files if name.startswith("sd.")}
        for name in (name for name in arrays.files if name.startswith("in.")):
            part[name] = _cut(name, arrays[name], slice(start, end))
    file = folder / f"{kind}_{start}_{end}.npz"
    np.savez(file, **part)
    return file


def _cut(name: str, array: npt.NDArray[Any], part: slice) -> npt.NDArray[Any]:
    if name == "in.mel":
        return array[..., part]
    return array if name == "in.seed" else array[:, part]


def differences_of(found: Mapping[str, float | None]) -> list[float]:
    """All of them; there is at least one, and none that was not compared."""
    compared = [each for each in found.values() if each is not None]
    assert len(compared) == len(found) > 0
    return compared


@pytest.mark.parametrize("kind", EVERY)
def test_every_output_of_the_reference_is_met(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the greatest difference of each output and exits 0 below 1e-5."""
    file, params = golden(kind)

    assert main(["parity", str(file), str(params)]) == 0

    printed = json.loads(capsys.readouterr().out)
    with np.load(file) as arrays:
        outputs = {name.removeprefix("out.") for name in arrays.files if name.startswith("out.")}
    assert printed["differences"][str(file)].keys() == outputs
    assert printed["greatest"] <= TOLERANCE


@pytest.mark.parametrize(
    ("kind", "weight"), [("tiny_am", "sd.mel_postnet.fc.bias"), ("seeded_voc_causal", "sd.conv_post.conv1d.bias")]
)
def test_a_weight_that_is_a_little_off_is_noticed(
    kind: str, weight: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command exits 1 above 1e-5: it can fail."""
    file, params = golden(kind)
    with np.load(file) as arrays:
        changed = {name: arrays[name] for name in arrays.files}
    changed[weight] = changed[weight] + np.float32(1e-3)
    np.savez(tmp_path / "off.npz", **changed)

    assert main(["parity", str(tmp_path / "off.npz"), str(params)]) == 1
    assert not json.loads(capsys.readouterr().out)["equal"]


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("tiny_am", [(0, 22), (0, 5), (4, 17), (9, 10), (3, 22), (0, 1), (7, 15), (2, 4)]),
        ("seeded_am_se", [(0, 17), (0, 4), (5, 9)]),
        ("seeded_voc_nsf", [(0, 37), (0, 9), (0, 1)]),
        ("seeded_voc_causal", [(0, 37), (0, 1), (17, 34), (30, 33)]),
        ("seeded_voc_noncausal", [(0, 37), (0, 1), (17, 34), (30, 33)]),
    ],
)
def test_a_batch_of_mixed_lengths_equals_its_singles(kind: str, parts: list[tuple[int, int]], tmp_path: Path) -> None:
    """Nothing of a neighbour, of the padding or of the batch's widest band reaches an utterance."""
    files = [part_of(kind, start, end, tmp_path) for start, end in parts]

    differences = compare(files, golden(kind)[1], batch=True)

    assert len(differences) == len(files)
    for each in differences.values():
        assert max(differences_of(each)) <= TOLERANCE


def test_the_reference_is_met_inside_a_batch_too(tmp_path: Path) -> None:
    """The golden utterance beside a shorter one still has the reference's numbers."""
    file, params = golden("tiny_am")
    differences = compare([part_of("tiny_am", 3, 9, tmp_path), file], params, batch=True)[str(file)]

    assert "postnet_outputs" in differences
    assert max(differences_of(differences)) <= TOLERANCE


def test_files_of_other_weights_do_not_share_a_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the file and what is wrong; the exit code is neither of a comparison's."""
    file, params = golden("tiny_am")
    with np.load(file) as arrays:
        changed = {name: arrays[name] for name in arrays.files}
    changed["sd.mel_postnet.fc.bias"] = changed["sd.mel_postnet.fc.bias"] * 2
    np.savez(tmp_path / "other.npz", **changed)

    assert main(["parity", str(file), str(tmp_path / "other.npz"), str(params), "--batch"]) == 2
    assert "other.npz" in capsys.readouterr().err


def test_a_file_that_is_no_golden_is_one_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "junk.npz").write_bytes(b"junk")

    assert main(["parity", str(tmp_path / "junk.npz"), str(golden("tiny_am")[1])]) == 2
    assert "junk.npz" in capsys.readouterr().err
