"""How fast is a repeat, and what does it cost, generator and PostgreSQL included?

Speaks one sentence through a platform of its own, then asks for it again and again over HTTP: from one
client, then from 8, 16 and 32 at once, each time beside the plain way (`cache: false`), which speaks it anew;
at last from 32 clients of as many teams, whose requests do not go to the database together as one key's do.
Prints one JSON object: milliseconds, requests a second, the CPU milliseconds of each part of the
platform a request, and the memory of the web processes after 1,000 and after 10,000 repeats.

    python -m bench.repeats
"""

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any
from urllib.parse import urlsplit

import psutil

from bench.instance import Instance, running

SENTENCE = "您的订单已经发货，预计明天下午送达。"
ALONE, MANY, PLAIN = 200, 2000, 32  # requests of one run
CLIENTS = (8, 16, 32)  # at once
MEMORY_AT = (1000, 10_000)  # repeats


class Client:
    """One keep-alive connection that sends the same bytes again and again, and reads no more than it must."""

    def __init__(self, instance: Instance, key: str, *, cache: bool) -> None:
        address = urlsplit(instance.url)
        self.host, self.port = address.hostname, address.port
        body = {"model": "tts-1", "voice": "xiaoxiao", "input": SENTENCE, "response_format": "mp3", "cache": cache}
        sent = json.dumps(body).encode()
        self.request = (
            f"POST /v1/audio/speech HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
        ).encode() + sent
        self.seconds: list[float] = []

    async def run(self, requests: int) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        for _ in range(requests):
            began = time.perf_counter()
            writer.write(self.request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(head.decode())
            await read_body(reader, head.lower())
            self.seconds.append(time.perf_counter() - began)
        writer.close()


async def read_body(reader: asyncio.StreamReader, head: bytes) -> None:
    _, has_length, rest = head.partition(b"\r\ncontent-length:")
    if has_length:
        await reader.readexactly(int(rest.split(b"\r\n", 1)[0]))
        return
    while size := int(await reader.readuntil(b"\r\n"), 16):
        await reader.readexactly(size + 2)
    await reader.readexactly(2)


@dataclass(frozen=True)
class Meter:
    """The CPU seconds that each part of a platform has used, with what it has started."""

    instance: Instance

    def read(self) -> dict[str, float]:
        used = {"generator": cpu_seconds(psutil.Process())}
        for part, processes in self.instance.parts().items():
            started = [each for process in processes for each in (process, *process.children(recursive=True))]
            used[part] = sum(map(cpu_seconds, started))
        return used


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()  # what has ended below it counts as well
    own: float = times.user + times.system
    return own if process.pid == psutil.Process().pid else own + times.children_user + times.children_system


def web_memory(instance: Instance) -> float:
    """Resident megabytes of the web processes."""
    return round(sum(float(web.memory_info().rss) for web in instance.parts()["config.web"]) / 1e6, 1)


def measured(
    instance: Instance, *, clients: int, requests: int, cache: bool, keys: Sequence[str] = ()
) -> dict[str, Any]:
    """The clients share the keys of several teams, by default the one of the demo's."""
    meter = Meter(instance)
    crowd = [Client(instance, key, cache=cache) for key in islice(cycle(keys or [instance.api_key]), clients)]

    async def all_of_them() -> None:
        await asyncio.gather(*(client.run(requests // clients) for client in crowd))

    before, began = meter.read(), time.perf_counter()
    asyncio.run(all_of_them())
    wall, after = time.perf_counter() - began, meter.read()
    took = [seconds * 1000 for client in crowd for seconds in client.seconds]
    cuts = statistics.quantiles(took, n=100)
    cpu = {name: round((after[name] - before[name]) * 1000 / len(took), 2) for name in after}
    return {
        "p50_ms": round(cuts[49], 1),
        "p95_ms": round(cuts[94], 1),
        "p99_ms": round(cuts[98], 1),
        "requests_per_second": round(len(took) / wall, 1),
        "cpu_ms": cpu | {"all": round(sum(cpu.values()), 2)},
    }


def main() -> None:
    results: dict[str, Any] = {}
    with running() as instance:
        instance.manage("plan", "change", "standard", "--requests-per-minute", "1000000")
        measured(instance, clients=8, requests=16, cache=False)  # every worker has spoken
        measured(instance, clients=8, requests=MEMORY_AT[0], cache=True)
        memory = [web_memory(instance)]
        for clients, requests in ((1, ALONE), *((crowd, MANY) for crowd in CLIENTS)):
            repeat = measured(instance, clients=clients, requests=requests, cache=True)
            plain = measured(instance, clients=clients, requests=PLAIN, cache=False)
            ratio = repeat["requests_per_second"] / plain["requests_per_second"]
            results[f"clients_{clients}"] = {"repeat": repeat, "plain": plain, "ratio": round(ratio, 1)}
        keys = list(instance.new_teams([f"team-{number}" for number in range(CLIENTS[-1])], "standard").values())
        each = 2 * CLIENTS[-1]  # for the first of a team's requests is spoken
        measured(instance, clients=CLIENTS[-1], requests=each, cache=True, keys=keys)
        of_teams = measured(instance, clients=CLIENTS[-1], requests=MANY, cache=True, keys=keys)
        results[f"teams_{CLIENTS[-1]}"] = {"repeat": of_teams}
        done = MEMORY_AT[0] + ALONE + MANY * len(CLIENTS) + each + MANY
        measured(instance, clients=8, requests=MEMORY_AT[1] - done, cache=True)
        memory.append(web_memory(instance))
    results["web_mb"] = dict(zip(map(str, MEMORY_AT), memory, strict=True)) | {"ratio": round(memory[1] / memory[0], 3)}
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
