"""How much memory taking along and deleting a team costs, and how long: it must not grow with the team's requests.

Each recording is the same file under another name, as those of repeats are.
"""

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.database import running

ANSWER = b"\0" * 20_000


def spoken_year(requests: int) -> str:
    """The name of the greatest of three teams, whose results have audio."""
    from django.conf import settings

    from accounts.models import Tenant
    from tts_engine import store
    from tts_engine.demo.filling import fill
    from tts_engine.models import Status, Synthesis

    fill(requests=requests, teams=3, heard=0, seed=1)
    made = Path(settings.VOXHOUSE_HOME, "recording")
    made.write_bytes(ANSWER)
    teams = Tenant.objects.filter(name__startswith="demo-")
    team = max(teams, key=lambda tenant: Synthesis.objects.filter(tenant=tenant).count())
    for row in Synthesis.objects.filter(tenant=team, status=Status.DONE).iterator():
        folder = Path(settings.AUDIO_ROOT, store.shelf().folder(row))
        folder.mkdir(parents=True)
        for name in (store.MASTER, store.answer_name(row)):
            os.link(made, folder / name)
    return team.name


def drained(pieces: Iterator[bytes], process: psutil.Process) -> tuple[int, int]:
    """How many bytes, and the most that were resident meanwhile."""
    size = most = 0
    for number, piece in enumerate(pieces):
        size += len(piece)
        if number % 100 == 0:
            most = max(most, process.memory_info().rss)
    return size, most


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=20_000)
    asked = parser.parse_args()
    with running(durable=False):
        from django.core.management import call_command

        from accounts.models import Tenant
        from tts_engine.belongings.deletion import tenant_delete
        from tts_engine.belongings.export import export
        from tts_engine.demo.clearing import clear

        call_command("migrate", verbosity=0)
        process = psutil.Process()
        for requests in (asked.requests // 10, asked.requests):
            team = Tenant.objects.get(name=spoken_year(requests))
            before, began = process.memory_info().rss, time.process_time()
            size, most = drained(export(team), process)
            print(
                f"export of {size / 1e6:.0f} MB: {time.process_time() - began:.1f} s of CPU time; "
                f"the process grew by {max(most - before, 0) / 1e6:.1f} MB"
            )
            began = time.perf_counter()
            report = tenant_delete(team)
            rows, left = report.content["before"]["tts_engine.synthesis"], report.left
            print(f"deleting {rows:,} requests: {time.perf_counter() - began:.1f} s; {left} things left")
            clear()


if __name__ == "__main__":
    main()
