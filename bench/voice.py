"""How fast is the built-in voice on one core, how soon is its first sound, and what does our decoder bring?

Prints, for sentences of three lengths, CPU and wall time a second of speech, both to the first chunk, and
the ratio of the CPU time with the decoder as published to ours, one after the other in one run; then how near
the two are in sound and level. Medians of repeats; one intra-op thread, so CPU time is wall time alone.

    python -m bench.voice
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx.utils

from tts_engine.speech.speak import plan, speak
from tts_engine.speech.voice import Samples, Style, Utterance, Voice
from tts_engine.speech.voices.kokoro import model
from tts_engine.speech.voices.kokoro.networks import Networks
from tts_engine.speech.voices.kokoro.voice import INFO, KokoroVoice
from tts_engine.speech.voices.sambert.fidelity import fidelity

REPEATS = 5
SENTENCES = (
    "您的订单已经发货。",
    "您的订单已经发货，预计明天下午送达。",
    "尊敬的客户，您的保单将于下个月到期，如需继续享受保障，请您在到期之前登录手机应用办理续保手续。",
)


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        folder = model.install(Path(home), INFO.revision)
        print(f"{model.decoder(folder)}, against the decoder as published")
        ours, published = (KokoroVoice(Networks(each, threads=1)) for each in (folder, as_published(folder)))
        heard: list[tuple[Samples, Samples]] = []
        for sentence in SENTENCES:
            utterances = plan(sentence, INFO, Style("xiaoxiao"))
            heard.append(compared(ours, published, utterances))
    ours_heard, published_heard = zip(*heard, strict=True)
    near = fidelity(published_heard, ours_heard, INFO.sample_rate)
    level = 10 * np.log10(power(ours_heard) / power(published_heard))
    print(f"log-mel distance {near.log_mel_distance:.2f} dB, level {level:+.2f} dB")


def as_published(folder: Path) -> Path:
    """A copy of `folder` whose decoders are cut from the published graph and left as they are."""
    copy = folder.with_name("published")
    shutil.copytree(folder, copy)
    cutter = onnx.utils.Extractor(onnx.load_model_from_string(model.published_model()))
    for name in model.DECODERS:
        onnx.save(cutter.extract_model(*model.NETWORKS["decoder"]), copy / f"{name}.onnx")
    return copy


@dataclass(frozen=True, slots=True)
class Run:
    """What was said, and the seconds it took: CPU and wall time, to the end and to the first chunk."""

    samples: Samples
    cpu: float
    wall: float
    first_cpu: float
    first_wall: float


def compared(ours: Voice, published: Voice, utterances: Sequence[Utterance]) -> tuple[Samples, Samples]:
    """Print how both speak the utterances, and return what they said."""
    for voice in (ours, published):
        spoken(voice, utterances)
    pairs = [(spoken(ours, utterances), spoken(published, utterances)) for _ in range(REPEATS)]
    one, other = pairs[0]
    seconds = len(one.samples) / INFO.sample_rate
    median = statistics.median
    print(
        f"{seconds:5.2f} s of speech: {median(our.cpu for our, _ in pairs) / seconds:.3f} s of CPU a second, "
        f"RTF {median(our.wall for our, _ in pairs) / seconds:.3f}; first audio after "
        f"{median(our.first_cpu for our, _ in pairs) * 1000:.0f} ms of CPU, "
        f"{median(our.first_wall for our, _ in pairs) * 1000:.0f} ms; the published decoder takes "
        f"{median(their.cpu / our.cpu for our, their in pairs):.2f} times the CPU"
    )
    return one.samples, other.samples


def spoken(voice: Voice, utterances: Sequence[Utterance]) -> Run:
    cpu, wall = time.process_time(), time.perf_counter()
    chunks = speak(voice, utterances)
    samples = [next(chunks).samples]
    first_cpu, first_wall = time.process_time() - cpu, time.perf_counter() - wall
    samples += [chunk.samples for chunk in chunks]
    spent, passed = time.process_time() - cpu, time.perf_counter() - wall
    return Run(np.concatenate(samples), spent, passed, first_cpu, first_wall)


def power(heard: Sequence[Samples]) -> float:
    return float(np.mean(np.concatenate(heard) ** 2))


if __name__ == "__main__":
    main()
