"""`manage.py voices list | add MODEL_ID_OR_FOLDER | check ID | remove ID`."""

import importlib.util
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from accounts.management.operator_command import Answer, OperatorCommand, Options, add_json
from tts_engine.speech.batching import Point, chosen
from tts_engine.speech.catalog import Catalog
from tts_engine.speech.errors import SpeechError, UnknownVoice
from tts_engine.speech.voice import Voice, VoiceInfo
from tts_engine.speech.voices.kokoro import voice as kokoro
from tts_engine.speech.voices.sambert.acoustic_files import Sizes
from tts_engine.speech.voices.sambert.checking import Checked, batch_curve, check
from tts_engine.speech.voices.sambert.description import FILE, Description, verify
from tts_engine.speech.voices.sambert.vocoder_files import Description as Vocoding

EXTRA = ("torch", "modelscope_hub", "yaml")  # of the extra [sambert]


class Command(OperatorCommand):
    help = "The voices of this installation: the built-in one, and ModelScope's that you add."
    requires_system_checks = []
    refusals = (SpeechError, OSError)

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="every voice, and what it can do")
        add = actions.add_parser("add", help="compile a voice from ModelScope or from a folder, and install it")
        add.add_argument("model", metavar="MODEL_ID_OR_FOLDER")
        add.add_argument("--revision", help="of the model; the newest by default")
        checking = actions.add_parser(
            "check", help="is it whole, how near is each precision to fp32, how fast, in which batch"
        )
        checking.add_argument("id")
        remove = actions.add_parser("remove", help="delete an added voice")
        remove.add_argument("id")
        add_json(listing, add, checking, remove)

    def answer(self, options: Options) -> Answer:
        actions = {"list": _list, "add": self._add, "check": _check, "remove": _remove}
        return actions[options["action"]](Catalog(settings.VOXHOUSE_HOME), options)

    def _add(self, catalog: Catalog, options: Options) -> Answer:
        if any(importlib.util.find_spec(package) is None for package in EXTRA):
            raise CommandError(
                "Adding a voice needs torch and modelscope: run .venv/bin/pip install -r requirements/sambert.txt, "
                "then try again. Speaking does not need them."
            )
        from tts_engine.speech.voices.sambert.install import add

        model = Path(options["model"])
        if model.is_dir():
            name, revision = str(model.resolve()), ""
        else:
            from tts_engine.speech.voices.sambert.download import fetch

            name = options["model"]
            model, revision = fetch(name, settings.VOXHOUSE_HOME / "downloads", options["revision"])
        self.stderr.write(f"Compiling {model}: two or three minutes for each of its voices …")
        added = []
        for compiled in add(model, catalog.voices, name=name, revision=revision):
            info = compiled.description.info
            self.stderr.write(
                f"{info.id}: no value of a mel is further than {compiled.difference:.0e} from its model's"
            )
            for line in [*map(_checked_line, compiled.checked), *_curve_lines(compiled.batches, info.batch_size)]:
                self.stderr.write(f"  {line}")
            added.append(info)
        return {"voices": [_shape(info) for info in added]}, "\n".join(f"Added {_line(info)}" for info in added)


def _list(catalog: Catalog, _options: Options) -> Answer:
    infos = [one.info for one in catalog.installed().values()]
    return {"voices": [_shape(info) for info in infos]}, "\n".join(_line(info) for info in infos)


def _check(catalog: Catalog, options: Options) -> Answer:
    if options["id"] == kokoro.INFO.id:
        return _check_batches(catalog.load(kokoro.INFO.id))
    folder = catalog.voices / options["id"]
    if not (folder / FILE).is_file():
        raise UnknownVoice(f"No voice '{options['id']}' was added here.")
    description = Description.read(folder)
    verify(folder, description)
    checked = check(folder, description)
    lines = [f"{description.id}: every file is as it was compiled; from {description.source.model}"]
    lines += [_checked_line(one) for one in checked]
    serving = f"Serves with decoder {Sizes.read(folder).precision} and vocoder {Vocoding.read(folder).precision}."
    batches, curve = _check_batches(catalog.load(description.id))
    shape = {"id": description.id, "source": asdict(description.source), "checked": [asdict(one) for one in checked]}
    return shape | batches, "\n".join([*lines, serving, curve])


def _check_batches(voice: Voice) -> tuple[dict[str, Any], str]:
    points = batch_curve(voice)
    shape = {"batch_size": voice.info.batch_size, "batches": [asdict(point) for point in points]}
    return shape, "\n".join(_curve_lines(points, voice.info.batch_size))


def _curve_lines(points: Sequence[Point], serves: int) -> list[str]:
    """CPU seconds on one core; the size that serves is the smallest near the best rate when it was measured."""
    lines = [f"batch {p.size}: {p.rate:.1f} s of speech a second, a sentence takes {p.latency:.2f} s" for p in points]
    return [*lines, f"Serves in batches of {serves}; measured now, it would be {chosen(points)}."]


def _checked_line(one: Checked) -> str:
    return (
        f"decoder {one.decoder}, vocoder {one.vocoder}: RTF {one.rtf:.3f}, log-mel distance "
        f"{one.fidelity.log_mel_distance:.2f} dB, SNR {one.fidelity.snr:.1f} dB"
    )


def _remove(catalog: Catalog, options: Options) -> Answer:
    catalog.remove(options["id"])
    return {"removed": options["id"]}, f"Removed {options['id']}."


def _shape(info: VoiceInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "family": info.family,
        "name": info.name,
        "revision": info.revision,
        "licence": info.licence,
        "sample_rate": info.sample_rate,
        "speakers": [speaker.id for speaker in info.speakers],
        "emotions": list(info.emotions),
    }


def _line(info: VoiceInfo) -> str:
    speakers = " ".join(speaker.id for speaker in info.speakers if speaker.listed)
    return f"{info.id}\t{info.family}\t{info.sample_rate} Hz\t{speakers}\t{' '.join(info.emotions)}"
