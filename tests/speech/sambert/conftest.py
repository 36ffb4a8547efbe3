"""The reference's numbers, and a whole model folder of the reference's tiny sizes.

golden/tiny_* came with the task. As tiny_voc_* have no output but a constant (their last layer is
zero), golden/seeded_* stand beside them: the published implementation (KAN-TTS as modelscope 1.3.2
carried it; NSF with both upsamplers, as KAN-TTS has it since) run on seeded weights of other sizes.

What reads, runs or makes a model needs torch, which the extra [sambert] and the development
requirements bring.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

GOLDEN = Path(__file__).parent / "golden"


def tiny_params(kind: str) -> dict[str, Any]:
    params: dict[str, Any] = json.loads((GOLDEN / f"tiny_{kind}_params.json").read_text())
    return params


def tiny_am_yaml(**changes: Any) -> str:
    params = tiny_params("am") | changes
    return yaml.safe_dump(
        {"Model": {"KanTtsSAMBERT": {"params": params}}, "linguistic_unit": {"speaker_list": "F7,F74"}}
    )


def tiny_voc_yaml(**changes: Any) -> str:
    return yaml.safe_dump({"Model": {"Generator": {"params": tiny_params("voc_noncausal") | changes}}})


def audio_yaml(rate: int = 16_000, hop: int = 200) -> str:
    return yaml.safe_dump({"audio_config": {"sampling_rate": rate, "hop_length": hop}})


QUICK = {"resblock_kernel_sizes": [3], "resblock_dilations": [[1, 3]]}  # a fifth of a generator's layers


def write_folder(
    folder: Path, *, am: str | None = None, voc: str | None = None, voices: tuple[str, ...] = ("tian", "zhe")
) -> Path:
    """A model folder in ModelScope's layout, whose networks have a few thousand parameters, and few layers."""
    from tts_engine.speech.voices.sambert.snapshot import write_voice

    (folder / "voices").mkdir(parents=True)
    (folder / "configuration.json").write_text('{"model": {"sample_rate": 16000}}')
    (folder / "voices" / "voices.json").write_text(json.dumps({"voices": list(voices)}))
    for name in voices:
        write_voice(folder / "voices" / name, 1, am or tiny_am_yaml(), voc or tiny_voc_yaml(**QUICK), audio_yaml())
    return folder


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("template") / "model")


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    """A model folder of a test's own, to damage at will."""
    return Path(shutil.copytree(template, tmp_path / "model"))
