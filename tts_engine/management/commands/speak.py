"""`manage.py speak TEXT`: hear a voice without server, database or tenant."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tts_engine.models import InputType
from tts_engine.scripts import Written
from tts_engine.services import catalog, voice_named
from tts_engine.speech.audio.complete import complete
from tts_engine.speech.audio.formats import format_of_file
from tts_engine.speech.audio.label import Label
from tts_engine.speech.audio.render import rendered
from tts_engine.speech.errors import SpeechError
from tts_engine.speech.speak import join, lines_of, staged
from tts_engine.speech.text import read_script
from tts_engine.speech.text.script import Clip
from tts_engine.speech.voice import EMOTIONS, NEUTRAL, Samples, Style, speak_alone


class Command(BaseCommand):
    help = "Speak TEXT into a file; '-' reads standard input. The file's ending chooses the format."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text", metavar="TEXT")
        parser.add_argument("--voice", default=settings.DEFAULT_VOICE)
        parser.add_argument("--emotion", default=NEUTRAL, choices=EMOTIONS)
        parser.add_argument("--speed", type=float, default=1.0)
        parser.add_argument(
            "--input-type", default=InputType.TEXT, choices=InputType.values, help="how TEXT is written"
        )
        parser.add_argument("--pitch", type=float, default=0.0, help="semitones")
        parser.add_argument("-o", dest="file", type=Path, default=Path("speech.wav"), metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        text = sys.stdin.read() if options["text"] == "-" else options["text"]
        file: Path = options["file"]
        try:
            seconds, took = self._speak(text, file, options)
        except (SpeechError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{file}: {seconds:.2f} s of speech, made in {took:.2f} s (RTF {took / seconds:.2f})")

    def _speak(self, text: str, file: Path, options: dict[str, Any]) -> tuple[float, float]:
        audio_format = format_of_file(file.name)
        info, speaker = voice_named(options["voice"])
        style = Style(speaker, emotion=options["emotion"], speed=options["speed"], pitch=options["pitch"])
        items = read_script(Written(text, options["input_type"]).script())
        parts = staged(items, info, style, voice_named)
        if any(isinstance(part, Clip) for part in parts):
            raise CommandError("Recordings are a tenant's own; only the API knows whose they are.")
        lines = lines_of(parts)
        voices = {line.voice.id: catalog().load(line.voice.id) for line in lines}
        spoken = (speak_alone(voices[line.voice.id], line.utterance) for line in lines)
        began = time.monotonic()
        samples = 0

        def counted() -> Iterator[Samples]:
            nonlocal samples
            for chunk in join(parts, spoken, info.sample_rate):
                samples += len(chunk.samples)
                yield chunk.samples

        label = Label.generated(producer=settings.CONTENT_PRODUCER, content_id=str(uuid4()))
        file.write_bytes(b"".join(rendered(counted(), info.sample_rate, audio_format, label=label)))
        complete(file, audio_format)
        return samples / info.sample_rate, time.monotonic() - began
