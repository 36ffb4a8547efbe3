"""How much memory a platform's processes take while it is run."""

import statistics
import threading
import time
from dataclasses import dataclass, field

import psutil

from tests.chaos.house import House

EMPTIED = "valkey"  # by every other fault, so that it tells of the time since the last of them
# Words of their commands. Memory that several share does not count: a database's buffers fill up as it is used.
KINDS = {
    "supervisor": "\0up",
    "web": "config.web",
    "workers": "\0worker\0",
    "beat": "\0beat\0",
    "postgres": "bin/postgres\0",
    EMPTIED: "valkey-server",
}
EVERY = 10.0  # seconds
MEGABYTE = 1024**2


@dataclass
class Memory:
    """Samples of the largest process of each kind, in MB: how many there are depends on which was killed last."""

    began: float = field(default_factory=time.monotonic)
    samples: list[tuple[float, dict[str, int]]] = field(default_factory=list)

    def watch(self, house: House, stopped: threading.Event) -> None:
        while not stopped.wait(EVERY):
            used = {
                kind: max(map(_used, house.platform.children(word)), default=0) // MEGABYTE
                for kind, word in KINDS.items()
            }
            self.samples.append((time.monotonic() - self.began, used))

    def of(self, kind: str, since: float, until: float) -> float:
        """The median while that part of the run lasted; a kind that was just killed is missing from its sample."""
        whole = self.samples[-1][0]
        taken = [used[kind] for at, used in self.samples if since * whole <= at <= until * whole and used[kind]]
        return statistics.median(taken) if taken else 0.0

    def table(self, parts: int = 6) -> str:
        """Medians in MB by parts of the run, one line a kind."""
        heads = [f"{self.samples[-1][0] / 60 * (part + 1) / parts:.0f} min" for part in range(parts)]
        lines = [f"{'MB until':12s}" + "".join(f"{head:>9s}" for head in heads)]
        for kind in KINDS:
            medians = [self.of(kind, part / parts, (part + 1) / parts) for part in range(parts)]
            lines.append(f"{kind:12s}" + "".join(f"{median:9.0f}" for median in medians))
        return "\n".join(lines)


def _used(process: int) -> int:
    """Bytes; of a database's processes those of the largest."""
    try:
        found = psutil.Process(process)
        backends = found.children() if found.name() == "postgres" else []
        return max(int(one.memory_full_info().uss) for one in (found, *backends))
    except psutil.NoSuchProcess:  # a part of it ended just now
        return 0
