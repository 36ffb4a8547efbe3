"""Python runs this first in every process of the platform under test: its added voices die of one character."""

import ctypes
import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

POISON = "毒"
MODULE = "tts_engine.speech.voices.sambert.voice"


class Poisoner(importlib.abc.MetaPathFinder):
    """Gives the voice, when it is imported, a fault as only native code has it: the process is gone."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        load = spec.loader.exec_module

        def load_poisoned(module: ModuleType) -> None:
            load(module)
            begin = module.SambertVoice._begin

            def begin_or_die(voice: Any, number: int, utterance: Any) -> Any:
                if POISON in utterance.sentence.text:
                    ctypes.string_at(0)
                return begin(voice, number, utterance)

            module.SambertVoice._begin = begin_or_die

        spec.loader.exec_module = load_poisoned  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, Poisoner())
