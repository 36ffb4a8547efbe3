"""Does a thousand wrong API keys a second from one address slow a good key?

Starts a platform of its own. From 127.0.0.1 a process sends wrong keys at a fixed rate over many connections,
half of them no keys at all, half of them keys that nobody has. Each connection waits for its answer, and answers
come at a pace, so how many keys arrive is told too. From 127.0.0.2 a good key makes
one call after the other. Rounds without and with the attack alternate; printed are the medians of the rounds'
medians, the median of the neighbours' ratios, and what attack and answers cost of a core: the attacker itself runs
here too, so its own share is in the ratio.

    python -m bench.wrong_keys [--rate 1000] [--connections 128] [--rounds 15] [--seconds 2]
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import psutil

from bench.instance import Instance, running

BURST = 0.02  # seconds between two sendings of the attacker: a timer for each key would cost more than the keys
WARM_UP = 2.0  # seconds
SENTENCE = "您的订单已经发货，预计明天下午送达。"


# --- The attacker, a process of its own -------------------------------------------------------


class Attacker(asyncio.Protocol):
    """One connection: sends a request, and looks at no more of an answer than its status."""

    def __init__(self, statuses: Counter[str]) -> None:
        self.statuses = statuses
        self.idle = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for at in range(data.count(b"HTTP/1.1 ")):
            self.statuses[data.split(b"HTTP/1.1 ")[at + 1][:3].decode()] += 1
            self.idle = True

    def send(self, request: bytes) -> None:
        self.idle = False
        self.transport.write(request)


async def attack(host: str, port: int, rate: int, connections: int) -> None:
    """Until the input ends; then what was answered, how often, and the processor time it took, on the output."""
    from accounts import keys

    loop = asyncio.get_running_loop()
    statuses: Counter[str] = Counter()
    attackers: list[Attacker] = []
    for _ in range(connections):
        _, attacker = await loop.create_connection(lambda: Attacker(statuses), host, port, local_addr=("127.0.0.1", 0))
        attackers.append(attacker)
    wrong = [("vox_" + "x" * 38, keys.generate())[n % 2] for n in range(4096)]
    requests = [
        f"GET /v1/models HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\r\n".encode() for key in wrong
    ]
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    began, used, sent = time.monotonic(), time.process_time(), 0
    while not ended.done():
        await asyncio.sleep(BURST)
        due = int((time.monotonic() - began) * rate)
        for attacker in attackers:
            if sent < due and attacker.idle:
                attacker.send(requests[sent % len(requests)])
                sent += 1
        sent = max(sent, due - connections)  # what was not sent in time is not made up for
    seconds = time.monotonic() - began
    print(seconds, time.process_time() - used, *(f"{status}={count}" for status, count in statuses.items()))


class Attack:
    def __init__(self, instance: Instance, rate: int, connections: int) -> None:
        address = urlsplit(instance.url)
        command = [sys.executable, "-m", "bench.wrong_keys", "--attack", f"{address.hostname}:{address.port}"]
        self.process = subprocess.Popen(  # noqa: S603
            [*command, "--rate", str(rate), "--connections", str(connections)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def end(self) -> tuple[float, float, Counter[str]]:
        """Its seconds, the processor's of them, and its answers by status."""
        out, _ = self.process.communicate()
        seconds, used, *statuses = out.split()
        return float(seconds), float(used), Counter({s.partition("=")[0]: int(s.partition("=")[2]) for s in statuses})


# --- The good key -----------------------------------------------------------------------------


def speak(client: httpx.Client) -> httpx.Response:
    body = {"model": "tts-1", "voice": "xiaoxiao", "input": SENTENCE, "response_format": "mp3"}
    return client.post("/v1/audio/speech", json=body)


def list_history(client: httpx.Client) -> httpx.Response:
    return client.get("/v1/history")


CALLS: dict[str, Callable[[httpx.Client], httpx.Response]] = {
    "a repeat of speech": speak,
    "a page of history": list_history,
}


def median_ms(client: httpx.Client, seconds: float) -> dict[str, float]:
    """Of each call, made in turn for so long."""
    times: dict[str, list[float]] = {name: [] for name in CALLS}
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for name, call in CALLS.items():
            began = time.perf_counter()
            call(client).raise_for_status()
            times[name].append((time.perf_counter() - began) * 1000)
    return {name: statistics.median(taken) for name, taken in times.items()}


def web_seconds(instance: Instance) -> float:
    """Of processor time, of all web processes."""
    return sum(sum(process.cpu_times()[:2]) for process in instance.parts()["config.web"])


def measure(instance: Instance, rate: int, connections: int, rounds: int, seconds: float) -> None:
    quiet: list[dict[str, float]] = []
    loud: list[dict[str, float]] = []
    transport = httpx.HTTPTransport(local_address="127.0.0.2")
    with instance.client(transport=transport, timeout=60) as client:
        median_ms(client, WARM_UP)
        for number in range(rounds):
            quiet.append(median_ms(client, seconds))
            attack = Attack(instance, rate, connections)
            time.sleep(WARM_UP)
            loud.append(median_ms(client, seconds))
            used = web_seconds(instance)
            time.sleep(1)
            used = web_seconds(instance) - used
            lasted, own, statuses = attack.end()
            if number == 0 or number == rounds - 1:
                print(
                    f"round {number + 1}: {statuses.total() / lasted:.0f} answers a second, {dict(statuses)}; of one "
                    f"core the attacker takes {own / lasted:.0%}, the web processes for it alone {used:.0%}"
                )
    for name in CALLS:
        ratio = statistics.median(after[name] / before[name] for before, after in zip(quiet, loud, strict=True))
        before, after = (statistics.median(each[name] for each in found) for found in (quiet, loud))
        print(f"{name}: {before:.1f} ms without, {after:.1f} ms with the attack: ratio {ratio:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what wrong keys do to a good one.")
    parser.add_argument("--rate", type=int, default=1000, help="wrong keys a second")
    parser.add_argument("--connections", type=int, default=128, help="of the attacker")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=2.0, help="of half a round")
    parser.add_argument("--attack", metavar="HOST:PORT", help=argparse.SUPPRESS)  # the attacker's own process
    asked = parser.parse_args()
    if asked.attack:
        host, _, port = asked.attack.partition(":")
        asyncio.run(attack(host, int(port), asked.rate, asked.connections))
        return
    print(f"{os.cpu_count()} cores, {psutil.cpu_percent(1):.0f} % of them busy with other things")
    with running() as instance:
        instance.manage("tenant", "plan", "demo", "unlimited")
        measure(instance, asked.rate, asked.connections, asked.rounds, asked.seconds)


if __name__ == "__main__":
    main()
