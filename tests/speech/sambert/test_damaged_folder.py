"""A model folder is never trusted: what is missing, foreign or hostile in it is one clear error."""

import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from tests.speech.sambert.conftest import audio_yaml, tiny_am_yaml, tiny_params, tiny_voc_yaml, write_folder
from tests.speech.sambert.model_folder import AM, NSF, SOURCE, VOC, VOICE, change, load, mel_of
from tts_engine.speech.voices.sambert import weights as weights_module
from tts_engine.speech.voices.sambert.errors import DamagedModel
from tts_engine.speech.voices.sambert.folder import ModelFolder

Damage = Callable[[Path], object]


class Bomb:
    """Unpickled, it would write a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


def text(name: str, content: str | bytes) -> Damage:
    raw = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / name).write_bytes(raw)


def am(**changes: Any) -> Damage:
    return text(str(VOICE / "am/config.yaml"), tiny_am_yaml(**changes))


def am_without(name: str) -> Damage:
    params = {key: value for key, value in tiny_params("am").items() if key != name}
    return text(str(VOICE / "am/config.yaml"), yaml.safe_dump({"Model": {"KanTtsSAMBERT": {"params": params}}}))


def voc(**changes: Any) -> Damage:
    return text(str(VOICE / "voc/config.yaml"), tiny_voc_yaml(**changes))


def am_weights(edit: Callable[[dict[str, Any]], object]) -> Damage:
    return lambda folder: change(folder / AM, edit)


def put(key: str, value: Any) -> Damage:
    return am_weights(lambda weights: weights.update({key: value}))


def drop(key: str) -> Damage:
    return am_weights(lambda weights: weights.pop(key))


def truncate(folder: Path) -> None:
    whole = (folder / AM).read_bytes()
    (folder / AM).write_bytes(whole[: len(whole) // 2])


def code_in_pickle(folder: Path) -> None:
    with (folder / AM).open("wb") as file:
        pickle.dump({"model": Bomb(folder / "ran")}, file)


def code_in_archive(folder: Path) -> None:
    torch.save({"model": Bomb(folder / "ran")}, folder / AM)


def link_out(folder: Path) -> None:
    outside = folder.parent / "outside.yaml"
    outside.write_text(tiny_am_yaml())
    (folder / VOICE / "am/config.yaml").unlink()
    (folder / VOICE / "am/config.yaml").symlink_to(outside)


def dictionary(content: str) -> Damage:
    def damage(folder: Path) -> None:
        (folder / VOICE / "dict").mkdir()
        (folder / VOICE / "dict/tone_dict.txt").write_text(content)

    return damage


BOMB = "a0: &a0 {k: v}\n" + "".join(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 10))
BIAS = "mel_postnet.fc.bias"
HOSTILE: dict[str, tuple[Damage, str, str]] = {  # the damage; the file and the field that are named
    "no voices.json": (lambda folder: (folder / "voices/voices.json").unlink(), "voices.json", ""),
    "voices.json of another kind": (text("voices/voices.json", "[1]"), "voices.json", ""),
    "no voice": (text("voices/voices.json", '{"voices": []}'), "voices.json", "voices"),
    "a voice outside": (text("voices/voices.json", '{"voices": ["../../etc"]}'), "voices.json", "voices"),
    "an absolute voice": (text("voices/voices.json", '{"voices": ["/etc"]}'), "voices.json", "voices"),
    "the folder itself": (text("voices/voices.json", '{"voices": ["."]}'), "voices.json", "voices"),
    "a number for a voice": (text("voices/voices.json", '{"voices": [7]}'), "voices.json", "voices"),
    "no JSON": (text("configuration.json", "{"), "configuration.json", ""),
    "JSON of great depth": (text("configuration.json", "[" * 100_000), "configuration.json", ""),
    "a rate that is a word": (
        text("configuration.json", '{"model": {"sample_rate": "fast"}}'),
        "configuration.json",
        "model.sample_rate",
    ),
    "a number of many digits": (
        text("configuration.json", '{"model": {"sample_rate": 1' + "0" * 3000 + "}}"),
        "configuration.json",
        "model.sample_rate",
    ),
    "rates that contradict": (
        text(str(VOICE / "audio_config.yaml"), audio_yaml(rate=24_000)),
        "audio_config.yaml",
        "audio_config.sampling_rate",
    ),
    "hops that contradict": (
        text(str(VOICE / "audio_config.yaml"), audio_yaml(hop=240)),
        "audio_config.yaml",
        "audio_config.hop_length",
    ),
    "yaml that is text": (text(str(VOICE / "am/config.yaml"), "hello"), "am/config.yaml", ""),
    "yaml that is broken": (text(str(VOICE / "am/config.yaml"), "a: [1"), "am/config.yaml", ""),
    "yaml that is not UTF-8": (text(str(VOICE / "am/config.yaml"), b"\xff\xfe\xfa"), "am/config.yaml", ""),
    "yaml that runs code": (
        text(str(VOICE / "am/config.yaml"), "a: !!python/object/apply:os.system ['touch ran']"),
        "am/config.yaml",
        "",
    ),
    "yaml that multiplies": (text(str(VOICE / "am/config.yaml"), BOMB), "am/config.yaml", ""),
    "yaml of many brackets": (text(str(VOICE / "am/config.yaml"), "[" * 50_000), "am/config.yaml", ""),
    "yaml of great depth": (text(str(VOICE / "am/config.yaml"), "- " * 30_000), "am/config.yaml", ""),
    "yaml of great length": (text(str(VOICE / "am/config.yaml"), "#" * 70_000), "am/config.yaml", ""),
    "a link out of the folder": (link_out, "am/config.yaml", ""),
    "a table of one name twice": (dictionary("tone1\ntone1\n"), "dict", ""),
    "a table of fewer names": (dictionary("tone1\ntone2\n"), str(AM), "tone_emb.weight"),
    "a table of great length": (dictionary("x" * 70_000), "tone_dict.txt", ""),
    "a missing size": (am_without("decoder_num_units"), "am/config.yaml", "decoder_num_units"),
    "a size that is a word": (am(embedding_dim="wide"), "am/config.yaml", "embedding_dim"),
    "a size that is true": (am(embedding_dim=True), "am/config.yaml", "embedding_dim"),
    "a size below nothing": (am(num_mels=-10), "am/config.yaml", "num_mels"),
    "a size of hex digits": (
        text(str(VOICE / "am/config.yaml"), tiny_am_yaml().replace("num_mels: 10", "num_mels: 0x" + "f" * 9000)),
        "am/config.yaml",
        "num_mels",
    ),
    "10^9 positions": (am(max_len=10**9), "am/config.yaml", "max_len"),
    "10^9 units": (am(decoder_ffn_inner_dim=10**9), "am/config.yaml", "decoder_ffn_inner_dim"),
    "10^9 layers": (am(decoder_num_layers=10**9), "am/config.yaml", "decoder_num_layers"),
    "10^9 channels": (voc(channels=10**9), "voc/config.yaml", "channels"),
    "10^9 samples a frame": (voc(upsample_scales=[64] * 5), "voc/config.yaml", "upsample_scales"),
    "heads that do not divide": (am(decoder_num_heads=3), "am/config.yaml", "decoder_num_heads"),
    "an activation not supported": (voc(nonlinear_activation="ReLU"), "voc/config.yaml", "nonlinear_activation"),
    "byte input": (am(using_byte=True), "am/config.yaml", "using_byte"),
    "features that contradict": (voc(in_channels=12), "voc/config.yaml", "in_channels"),
    "larger layers than the checkpoint's": (am(encoder_ffn_inner_dim=16_384), str(AM), "w_1.weight"),
    "more layers than the checkpoint's": (am(decoder_num_layers=3), str(AM), "pnca.2"),
    "fewer layers than the checkpoint's": (am(decoder_num_layers=1), str(AM), "pnca.1"),
    "no checkpoint": (lambda folder: (folder / AM).unlink(), "am/ckpt", "checkpoint_<N>.pth"),
    "a truncated checkpoint": (truncate, str(AM), ""),
    "an empty checkpoint": (text(str(AM), b""), str(AM), ""),
    "a checkpoint of text": (text(str(AM), "hello"), str(AM), ""),
    "a pickle with code": (code_in_pickle, str(AM), ""),
    "an archive with code": (code_in_archive, str(AM), ""),
    "the generator's checkpoint": (lambda folder: shutil.copy(folder / VOC, folder / AM), str(AM), "generator"),
    "the acoustic checkpoint": (lambda folder: shutil.copy(folder / AM, folder / VOC), str(VOC), "model.generator"),
    "a missing tensor": (drop(BIAS), str(AM), BIAS),
    "a missing table": (drop("emo_tokenizer.weight"), str(AM), "emo_tokenizer.weight"),
    "a foreign tensor": (put("mel_decoder.foreign.bias", torch.zeros(4)), str(AM), "mel_decoder.foreign.bias"),
    "a tensor of another shape": (put(BIAS, torch.zeros(11)), str(AM), BIAS),
    "a table without rows": (put("emo_tokenizer.weight", torch.zeros(())), str(AM), "emo_tokenizer.weight"),
    "a table of other rows": (put("emo_tokenizer.weight", torch.zeros(40, 4)), str(AM), "emo_tokenizer.weight"),
    "whole numbers": (put(BIAS, torch.zeros(10, dtype=torch.long)), str(AM), BIAS),
    "no tensor": (put(BIAS, "tensor"), str(AM), BIAS),
    "NaN": (put(BIAS, torch.full((10,), torch.nan)), str(AM), BIAS),
    "infinity": (put(BIAS, torch.full((10,), torch.inf)), str(AM), BIAS),
    "a sparse tensor": (put(BIAS, torch.zeros(10).to_sparse()), str(AM), BIAS),
    "10^9 rows of one number": (put("emo_tokenizer.weight", torch.zeros(1).expand(10**9, 4)), str(AM), "emo_tokenizer"),
    "a length that is nothing": (
        lambda folder: change(folder / VOC, lambda weights: weights["conv_pre.conv1d.weight_v"].zero_(), "generator"),
        str(VOC),
        "conv_pre.conv1d.weight_v",
    ),
    "a direction without length": (
        lambda folder: change(folder / VOC, lambda weights: weights.pop("conv_pre.conv1d.weight_g"), "generator"),
        str(VOC),
        "conv_pre.conv1d.weight_g",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_one_clear_error_names_file_and_field(what: str, folder: Path) -> None:
    """Nothing in a folder is run, and nothing in it makes another error than this one."""
    damage, file, field = HOSTILE[what]
    damage(folder)

    with pytest.raises(DamagedModel) as raised:
        load(folder)

    assert str(raised.value.file).endswith(file)
    assert field in raised.value.field
    assert str(raised.value).startswith(raised.value.file)
    assert len(str(raised.value)) < 600
    assert str(raised.value).isprintable()
    assert not list(folder.rglob("ran"))
    assert not Path("ran").exists()


@pytest.fixture(scope="module")
def with_arrays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a voice that has arrays beside its checkpoints."""
    am = tiny_am_yaml(**NSF, SE=True, speaker_units=2)
    return write_folder(tmp_path_factory.mktemp("arrays") / "m", am=am, voc=tiny_voc_yaml(**SOURCE), voices=("tian",))


@pytest.mark.parametrize("kind", ["pickled", "wrong", "nan", "claimed", "archive", "missing"])
@pytest.mark.parametrize("name", ["mvn.npy", "se.npy"])
def test_arrays_are_read_as_numbers_alone(name: str, kind: str, with_arrays: Path, tmp_path: Path) -> None:
    """A pickle, another count, what is not finite, a header that claims too much: one clear error."""
    shutil.copytree(with_arrays, tmp_path / "m")
    file = tmp_path / "m" / VOICE / "am" / name
    match kind:
        case "pickled":
            np.save(file, np.array([Bomb(tmp_path / "ran"), None], dtype=object), allow_pickle=True)
        case "wrong":
            np.save(file, np.zeros(3, dtype=np.float32))
        case "nan":
            np.save(file, np.array([np.nan, 1.0]))
        case "claimed":
            np.save(file, np.zeros(2, dtype=np.float32))
            file.write_bytes(file.read_bytes().replace(b"(2,), }" + b" " * 12, b"(9999999999999,), }"))
        case "archive":
            with file.open("wb") as stream:
                np.savez(stream, a=np.zeros(2, dtype=np.float32))
        case "missing":
            file.unlink()

    with pytest.raises(DamagedModel, match=name):
        load(tmp_path / "m")
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_that_grows_when_unpacked_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb is told by the size that the archive itself declares."""
    monkeypatch.setattr(weights_module, "MOST_BYTES", 20_000_000)
    with zipfile.ZipFile(folder / AM, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(30_000_000))
    assert (folder / AM).stat().st_size < 1_000_000

    with pytest.raises(DamagedModel, match="unpacked"):
        load(folder)


def test_a_voice_that_is_not_there_is_named_with_those_that_are(folder: Path) -> None:
    with pytest.raises(DamagedModel, match="tian, zhe"):
        load(folder, "nobody")


def test_weights_that_ask_for_endless_speech_are_stopped(folder: Path) -> None:
    """Finite weights may still ask for e^20 frames; that is an error, not a full memory."""
    from tts_engine.speech.errors import VoiceUnavailable

    change(folder / AM, lambda weights: weights["variance_adaptor.duration_predictor.fc.bias"].fill_(20.0))

    with pytest.raises(VoiceUnavailable, match="frames"):
        mel_of(load(folder))


def test_json_is_small(folder: Path) -> None:
    (folder / "voices/voices.json").write_text(json.dumps({"voices": ["x" * 100] * 5000}))

    with pytest.raises(DamagedModel, match="bytes"):
        ModelFolder(folder)
