"""Serving a compiled voice needs no torch."""

import subprocess
import sys

WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
import tts_engine.speech.voices.sambert.__main__
from tts_engine.speech.voices.sambert import config, errors, f0, inventory, units
"""


def test_what_serves_a_voice_imports_no_torch() -> None:
    """The front end, the tables, the configuration, F0 and the command line itself."""
    subprocess.run([sys.executable, "-c", WITHOUT_TORCH], check=True)  # noqa: S603 - our own interpreter and text
