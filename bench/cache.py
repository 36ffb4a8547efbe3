"""What does each level of the cache bring?

Through `POST /v1/audio/speech` of a platform of its own, in turns: a text spoken anew, the same one put
together from cached sentences (asked at another volume each time, so that no whole result fits), and the
same one again. Then a new text from so many clients at once, with and without the cache.

    python -m bench.cache
"""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from bench.instance import Instance, running

ROUNDS = 5
CLIENTS = 8
TEXT = "您的订单已经发货，预计明天下午送达。请保持电话畅通。"


class Door:
    def __init__(self, instance: Instance) -> None:
        self.client = instance.client(timeout=600, limits=httpx.Limits(max_connections=CLIENTS))

    def seconds(self, text: str = TEXT, *, cache: bool = True, volume: float = 0.0) -> float:
        body = {
            "model": "tts-1",
            "voice": "xiaoxiao",
            "input": text,
            "response_format": "mp3",
            "cache": cache,
            "volume": volume,
        }
        began = time.perf_counter()
        self.client.post("/v1/audio/speech", json=body).raise_for_status()
        return time.perf_counter() - began

    def seconds_at_once(self, text: str, *, cache: bool) -> float:
        """Until the last of CLIENTS that ask for the same has its answer."""
        began = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as threads:
            list(threads.map(lambda _: self.seconds(text, cache=cache), range(CLIENTS)))
        return time.perf_counter() - began


def main() -> None:
    with running() as instance:
        door = Door(instance)
        door.seconds()
        for _ in range(3):  # every worker has the voice loaded
            door.seconds(cache=False)
        rounds = [
            (door.seconds(cache=False), door.seconds(volume=1 + number / 10), door.seconds())
            for number in range(ROUNDS)
        ]
        apart = door.seconds_at_once(f"第一次，{TEXT}", cache=False)
        shared = door.seconds_at_once(f"第二次，{TEXT}", cache=True)
    spoken, joined, repeated = (statistics.median(level) for level in zip(*rounds, strict=True))
    print(f"spoken anew: {spoken * 1000:.0f} ms")
    print(f"from cached sentences: {joined * 1000:.1f} ms, {spoken / joined:.1f} times as fast")
    print(f"a repeat: {repeated * 1000:.1f} ms, {spoken / repeated:.1f} times as fast")
    print(
        f"{CLIENTS} clients at once with the same new text: {shared:.2f} s, without the cache {apart:.2f} s, "
        f"{apart / shared:.1f} times as fast"
    )


if __name__ == "__main__":
    main()
