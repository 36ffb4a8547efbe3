"""What does the platform cost on top of the bare voice: HTTP, queue, database, relay?

Speaks the same sentence alternately with the voice in this process and through `POST /v1/audio/speech`
of a platform of its own, and prints the medians of the whole, of the first audio and of the pairs'
differences. A repeat from the tenant's cache shows the same path without queue and voice, a text of ten
seconds when somebody begins to hear what takes longer to speak.

    python -m bench.platform_cost
"""

import statistics
import time

from bench.instance import Instance, running
from tts_engine.speech.catalog import Catalog
from tts_engine.speech.speak import plan, speak
from tts_engine.speech.voice import Style

REPEATS = 15
SPEAKER = "xiaoxiao"
SENTENCE = "您的订单已经发货，预计明天下午送达。"
TEN_SECONDS = "今天天气晴朗，气温二十三度，适合外出活动。请大家提前安排好行程，注意交通安全，祝您一路顺风，生活愉快。"

Timing = tuple[float, float]  # seconds to the first audio and to the last


class BareVoice:
    def __init__(self, instance: Instance) -> None:
        catalog = Catalog(instance.home)
        self.info, self.speaker = catalog.resolve(SPEAKER)
        self.voice = catalog.load(self.info.id)

    def time(self) -> Timing:
        began = time.perf_counter()
        chunks = speak(self.voice, plan(SENTENCE, self.info, Style(self.speaker)))
        next(chunks)
        first = time.perf_counter() - began
        for _ in chunks:
            pass
        return first, time.perf_counter() - began


class Door:
    def __init__(self, instance: Instance) -> None:
        self.client = instance.client(timeout=60)

    def time(self, *, cache: bool, text: str = SENTENCE) -> Timing:
        body = {"model": "tts-1", "voice": SPEAKER, "input": text, "response_format": "pcm", "cache": cache}
        began = time.perf_counter()
        with self.client.stream("POST", "/v1/audio/speech", json=body) as answer:
            answer.raise_for_status()
            pieces = answer.iter_raw()
            next(pieces)
            first = time.perf_counter() - began
            for _ in pieces:
                pass
        return first, time.perf_counter() - began


def median_ms(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1000


def main() -> None:
    with running() as instance:
        voice, door = BareVoice(instance), Door(instance)
        for _ in range(3):  # every worker has the voice loaded, every connection is open
            voice.time()
            door.time(cache=False)
        pairs = [(voice.time(), door.time(cache=False)) for _ in range(REPEATS)]
        door.time(cache=True)
        hits = [door.time(cache=True)[1] for _ in range(REPEATS)]
        long = [door.time(cache=False, text=TEN_SECONDS)[0] for _ in range(REPEATS)]
    for name, part in (("first audio", 0), ("whole", 1)):
        bare = median_ms([alone[part] for alone, _ in pairs])
        through = median_ms([served[part] for _, served in pairs])
        added = median_ms([served[part] - alone[part] for alone, served in pairs])
        print(f"{name}: bare voice {bare:.0f} ms, through HTTP {through:.0f} ms, added {added:.0f} ms")
    print(f"the same from the cache: {median_ms(hits):.1f} ms")
    print(f"first audio of a text of ten seconds, through HTTP: {median_ms(long):.0f} ms")


if __name__ == "__main__":
    main()
