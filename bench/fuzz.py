"""Does any text, markup, dictionary or uploaded file crash or stall what reads it?

Draws an input from each seed and gives it to the readers that stand behind the API's doors
(bench/fuzz_targets.py), on one core. Prints how many were taken, the slowest of each kind, and each crash
with its seed; ends with 1 if there was one, or one input took more than a second of processor time.
A seed draws the same input again; the seeds of a run that was stopped can be gone on from.

    python -m bench.fuzz [N] [--seed FIRST]    # default: 20,000 from seed 0
"""

import argparse
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from bench.fuzz_targets import drawn_target, read_text  # noqa: E402

TOO_LONG = 1.0  # seconds
REPORT_EVERY = 50_000  # inputs
SHOWN = 300  # characters of an input
MOST_CRASHES = 20  # that are told of; then it ends


@dataclass(slots=True)
class Record:
    """What came of the inputs so far."""

    taken: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, tuple[float, int]] = field(default_factory=dict)  # seconds and seed, by target
    crashes: int = 0

    def take(self, seed: int) -> None:
        chance = Random(seed)  # noqa: S311 - the same again from the same seed
        target = drawn_target(chance)
        drawn = target.draw(chance)
        began = time.thread_time()
        try:
            target.take(drawn)
        except Exception:
            self.crashes += 1
            print(f"seed {seed}, {target.name}: {repr(drawn)[:SHOWN]}\n{traceback.format_exc(limit=-4)}", flush=True)
        seconds = time.thread_time() - began
        self.taken[target.name] += 1
        if seconds > self.slowest.get(target.name, (0.0, 0))[0]:
            self.slowest[target.name] = (seconds, seed)

    @property
    def stalled(self) -> bool:
        return any(seconds > TOO_LONG for seconds, _ in self.slowest.values())

    def lines(self) -> Iterator[str]:
        yield f"{self.taken.total():,} inputs, {self.crashes} crashes"
        for name, (seconds, seed) in sorted(self.slowest.items()):
            yield f"  {name}: {self.taken[name]:,}, the slowest {seconds * 1000:.0f} ms (seed {seed})"


def main() -> None:
    parser = argparse.ArgumentParser(description="Fuzz what reads strangers' input.")
    parser.add_argument("inputs", nargs="?", type=int, default=20_000, metavar="N")
    parser.add_argument("--seed", type=int, default=0, help="of the first input; the next ones count on from it")
    asked = parser.parse_args()
    read_text("第1次，hello")  # loads the dictionaries
    record = Record()
    began = time.process_time()
    with suppress(KeyboardInterrupt):  # what it has seen by then is told
        for seed in range(asked.seed, asked.seed + asked.inputs):
            record.take(seed)
            if record.crashes >= MOST_CRASHES:
                break
            if (seed + 1) % REPORT_EVERY == 0:
                print(*record.lines(), sep="\n", flush=True)
    print(*record.lines(), f"{time.process_time() - began:.0f} s of one core", sep="\n")
    sys.exit(record.crashes > 0 or record.stalled)


if __name__ == "__main__":
    main()
