"""Does the memory of a download grow with the job: a book joined into one file, its subtitles, its parts as a ZIP?

A job of so many characters in parts of a thousand, with made-up masters at the pace of Mandarin, on a
database of its own; each result is made as for a reader who takes everything at once, first of a tenth
of the book, then of all of it. Prints audio, bytes, CPU time and how much the process grew.

    python -m bench.joined [--characters N] [--format mp3]
"""

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from bench.database import running

if TYPE_CHECKING:
    from tts_engine.jobs.models import Job
    from tts_engine.speech.timeline import Timeline

SECONDS_A_CHARACTER = 0.23
RATE = 24_000
TEXT = "天地玄黄，宇宙洪荒。" * 100
PART = len(TEXT)  # characters


def make_book(characters: int) -> "Job":
    """A job that has ended, all its masters links to one file."""
    import numpy as np
    import soundfile
    from django.conf import settings
    from django.db.models import F
    from django.db.models.functions import Now

    from accounts.services import tenant_create
    from billing.services import account_open
    from tts_engine import store
    from tts_engine.jobs.drafts import Row, job_create
    from tts_engine.jobs.models import JobKind, JobStatus
    from tts_engine.jobs.services import job_start
    from tts_engine.models import Status, Synthesis
    from tts_engine.services import Caller, Order

    tenant = tenant_create(name=f"bench-{characters}")
    account_open(tenant=tenant, plan_name="unlimited")
    order = Order(text="", voice="xiaoxiao", model="tts-1", audio_format="mp3")
    rows = (Row(TEXT, chapter=f"第{number // 10}章") for number in range(characters // PART))
    caller = Caller(tenant_id=tenant.id)
    job = job_start(job_create(caller=caller, name="book", kind=JobKind.TEXT, order=order, rows=rows))
    spoken = Synthesis.objects.filter(job=job)
    length_ms = round(PART * SECONDS_A_CHARACTER * 1000)
    spoken.update(status=Status.DONE, finished_at=Now(), billed_characters=F("characters"), audio_ms=length_ms)
    job.status, job.finished_at = JobStatus.DONE, job.created_at
    job.save()
    master = Path(os.environ["VOXHOUSE_HOME"], "master.flac")
    noise = np.random.default_rng(1).normal(scale=0.05, size=length_ms * RATE // 1000).astype(np.float32)
    soundfile.write(master, noise, RATE)
    times = b"\n" + timeline().pack()
    for synthesis in spoken.iterator():
        folder = Path(settings.AUDIO_ROOT, store.shelf().folder(synthesis))
        folder.mkdir(parents=True)
        for name in (store.MASTER, store.answer_name(synthesis)):
            os.link(master, folder / name)
        (folder / store.TIMES).write_bytes(times)
    return job


def timeline() -> "Timeline":
    """Of a part, each of its characters as long as every other."""
    from tts_engine.speech.text import read
    from tts_engine.speech.timeline import SentenceTimes, Timeline

    sentences, start = [], 0
    for sentence in read(TEXT).sentences:
        length = round(SECONDS_A_CHARACTER * RATE)
        starts = tuple(start + length * place for place in range(len(sentence.text)))
        ends = (*starts[1:], starts[-1] + length)
        sentences.append(SentenceTimes(sentence.text, starts, ends, sentence.written, "晓晓"))
        start = ends[-1]
    return Timeline(RATE, tuple(sentences))


def measure(name: str, job: "Job", pieces: Iterator[bytes]) -> None:
    before, began = resident_mb(), time.process_time()
    size, most = 0, before
    for piece in pieces:
        size += len(piece)
        most = max(most, resident_mb())
    hours = job.rows * PART * SECONDS_A_CHARACTER / 3600
    cpu = time.process_time() - began
    print(
        f"{name}, {job.rows * PART:,} characters, {hours:.1f} h: {size / 1e6:.0f} MB in {cpu:.1f} s of CPU time "
        f"({hours * 3600 / cpu:.0f} times as fast as it is heard); the process grew by {most - before:.1f} MB"
    )


def resident_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--characters", type=int, default=300_000)
    parser.add_argument("--format", default="flac", help="an MP3 takes minutes")
    asked = parser.parse_args()
    with running(durable=False):
        from django.core.management import call_command

        from tts_engine.jobs.results import archive, joining, subtitling
        from tts_engine.jobs.results.layout import Silence
        from tts_engine.speech.audio.formats import FORMATS
        from tts_engine.speech.audio.subtitles import Level

        call_command("migrate", verbosity=0)
        silence, described = Silence(400, 1500), FORMATS[asked.format]
        for share in (10, 1):
            job = make_book(asked.characters // share)
            found = joining.recording(job, described, silence)
            measure(f"joined {asked.format}", job, joining.joined_bytes(job, described, silence, found))
            for level in Level:
                srt = subtitling.subtitles_bytes(job, "srt", described, silence, found, level=level, named=False)
                measure(f"srt by {level}", job, srt)
            measure("zip", job, archive.archive_bytes(job))


if __name__ == "__main__":
    main()
