"""What a worker process does with a row: read, speak, encode, relay, store, account for it."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from itertools import chain

import structlog
from django.conf import settings
from structlog.contextvars import bound_contextvars

from tts_engine import fair, queue, relay
from tts_engine.batcher import Batcher, Hearing
from tts_engine.errors import SynthesisFailed
from tts_engine.fair import Order
from tts_engine.leases import LeaseKeeper
from tts_engine.models import Synthesis
from tts_engine.pace import Pace
from tts_engine.services import catalog, style_of
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.audio.render import rendered
from tts_engine.speech.errors import SpeechError
from tts_engine.speech.speak import join, plan
from tts_engine.speech.voice import Chunk, Style, Utterance, VoiceInfo
from tts_engine.store import Draft
from tts_engine.taking import Taker

log = structlog.get_logger()


class Engine:
    """The voices this process has loaded, one batcher each, and the leases of the rows it has in hand."""

    def __init__(self) -> None:
        self.catalog = catalog()
        self.leases = LeaseKeeper()
        self.pace = Pace()
        self.taker = Taker(self.speak, self._ahead)
        self._batchers: dict[tuple[str, str], Batcher] = {}
        self._loading = threading.Lock()

    def warm_up(self) -> None:
        """Load what the first request would otherwise wait for: the default voice and the front end."""
        info, speaker = self.catalog.resolve(settings.DEFAULT_VOICE)
        greeting = plan("你好。", info, Style(speaker=speaker))
        for utterance in greeting:
            list(self._batcher(info).submit(utterance))

    def speak(self, synthesis: Synthesis) -> None:
        """Speak a claimed row to its end, good or bad."""
        with self.leases.hold(synthesis), bound_contextvars(request_id=str(synthesis.id), attempt=synthesis.attempt):
            try:
                self._speak(synthesis)
            except SpeechError as error:
                refused = SynthesisFailed(str(error), code=error.code, param=error.param, refused=True)
                queue.fail(synthesis, refused)
                log.info("refused", code=error.code)
            except Exception:
                log.exception("synthesis_failed", voice=synthesis.voice)
                message = "The voice failed on this text; nothing was billed. The operator finds the cause in the log."
                queue.fail(synthesis, SynthesisFailed(message, code="synthesis_failed"))

    def _batcher(self, info: VoiceInfo) -> Batcher:
        key = info.id, info.revision  # a voice that was added again is another voice
        with self._loading:
            if key not in self._batchers:
                self._batchers[key] = Batcher(self.catalog.load(info.id), pace=self.pace, begun=self.taker.begun)
            return self._batchers[key]

    def _ahead(self) -> list[Order]:
        """The sentences that wait, of all voices together: they share one core."""
        return list(chain.from_iterable(batcher.waiting() for batcher in list(self._batchers.values())))

    def _speak(self, synthesis: Synthesis) -> None:
        began = time.monotonic()
        info, speaker = self.catalog.resolve(synthesis.voice)
        utterances = plan(synthesis.text, info, style_of(synthesis, speaker))
        first_byte_ms = 0
        with Draft(synthesis, voice_rate=info.sample_rate) as draft:
            speech = join(utterances, self._chunks(info, utterances, synthesis), info.sample_rate)
            encoded = rendered(
                draft.master(chunk.samples for chunk in speech),
                info.sample_rate,
                FORMATS[synthesis.audio_format],
                wanted_rate=synthesis.sample_rate,
                volume=synthesis.volume,
            )
            for piece in draft.answer(encoded):
                first_byte_ms = first_byte_ms or _since(began)
                relay.send(synthesis.id, piece, attempt=synthesis.attempt, offset=draft.size - len(piece))
            outcome = queue.Outcome(
                audio_ms=round(draft.frames * 1000 / info.sample_rate),
                first_byte_ms=first_byte_ms,
                synthesis_ms=_since(began),
            )
            kept = queue.finish(synthesis, outcome, draft)
        log.info("spoken", kept=kept, voice=synthesis.voice, characters=synthesis.characters, **asdict(outcome))

    def _chunks(self, info: VoiceInfo, utterances: list[Utterance], synthesis: Synthesis) -> Iterator[Iterator[Chunk]]:
        """The chunks of each sentence; one batch of sentences is always in work ahead of the reader."""
        batcher = self._batcher(info)
        lengths = [len(utterance.sentence.text) for utterance in utterances]
        tags = fair.sentence_tags(synthesis.start_tag or 0, synthesis.finish_tag or 0, lengths)
        ahead: deque[Hearing] = deque()
        try:
            for utterance, tag in zip(utterances, tags, strict=True):
                ahead.append(batcher.submit(utterance, order=(synthesis.priority, tag)))
                self.taker.read(synthesis)
                if len(ahead) > batcher.voice.info.batch_size:
                    yield ahead.popleft()
            while ahead:
                yield ahead.popleft()
        finally:
            for hearing in ahead:
                hearing.close()


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


@cache
def engine() -> Engine:
    """One engine a worker process."""
    return Engine()
