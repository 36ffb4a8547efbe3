"""A model folder is read in every layout it is published in."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.speech.sambert.conftest import tiny_am_yaml, tiny_voc_yaml, write_folder
from tests.speech.sambert.model_folder import AM, NSF, SOURCE, VOC, VOICE, change, load, mel_of
from tts_engine.speech.voices.sambert import folder as folder_module
from tts_engine.speech.voices.sambert.folder import ModelFolder
from tts_engine.speech.voices.sambert.inventory import published


def test_a_folder_of_two_voices(folder: Path) -> None:
    """The first named is the default; each has weights of its own, and every file read is listed."""
    model = ModelFolder(folder)
    tian, zhe = model.load("tian"), model.load("zhe")

    assert (model.voices, model.default_voice) == (("tian", "zhe"), "tian")
    assert (tian.sample_rate, tian.generator_config.hop) == (16_000, 200)
    assert not torch.equal(mel_of(tian), mel_of(zhe))
    assert {str(file.relative_to(folder)) for file in tian.files} == {
        "configuration.json",
        "voices/voices.json",
        *(str(VOICE / name) for name in ("audio_config.yaml", "am/config.yaml", "voc/config.yaml")),
        str(AM),
        str(VOC),
    }


def test_a_voice_without_its_folder_is_left_out(folder: Path) -> None:
    """As ModelScope does; the first that is there is the default."""
    shutil.rmtree(folder / VOICE)

    assert ModelFolder(folder).voices == ("zhe",)


def test_the_checkpoint_of_the_highest_number_counts(folder: Path) -> None:
    """By value, not by letter: 100 is above 20; what is no checkpoint is passed over."""
    ckpt = (folder / AM).parent
    for name in ("checkpoint_20.pth", "checkpoint_100.pth"):
        shutil.copy(folder / AM, ckpt / name)
    change(ckpt / "checkpoint_100.pth", lambda weights: weights["mel_postnet.fc.bias"].add_(1.0))
    (ckpt / "checkpoint_best.pth").write_bytes(b"junk")

    before, after = load(folder, "zhe"), load(folder)

    assert ckpt / "checkpoint_100.pth" in after.files
    assert not torch.equal(before.acoustic.mel_postnet.fc.bias, after.acoustic.mel_postnet.fc.bias)


def test_computed_tensors_may_be_missing(folder: Path) -> None:
    """Without `position_enc` and `inv_timescales` the voice says the same."""
    before = mel_of(load(folder))

    def without(weights: dict[str, Any]) -> None:
        for key in [key for key in weights if key.endswith(("position_enc", "inv_timescales"))]:
            del weights[key]

    change(folder / AM, without)

    assert torch.equal(mel_of(load(folder)), before)


def test_weights_of_the_training_alone_are_passed_over(folder: Path) -> None:
    """A model that learnt its durations by alignment still carries the aligner; a trainer leaves its figures."""
    change(folder / AM, lambda weights: weights.update({"align_attention.key_proj.weight": torch.zeros(3)}))
    content = torch.load(folder / AM, weights_only=True)
    torch.save(content | {"steps": np.int64(7), "loss": np.float64(0.5)}, folder / AM)

    assert load(folder).name == "tian"


def test_older_models_have_no_mask_rows(folder: Path) -> None:
    """N + 2 rows instead of N + 3."""

    def older(weights: dict[str, Any]) -> None:
        for key in folder_module._TABLES:
            weights[key] = weights[key][:-1].clone()

    before = mel_of(load(folder))
    change(folder / AM, older)

    assert torch.equal(mel_of(load(folder)), before)


def test_weights_without_weight_norm_and_of_half_precision(folder: Path) -> None:
    """Some checkpoints were made smaller; they load as float32."""
    voice = load(folder)

    def folded(generator: dict[str, Any]) -> None:
        generator.clear()
        generator.update({key: tensor.half() for key, tensor in voice.generator.state_dict().items()})

    change(folder / VOC, folded, "generator")

    again = load(folder).generator.state_dict()
    for key, tensor in voice.generator.state_dict().items():
        torch.testing.assert_close(again[key], tensor, atol=1e-3, rtol=1e-3)
        assert again[key].dtype == torch.float32


def test_a_voice_may_bring_its_own_tables(folder: Path) -> None:
    """dict/*_dict.txt give the rows' names and order; the others stay as published."""
    names = [name for name in published().tables["tone"] if name not in ("_", "~", "@[MASK]")]
    (folder / VOICE / "dict").mkdir()
    (folder / VOICE / "dict" / "tone_dict.txt").write_text("\n".join(reversed(names)))

    voice = load(folder)

    assert voice.inventory.tables["tone"][names[-1]] == 0
    assert voice.inventory.tables["sy"] == published().tables["sy"]
    assert list(voice.inventory.tables["speaker"])[:2] == ["F7", "F74"]  # of speaker_list
    assert folder / VOICE / "dict" / "tone_dict.txt" in voice.files


def test_a_folder_that_says_no_rate_is_of_16_khz(folder: Path) -> None:
    (folder / "configuration.json").write_text("{}")
    (folder / VOICE / "audio_config.yaml").unlink()

    assert load(folder).sample_rate == 16_000


def test_an_nsf_voice_brings_the_mean_and_deviation_of_its_f0(tmp_path: Path) -> None:
    """Normalised F0 becomes Hz, not below 30; voicing becomes 0 or 1."""
    write_folder(tmp_path / "m", am=tiny_am_yaml(**NSF), voc=tiny_voc_yaml(**SOURCE), voices=("tian",))
    np.save(tmp_path / "m" / VOICE / "am/mvn.npy", np.array([[220.0], [50.0]]))

    voice = load(tmp_path / "m")

    assert voice.f0 is not None
    frames = np.zeros((3, 12), dtype=np.float32)
    frames[:, 10:] = [[1.0, 0.9], [0.0, 0.6], [-9.0, 0.59]]
    assert voice.f0.in_hertz(frames)[:, 10:].tolist() == [[270.0, 1.0], [220.0, 1.0], [30.0, 0.0]]
    assert voice.generator.nsf


def test_an_nsf_voice_normalised_over_one_range(tmp_path: Path) -> None:
    am = tiny_am_yaml(**NSF, nsf_norm_type="global", nsf_f0_global_minimum=30.0, nsf_f0_global_maximum=730.0)
    write_folder(tmp_path / "m", am=am, voc=tiny_voc_yaml(**SOURCE), voices=("tian",))

    voice = load(tmp_path / "m")

    assert voice.f0 is not None
    assert (voice.f0.factor, voice.f0.offset) == (700.0, 30.0)
    assert not (tmp_path / "m" / VOICE / "am/mvn.npy").exists()


def test_a_speaker_given_by_a_vector(tmp_path: Path) -> None:
    """No table of speakers; am/se.npy is the speaker at every symbol."""
    write_folder(tmp_path / "m", am=tiny_am_yaml(SE=True, speaker_units=19), voices=("tian",))

    voice = load(tmp_path / "m")

    assert voice.speaker is not None
    speaker = torch.from_numpy(voice.speaker).expand(1, 2, -1)
    units, emotion = torch.zeros(1, 2, 4, dtype=torch.long), torch.zeros(1, 2, dtype=torch.long)
    with torch.inference_mode():
        mel = voice.acoustic(units, emotion, speaker).mel
        assert not torch.equal(mel, voice.acoustic(units, emotion, speaker * 2).mel)
