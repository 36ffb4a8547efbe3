"""What a worker process does with a row: read, speak, encode, relay, store, account for it."""

import time
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache as memoize
from itertools import repeat

import structlog
from django.conf import settings
from django.db import connection
from structlog.contextvars import bound_contextvars

from tts_engine import cache, eviction, queue, relay, sentences
from tts_engine.batcher import Batcher
from tts_engine.errors import SynthesisFailed
from tts_engine.leases import LeaseKeeper
from tts_engine.models import Synthesis
from tts_engine.sentences import Place
from tts_engine.services import catalog, forget_if_deleted, style_of
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.audio.render import rendered
from tts_engine.speech.errors import SpeechError
from tts_engine.speech.speak import join, plan
from tts_engine.speech.voice import Style, Utterance
from tts_engine.store import Copy, Draft
from tts_engine.turns import Turn, in_order

log = structlog.get_logger()


class Engine:
    """The voices this process has loaded, one batcher each, and the leases it holds."""

    def __init__(self) -> None:
        self.catalog = catalog()
        self.leases = LeaseKeeper()
        # by revision too: a voice that was added again is another voice
        self._batcher = memoize(lambda voice_id, _revision: Batcher(self.catalog.load(voice_id)))

    def warm_up(self) -> None:
        """Load what the first request would otherwise wait for: the default voice and the front end."""
        info, speaker = self.catalog.resolve(settings.DEFAULT_VOICE)
        greeting = plan("你好。", info, Style(speaker=speaker))
        for utterance in greeting:
            list(self._batcher(info.id, info.revision).submit(utterance, order=(0, 0, 0)))

    def speak_next(self) -> bool:
        """Claim the next row and speak it to its end; False if nothing waits."""
        synthesis = queue.claim()
        connection.close()  # nothing holds a database connection while it speaks
        if synthesis is None:
            return False
        with self.leases.hold(synthesis), bound_contextvars(request_id=str(synthesis.id), attempt=synthesis.attempt):
            try:
                if not self._repeat(synthesis):
                    self._speak(synthesis)
            except SpeechError as error:
                refused = SynthesisFailed(str(error), code=error.code, param=error.param, refused=True)
                queue.fail(synthesis, refused)
                log.info("refused", code=error.code)
            except Exception:
                log.exception("synthesis_failed", voice=synthesis.voice)
                message = "The voice failed on this text; nothing was billed. The operator finds the cause in the log."
                queue.fail(synthesis, SynthesisFailed(message, code="synthesis_failed"))
        return True

    def _repeat(self, synthesis: Synthesis) -> bool:
        """Answer it with a result that another request came to while this one waited; False if there is none.

        It bills what was promised when it was taken in, and its answer said so.
        """
        found = cache.find(synthesis)
        connection.close()
        if found is None:
            return False
        outcome = queue.Outcome(audio_ms=found.audio_ms or 0, first_byte_ms=0, synthesis_ms=0)
        try:
            kept = queue.finish(synthesis, outcome, Copy(source=found, target=synthesis))
        except FileNotFoundError:  # it was deleted just now
            return False
        log.info("repeated", kept=kept, voice=synthesis.voice, characters=synthesis.characters, of=str(found.id))
        return True

    def _speak(self, synthesis: Synthesis) -> None:
        began = time.monotonic()
        info, speaker = self.catalog.resolve(synthesis.voice)
        utterances = plan(synthesis.text, info, style_of(synthesis, speaker))
        batcher = self._batcher(info.id, info.revision)
        turns = self._turns(batcher, utterances, synthesis)
        first_byte_ms = 0
        with Draft(synthesis, voice_rate=info.sample_rate) as draft:
            speech = join(utterances, in_order(turns, ahead=info.batch_size), info.sample_rate)
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
                sentences=len(turns),
                sentences_cached=sum(turn.cached for turn in turns),
            )
            kept = queue.finish(synthesis, outcome, draft)
        forget_if_deleted(synthesis)
        eviction.stored(sum(turn.size for turn in turns))
        log.info("spoken", kept=kept, voice=synthesis.voice, characters=synthesis.characters, **asdict(outcome))

    def _turns(self, batcher: Batcher, utterances: list[Utterance], synthesis: Synthesis) -> list[Turn]:
        """One a sentence, each with its place in the cache if the request has a part in it."""
        places: Iterable[Place | None] = repeat(None)
        if synthesis.cache_key:
            places = sentences.places(synthesis, batcher.voice.info.revision, utterances)
        return [
            Turn(batcher, utterance, (synthesis.priority, synthesis.start_tag or 0, number), place)
            for number, (utterance, place) in enumerate(zip(utterances, places, strict=False))
        ]


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


@memoize
def engine() -> Engine:
    """One engine a worker process."""
    return Engine()
