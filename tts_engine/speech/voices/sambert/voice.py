"""A compiled Sambert-HiFiGAN voice behind the Voice protocol: onnxruntime and numpy alone.

    Sentence --units--> rows --plan--> durations --Decoding--> stretches of mel --Voicing--> samples

The acoustic model runs a batch step by step; utterances join and leave between two steps. Each has a
voicing of its own, which turns its frames to samples as soon as they are there.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tts_engine.speech.errors import SpeechError
from tts_engine.speech.voice import (
    CharacterTime,
    Chunk,
    More,
    Samples,
    Spoken,
    Utterance,
    VoiceInfo,
    nobody_more,
)
from tts_engine.speech.voices.sambert.acoustic_files import Precision
from tts_engine.speech.voices.sambert.acoustic_runtime import CompiledAcoustic
from tts_engine.speech.voices.sambert.decoding import Decoding, Stretch
from tts_engine.speech.voices.sambert.description import Description, read_inventory, verify
from tts_engine.speech.voices.sambert.regulate import Plan
from tts_engine.speech.voices.sambert.scripts import script_of
from tts_engine.speech.voices.sambert.times import character_times
from tts_engine.speech.voices.sambert.units import Unit, runs_of, units_of
from tts_engine.speech.voices.sambert.vocoder_files import VocoderPrecision
from tts_engine.speech.voices.sambert.vocoder_runtime import Vocoder, Voicing


def load(folder: Path, threads: int = 1) -> "SambertVoice":
    """The voice compiled into `folder`, ready to speak. Raises VoiceUnavailable."""
    description = Description.read(folder)
    verify(folder, description)
    return SambertVoice(folder, description, threads)


class SambertVoice:
    """One loaded voice. All state of an utterance is in the call, so any number of threads may speak."""

    def __init__(
        self,
        folder: Path,
        description: Description,
        threads: int = 1,
        decoder: Precision | None = None,
        vocoder: VocoderPrecision | None = None,
    ) -> None:
        """Precisions other than the folder's own are for measuring."""
        self.info: VoiceInfo = description.info
        self._description = description
        self._inventory = read_inventory(folder)
        self._acoustic = CompiledAcoustic(folder, decoder, threads)
        self._vocoder = Vocoder(folder, vocoder, threads)

    def speak(self, batch: Sequence[Utterance], more: More = nobody_more) -> Iterator[tuple[int, Spoken]]:
        decoding = self._acoustic.start([])
        speaking: dict[int, Speaking] = {}  # by their number in the decoding
        count = 0
        coming = batch
        while coming or speaking:
            for number, utterance in enumerate(coming, count):
                try:
                    begun = self._begin(number, utterance)
                except SpeechError as error:
                    yield number, error
                    continue
                if begun.plans:
                    speaking[decoding.join(begun.plans.popleft())] = begun
                else:
                    yield number, None
            count += len(coming)
            for stretch in decoding.advance() if speaking else ():
                yield from self._heard(stretch, speaking, decoding)
            free = self.info.batch_size - len(speaking)
            coming = more(free) if free > 0 else ()

    def _begin(self, number: int, utterance: Utterance) -> "Speaking":
        """Decide when each sound is spoken. Raises UnknownUnit."""
        units = units_of(utterance.sentence, utterance.style.emotion, self._speaker_row(utterance))
        runs = list(runs_of(units, self._acoustic.sizes.longest))
        plans = deque(self._plan(run, utterance) for run in runs)
        frame = self._vocoder.description.hop / self.info.sample_rate
        seconds = [frames * frame for plan in plans for frames in plan.durations.tolist()]
        times = character_times(utterance.sentence.text, [unit for run in runs for unit in run], seconds)
        return Speaking(number, plans, times, self._vocoder.start(), self.info.sample_rate)

    def _speaker_row(self, utterance: Utterance) -> str:
        return self._description.row_name(utterance.style.speaker)

    def _plan(self, run: Sequence[Unit], utterance: Utterance) -> Plan:
        style, rows = utterance.style, self._inventory.rows(run)
        return self._acoustic.plan(
            script_of(
                self._acoustic,
                self._inventory,
                rows,
                intensity=style.emotion_intensity,
                speed=style.speed,
                pitch=style.pitch,
            )
        )

    def _heard(
        self, stretch: Stretch, speaking: dict[int, "Speaking"], decoding: Decoding
    ) -> Iterator[tuple[int, Spoken]]:
        """What the next frames of an utterance let be heard; at its last, its next run or its end."""
        one = speaking[stretch.row]
        f0 = self._description.f0
        features = f0.in_hertz(stretch.mel) if f0 else stretch.mel
        for samples in one.voicing.feed(features, stretch.last):
            yield one.number, one.chunk(samples)
        if not stretch.last:
            return
        del speaking[stretch.row]
        if one.plans:
            one.voicing = self._vocoder.start()
            speaking[decoding.join(one.plans.popleft())] = one
        else:
            yield one.number, None


@dataclass(slots=True)
class Speaking:
    """An utterance on its way: what of it is still to be decoded, and how far it is heard."""

    number: int
    plans: deque[Plan]  # of the runs that have not begun
    times: list[CharacterTime]
    voicing: Voicing
    sample_rate: int
    samples: int = 0
    begun: int = 0  # characters

    def chunk(self, samples: Samples) -> Chunk:
        self.samples += len(samples)
        upto = bisect_left(self.times, self.samples / self.sample_rate, lo=self.begun, key=lambda time: time.start)
        characters = tuple(self.times[self.begun : upto])
        self.begun = upto
        return Chunk(samples, characters)
