"""Everything that is made to fail: each fault begins, lasts some seconds and is mended, while the load goes on.

Where a fault has an answer of its own (a full disk, a poison text), it is asked for it and must give it.
"""

import os
import random
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial

import httpx
import psutil
import redis

from config import embedded
from tests.chaos.clients import Team, code_of
from tests.chaos.house import VOICES, House

LASTS = 8.0  # seconds
STEP = 3600  # seconds
SLOW_WRITE = 0.02  # seconds that each write and each sync takes longer
IDLE = 2000  # connections
SLOW_READERS = 40
POISON = "毒"
AGAIN = 0.5  # seconds
QUARANTINED_WITHIN = 180.0  # seconds: three attempts, each with a lease that runs out

Fault = Callable[[House, Team], str]
"""What was done to the platform, with what a team of its own saw of it; raises AssertionError."""


def kill(word: str, number: signal.Signals, house: House, _team: Team) -> str:
    """One process whose command line has this word."""
    found = house.platform.children(word)
    if not found:
        return "none ran just then"
    os.kill(random.choice(found), number)
    return f"one of {len(found)}"


def kill_backend(house: House, _team: Team) -> str:
    """One of the processes that PostgreSQL has for connections: all others go too, and it recovers from its log."""
    backends = [
        one
        for postmaster in house.platform.children("bin/postgres\0")
        for one in psutil.Process(postmaster).children()
        if "[local]" in " ".join(one.cmdline())
    ]
    if not backends:
        return "none ran just then"
    random.choice(backends).kill()
    return f"one of {len(backends)}"


def kill_supervisor(house: House, _team: Team) -> str:
    """What it had started ends with it, and it is started again."""
    house.platform.end_commands()  # the process that runs them for the tests, whom nobody would end later
    house.platform.process.kill()
    house.platform.process.wait()
    began = time.monotonic()
    house.start_again()
    return f"ready again after {time.monotonic() - began:.0f} s"


def flush_valkey(house: House, _team: Team) -> str:
    with closing(broker(house)) as valkey:
        keys = valkey.dbsize()
        valkey.flushall()
    return f"{keys} keys gone"


def fill_disk(house: House, team: Team) -> str:
    """New texts are refused with 507 and nothing of theirs is reserved; once there is room they are spoken."""
    if not house.machine.disk_is_ours():
        return "SKIPPED: only root can mount a disk of its own"
    house.machine.fill_disk()
    try:
        team.abandoned.append("磁盘满了")
        answer = ask(team, "磁盘满了")
        time.sleep(LASTS)
    finally:
        house.machine.empty_disk()
    assert (answer.status_code, code_of(answer)) == (507, "storage_full"), answer.text
    return "507 storage_full"


def slow_disk(house: House, _team: Team) -> str:
    house.machine.slow_disk(SLOW_WRITE)
    time.sleep(LASTS)
    house.machine.slow_disk(0)
    return f"{SLOW_WRITE * 1000:.0f} ms for each write and sync"


def step_clock(house: House, _team: Team) -> str:
    house.machine.step_clock(STEP)
    time.sleep(LASTS)
    house.machine.step_clock(0)
    return "an hour ahead, and back"


def slow_readers(house: House, team: Team) -> str:
    """Each takes a byte now and then of a long answer, and goes away in the middle."""
    text = f"慢慢听{random.randrange(10**9)}" + "今天天气很好我们去公园走走吧。" * 20
    team.abandoned.append(text[:12])
    with ExitStack() as stack:
        callers = [stack.enter_context(closing(connection(house, team, text))) for _ in range(SLOW_READERS)]
        began = time.monotonic()
        while time.monotonic() - began < LASTS:
            for caller in callers:
                try:
                    caller.recv(64)
                except BlockingIOError:
                    continue
                except ConnectionError:
                    return "the web process was restarted"
            time.sleep(0.5)
        seconds = answered_within(house)
    return f"{SLOW_READERS} callers; another is answered within {seconds:.2f} s"


def idle_connections(house: House, _team: Team) -> str:
    """Whoever comes after two thousand that say nothing is answered all the same."""
    address = ("127.0.0.1", house.port)
    with ExitStack() as stack:
        for _ in range(IDLE):
            stack.enter_context(closing(socket.create_connection(address, timeout=30)))
        seconds = answered_within(house)
        time.sleep(LASTS)
    return f"{IDLE} open; another is answered within {seconds:.2f} s"


def poison(house: House, team: Team) -> str:
    """Its workers die, then it is quarantined; sent again it kills nobody, and others' texts are spoken meanwhile."""
    text = f"{POISON}{random.randrange(10**9)}"
    began = time.monotonic()
    answer = team.speak(text)
    took = time.monotonic() - began
    assert (answer.status_code, code_of(answer)) == (422, "text_quarantined"), answer.text
    workers = house.platform.children("\0worker\0")
    again = team.speak(text)
    assert code_of(again) == "text_quarantined", again.text
    same = sorted(set(workers) & set(house.platform.children("\0worker\0")))
    return f"422 text_quarantined after {took:.0f} s; sent again, {len(same)} of {len(workers)} workers live on"


def damage_voice(house: House, team: Team) -> str:
    """A bit flips in a file of the second voice: it is refused, the others speak, and whole again it speaks."""
    file = max((house.home / "voices" / VOICES[1]).glob("*.onnx"), key=lambda one: one.stat().st_size)
    whole = file.read_bytes()
    middle = len(whole) // 2
    file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    try:
        for process in house.platform.children("\0worker\0"):  # who has it loaded speaks on
            os.kill(process, signal.SIGKILL)
        house.wait_until_ready()
        refused = team.speak("这个声音坏了", voice=VOICES[1], cache=False)
        other = team.speak("这个声音没坏", cache=False)
    finally:
        file.write_bytes(whole)
    mended = team.speak("这个声音又好了", voice=VOICES[1], cache=False)
    assert (refused.status_code, code_of(refused)) == (503, "voice_unavailable"), refused.text
    assert (other.status_code, mended.status_code) == (200, 200), (other.text[:300], mended.text[:300])
    return "503 voice_unavailable; others speak; mended, it speaks"


FAULTS: dict[str, Fault] = {
    "kill -9 a web process": partial(kill, "config.web", signal.SIGKILL),
    "kill -9 a worker": partial(kill, "\0worker\0", signal.SIGKILL),
    "kill -9 beat": partial(kill, "\0beat\0", signal.SIGKILL),
    "kill -9 PostgreSQL": partial(kill, "bin/postgres\0", signal.SIGKILL),
    "kill -9 a backend of PostgreSQL": kill_backend,
    "kill -9 Valkey": partial(kill, "valkey", signal.SIGKILL),
    "kill -9 the supervisor": kill_supervisor,
    "restart PostgreSQL": partial(kill, "bin/postgres\0", signal.SIGINT),
    "restart Valkey": partial(kill, "valkey", signal.SIGTERM),
    "flush Valkey": flush_valkey,
    "disk full": fill_disk,
    "slow disk": slow_disk,
    "clock stepped": step_clock,
    "slow readers": slow_readers,
    "2,000 idle connections": idle_connections,
    "poison text": poison,
    "damaged voice": damage_voice,
}


# --- Pieces of them -----------------------------------------------------------------------------


def broker(house: House) -> redis.Redis:
    return redis.Redis.from_url(embedded.valkey_url(house.home))


def ask(team: Team, text: str) -> httpx.Response:
    """Once, whatever is answered; again only where another fault came between."""
    body = {"model": "gpt-4o-mini-tts", "voice": VOICES[0], "input": text, "response_format": "pcm", "cache": False}
    while True:
        try:
            answer = httpx.post(f"{team.url}/v1/audio/speech", headers=team.headers, json=body, timeout=90)
        except httpx.TransportError:
            continue
        team.seen.add(answer.status_code, code_of(answer))
        if code_of(answer) != "temporarily_unavailable":
            return answer
        time.sleep(AGAIN)


def connection(house: House, team: Team, text: str) -> socket.socket:
    """A request that was sent, and of whose answer nothing has been read."""
    body = f'{{"model":"tts-1","voice":"{VOICES[0]}","input":"{text}","response_format":"wav"}}'.encode()
    caller = socket.create_connection(("127.0.0.1", house.port), timeout=30)
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    head = (
        f"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {team.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    caller.sendall(head.encode() + body)
    caller.setblocking(False)
    return caller


def answered_within(house: House) -> float:
    began = time.monotonic()
    httpx.get(f"{house.url}/healthz", timeout=30).raise_for_status()
    return time.monotonic() - began
