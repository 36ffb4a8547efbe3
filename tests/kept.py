"""The files of a synthesis where tests keep them: on disk."""

from pathlib import Path

from tts_engine import store
from tts_engine.models import Synthesis


def answer_of(synthesis: Synthesis) -> Path:
    file = store.answer_file(synthesis)
    assert isinstance(file, Path)
    return file


def master_of(synthesis: Synthesis) -> Path:
    return answer_of(synthesis).with_name(store.MASTER)
