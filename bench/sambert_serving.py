"""What an added voice needs beside its time: patience, memory, and no regard for other threads.

    python -m bench.sambert_serving HOME VOICE

HOME is where `manage.py voices add` put VOICE (`VOXHOUSE_HOME`). Prints

- the time to the first audio of a sentence of ten seconds or more, one thread, the quickest of some passes;
- how many of the utterances that two threads spoke at once differ in any bit from what one makes alone;
- megabytes resident of a worker whose default voice it is: ready, and after fifty sentences.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import psutil

from bench.instance import running
from tts_engine.speech.catalog import Catalog
from tts_engine.speech.speak import plan
from tts_engine.speech.voice import Samples, Style, Utterance, Voice, VoiceInfo, speak_alone
from tts_engine.speech.voices.sambert.checking import SENTENCES

PASSES = 5
TIMES = 500  # of each of two threads
SPOKEN = 50  # sentences
CLAUSES = "尊敬的客户您的保单将于下个月到期如需继续享受保障请您在到期之前登录手机应用办理续保手续"
LONG = 10.0  # seconds
SHORT = ("你好。", "再见！")


def utterance(text: str, info: VoiceInfo, speaker: str) -> Utterance:
    (one,) = plan(text, info, Style(speaker))
    return one


def spoken(voice: Voice, said: Utterance) -> Samples:
    return np.concatenate([chunk.samples for chunk in speak_alone(voice, said)])


def long_sentence(voice: Voice, speaker: str) -> Utterance:
    """The shortest beginning of CLAUSES that takes ten seconds to say; how long a voice takes is its own."""
    for end in range(10, len(CLAUSES) + 1, 2):
        said = utterance(f"{CLAUSES[:end]}。", voice.info, speaker)
        if len(spoken(voice, said)) >= LONG * voice.info.sample_rate:
            break
    return said


def first_audio(voice: Voice, said: Utterance) -> dict[str, float]:
    walls, cpus, samples = [], [], 0
    for _ in range(PASSES):
        wall, cpu = time.perf_counter(), time.process_time()
        chunks = speak_alone(voice, said)
        samples = len(next(chunks).samples)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        samples += sum(len(chunk.samples) for chunk in chunks)
    seconds = samples / voice.info.sample_rate
    return {"sentence_seconds": seconds, "wall_ms": min(walls) * 1000, "cpu_ms": min(cpus) * 1000}


def differing(voice: Voice, speaker: str) -> dict[str, int]:
    said = [utterance(text, voice.info, speaker) for text in SHORT]
    alone = [spoken(voice, each) for each in said]

    def differ(which: int) -> int:
        return sum(not np.array_equal(spoken(voice, said[which]), alone[which]) for _ in range(TIMES))

    with ThreadPoolExecutor(2) as pool:
        return {"spoken": 2 * TIMES, "differ": sum(pool.map(differ, range(2)))}


def memory(home: Path, speaker: str) -> dict[str, float]:
    environment = {"VOXHOUSE_DEFAULT_VOICE": speaker, "VOXHOUSE_WORKERS": "1"}
    with running(voices=home / "voices", **environment) as instance:
        (worker,) = instance.parts()["worker"]
        ready = resident(worker)
        with instance.client(timeout=600) as client:
            for number in range(SPOKEN):
                speak(client, speaker, SENTENCES[number % len(SENTENCES)])
        return {"ready_mb": ready, "after_mb": resident(worker), "sentences": SPOKEN}


def speak(client: httpx.Client, speaker: str, text: str) -> None:
    body = {"model": "tts-1", "voice": speaker, "input": text, "response_format": "pcm", "cache": False}
    client.post("/v1/audio/speech", json=body).raise_for_status()


def resident(process: psutil.Process) -> float:
    """Megabytes."""
    return round(float(process.memory_info().rss) / 2**20, 1)


def main(home: Path, name: str) -> None:
    catalog = Catalog(home)
    info, speaker = catalog.resolve(name)
    voice = catalog.load(info.id)
    result = {
        "first_audio": first_audio(voice, long_sentence(voice, speaker)),
        "worker": memory(home, speaker),
        "two_threads": differing(voice, speaker),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
