"""A platform under mixed load while everything fails: `make chaos` (each fault once), `make chaos-long` (30 minutes).

    python -m tests.chaos [--minutes 30] [--every 20] [--only "poison text"] [--models FOLDER]

Twenty tenants speak new texts, repeats, streams and jobs. At the end all that their clients counted must
be what was billed, nothing may be reserved, `reconcile` must find nothing, each answer must have been its
tenant's own and either a success or an error of docs/api.md, memory must not have grown, and nothing of a
speech may stay in Valkey.
"""

import argparse
import itertools
import random
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from tests.chaos.clients import BUILT_IN, TEAMS, TENANTS, VOICE, Seen, Team, documented, work
from tests.chaos.faults import FAULTS, broker
from tests.chaos.house import House, house
from tests.chaos.memory import EMPTIED, KINDS, Memory

SETTLES_WITHIN = 180.0  # seconds after the last fault, for what is still in work
GROWTH = 1.25  # of a kind's memory from the second sixth of a long run to the last
CACHES = 4  # MB: what a connection's own of PostgreSQL may come to, beside
NO_END = -1  # what Valkey tells of a key that stays
LONG = 10.0  # minutes, from which on growth is looked at


def say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {text}\n")
    sys.stdout.flush()


class Run:
    """One run: the load, the faults, and what was wrong at the end."""

    def __init__(self, place: House) -> None:
        self.house = place
        self.seen = Seen()
        self.memory = Memory()
        self.wrong: list[str] = []
        keys = place.keys(TEAMS)
        self.teams = [Team(number % TENANTS, place.url, key, self.seen) for number, key in enumerate(keys)]
        self.breaker = self.teams.pop()  # whose own requests tell what a fault does

    def note_sums(self) -> None:
        """How each text sounds while nothing fails; no two alike, or an answer could be another's unseen."""
        for team in self.teams:
            for text in team.texts:
                team.note(text, VOICE)
            if team.speaks_built_in:
                team.note(team.texts[0], BUILT_IN)
        sums = [each for team in self.teams for each in team.sums.values()]
        assert len(set(sums)) == len(sums), "two texts sound alike"

    def under_load(self, names: Iterator[str], every: float) -> None:
        stopped = threading.Event()
        clients = [threading.Thread(target=self._work, args=[team, stopped]) for team in self.teams]
        watch = threading.Thread(target=self.memory.watch, args=[self.house, stopped])
        for thread in (*clients, watch):
            thread.start()
        with ThreadPoolExecutor() as threads:
            for name in names:
                began = time.monotonic()
                self.house.wait_until_ready()
                threads.submit(self._break, name)
                time.sleep(max(0.0, every - (time.monotonic() - began)))
        stopped.set()
        for thread in (*clients, watch):
            thread.join()

    def _work(self, team: Team, stopped: threading.Event) -> None:
        try:
            work(team, stopped)
        except Exception as error:  # of a client: the run goes on, and is not clean
            self.wrong.append(f"a client of team {team.number} ended: {error!r}"[:300])

    def _break(self, name: str) -> None:
        try:
            say(f"{name}: {FAULTS[name](self.house, self.breaker)}")
        except Exception as error:
            self.wrong.append(f"{name}: {error!r}"[:500])
            say(f"{name}: NOT AS IT SHOULD BE: {error!r}"[:500])

    def settle(self) -> None:
        """Everything that was begun ends; then each team counts."""
        self.house.wait_until_ready()
        deadline = time.monotonic() + SETTLES_WITHIN
        everybody = [*self.teams, self.breaker]
        while left := {team.number: reserved for team in everybody if (reserved := team.usage()["reserved"])}:
            if time.monotonic() > deadline:
                self.wrong.append(f"still reserved, by team: {left}")
                break
            time.sleep(2)
        for team in everybody:
            team.count_the_rest()
            used, counted = team.usage()["used"], sum(team.billed.values())
            if used != counted:
                self.wrong.append(f"team {team.number} was billed {used} characters, its client counted {counted}")
        try:
            say(self.house.platform.manage("reconcile").strip())
        except AssertionError as error:
            self.wrong.append(f"reconcile: {error}"[:1000])

    def check_answers(self) -> None:
        known = documented()
        codes = {code for _, code in known}
        for status, code in self.seen.answers:
            inside = code.partition(": ")[2]  # an event's, or a row's of a job
            if not (200 <= status < 300 and (not code or inside in codes)) and (status, code) not in known:
                self.wrong.append(f"nobody documented {status} {code}")
        self.wrong += self.seen.wrong

    def check_memory(self) -> None:
        if self.memory.samples[-1][0] / 60 < LONG:
            return
        for kind in KINDS.keys() - {EMPTIED}:
            early, late = self.memory.of(kind, 1 / 6, 2 / 6), self.memory.of(kind, 5 / 6, 1)
            if late > early * GROWTH + CACHES:
                self.wrong.append(f"memory of {kind} grew from {early:.0f} to {late:.0f} MB")

    def check_valkey(self) -> None:
        """Whatever was killed while it passed a speech on, none of it stays there."""
        with closing(broker(self.house)) as valkey:
            endless = [key for key in valkey.scan_iter("speech:*") if valkey.ttl(key) == NO_END]
        if endless:
            self.wrong.append(f"{len(endless)} speeches stay in Valkey, {endless[0]!r} for one")

    def report(self) -> str:
        waits = sorted(seconds for _, seconds in self.seen.seconds)
        characters = sum(sum(team.billed.values()) for team in self.teams)
        lines = ["", "status  code                          answers"]
        lines += [f"{status:6d}  {code:28s}{count:9d}" for (status, code), count in sorted(self.seen.answers.items())]
        lines += [f"   cut  {error:28s}{count:9d}" for error, count in sorted(self.seen.cut.items())]
        lines += ["", "compared: " + ", ".join(f"{way} {count}" for way, count in sorted(self.seen.ways.items()))]
        lines += [f"until an answer that counts: median {statistics.median(waits):.2f} s, longest {waits[-1]:.0f} s"]
        lines += [f"{characters} characters counted by clients, and billed", "", self.memory.table(), ""]
        return "\n".join([*lines, *(f"WRONG: {each}" for each in self.wrong), ""])


def once_each(only: str | None) -> Iterator[str]:
    return iter([only] if only else list(FAULTS))


def for_so_long(minutes: float) -> Iterator[str]:
    """Each as often as the others, in an order of its own each time."""
    ends = time.monotonic() + 60 * minutes
    for _ in itertools.count():
        for name in random.sample(list(FAULTS), len(FAULTS)):
            if time.monotonic() > ends:
                return
            yield name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, help="of faults in any order; without it each comes once")
    parser.add_argument("--every", type=float, default=20, help="seconds between two faults")
    parser.add_argument("--only", choices=FAULTS, help="this one alone")
    parser.add_argument("--models", type=Path, help="VOXHOUSE_HOME/models of a home that has the built-in voice")
    parser.add_argument("--voices", type=Path, help="VOXHOUSE_HOME/voices of an earlier run")
    options = parser.parse_args()
    say("starting a platform")
    with house(options.models, options.voices) as place:
        run = Run(place)
        run.note_sums()
        say("all is well; now the load, and the faults")
        names = for_so_long(options.minutes) if options.minutes else once_each(options.only)
        run.under_load(names, options.every)
        say("no more faults; waiting for what is in work")
        run.settle()
        run.check_answers()
        run.check_memory()
        run.check_valkey()
        sys.stdout.write(run.report())
    if run.wrong:
        sys.exit(f"{len(run.wrong)} things were wrong.")
    say("nothing was lost, nothing billed twice, nobody heard what was another's")


if __name__ == "__main__":
    main()
