"""What is wrong with a model folder is one error, and it names the file and the field."""

from pathlib import Path

from tts_engine.speech.errors import VoiceUnavailable


class DamagedModel(VoiceUnavailable):
    """A file of a Sambert-HiFiGAN model is missing, truncated, foreign or contradicts another."""

    def __init__(self, file: Path | str, field: str, problem: str) -> None:
        where = f"{file}: {field}" if field else str(file)
        super().__init__(f"{where}: {problem}")
        self.file = str(file)
        self.field = field
