"""How fast is the built-in voice on one core, and how soon is its first sound?

Prints the real-time factor (wall / audio) of sentences of three lengths, the time to the first
chunk, and that time's share of the whole. Medians of repeats; one intra-op thread.

    python -m bench.voice
"""

import statistics
import tempfile
import time
from pathlib import Path

from tts_engine.speech.catalog import Catalog
from tts_engine.speech.speak import plan, speak
from tts_engine.speech.voice import Style

REPEATS = 5
SENTENCES = (
    "您的订单已经发货。",
    "您的订单已经发货，预计明天下午送达。",
    "尊敬的客户，您的保单将于下个月到期，如需继续享受保障，请您在到期之前登录手机应用办理续保手续。",
)


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        catalog = Catalog(Path(home))
        info, speaker = catalog.resolve("xiaoxiao")
        voice = catalog.load(info.id)
        for sentence in SENTENCES:
            utterances = plan(sentence, info, Style(speaker))
            walls, firsts = [], []
            for _ in range(REPEATS + 1):
                began = time.perf_counter()
                chunks = speak(voice, utterances)
                samples = len(next(chunks).samples)
                firsts.append(time.perf_counter() - began)
                samples += sum(len(chunk.samples) for chunk in chunks)
                walls.append(time.perf_counter() - began)
            seconds = samples / info.sample_rate
            wall, first = statistics.median(walls[1:]), statistics.median(firsts[1:])
            print(
                f"{seconds:5.2f} s of speech: RTF {wall / seconds:.3f}, first audio {first * 1000:.0f} ms "
                f"({first / wall:.2f} of the whole)"
            )


if __name__ == "__main__":
    main()
