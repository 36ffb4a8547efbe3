"""What a worker process does with a row: read, speak, encode, relay, store, account for it."""

import threading
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from functools import cache as memoize
from itertools import chain, repeat

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from structlog.contextvars import bound_contextvars

from tts_engine import (
    cache,
    clips,
    eviction,
    fair,
    labels,
    quarantine,
    queue,
    relay,
    room,
    sentences,
    store,
    tally,
    telling,
    tracing,
)
from tts_engine.batcher import Batcher
from tts_engine.errors import DictionaryTextTooLong, StorageFull, SynthesisFailed
from tts_engine.fair import Rank
from tts_engine.leases import LeaseKeeper
from tts_engine.models import Labelling, Synthesis
from tts_engine.pace import Pace
from tts_engine.scripts import Written
from tts_engine.sentences import Place
from tts_engine.services import catalog, forget_if_deleted, read_late, style_of, voice_named
from tts_engine.speech.audio.cue import announced
from tts_engine.speech.audio.silence import leading, trailing
from tts_engine.speech.catalog import kind
from tts_engine.speech.errors import SpeechError, UnknownVoice, VoiceUnavailable
from tts_engine.speech.speak import Line, Part, join, lines_of, plan, staged
from tts_engine.speech.text import read_script
from tts_engine.speech.text.script import Clip
from tts_engine.speech.text.types import Sentence
from tts_engine.speech.timeline import Timekeeper
from tts_engine.speech.voice import Chunk, Style, VoiceInfo
from tts_engine.store import Copy, Draft, rendered_for
from tts_engine.taking import Taker
from tts_engine.turns import Turn, in_order

log = structlog.get_logger()

VOICE_DAMAGED = SynthesisFailed(
    "This voice cannot speak just now, as files of it are missing or damaged; nothing was billed. Take another voice,"
    " or tell the operator, who finds the file in the log.",
    code=VoiceUnavailable.code,
    param=VoiceUnavailable.param,
)
DISK_FULL = SynthesisFailed(room.FULL, code=StorageFull.code)

NOBODY_LISTENS, _ = fair.LAST  # as a priority: after all others


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
        """Load what the first request would otherwise wait for: the default voice, the front end, a bucket's client.

        Where that voice is missing or damaged the others are spoken all the same.
        """
        store.shelf()
        try:
            info, speaker = self.catalog.resolve(settings.DEFAULT_VOICE)
            for utterance in plan("你好。", info, Style(speaker=speaker)):
                list(self._batcher(info).submit(utterance))
        except (UnknownVoice, VoiceUnavailable) as error:
            log.error("default_voice_unavailable", voice=settings.DEFAULT_VOICE, error=str(error))

    def speak(self, synthesis: Synthesis) -> None:
        """Speak a claimed row to its end, good or bad."""
        told = {"request_id": str(synthesis.id), "attempt": synthesis.attempt}
        with self.leases.hold(synthesis), bound_contextvars(**told), tracing.speaking(synthesis):
            try:
                if quarantine.holds(synthesis):
                    _fail(synthesis, quarantine.REFUSAL)
                    return
                if synthesis.job_id:
                    read_late(synthesis)
                if not self._repeat(synthesis):
                    self._speak(synthesis)
            except VoiceUnavailable as error:  # which names the file, and that is the operator's
                log.error("voice_unavailable", voice=synthesis.voice, error=str(error))
                _fail(synthesis, VOICE_DAMAGED)
            except (OperationalError, InterfaceError) as error:
                # Nothing is known to be wrong with the row: its lease runs out, and it is spoken again.
                log.warning("database_away", error=str(error))
            except (SpeechError, DictionaryTextTooLong) as error:
                log.info("refused", code=error.code, **telling.of_speech(synthesis))
                _fail(synthesis, SynthesisFailed(str(error), code=error.code, param=error.param, refused=True))
            except Exception as error:  # of a voice, a file or the disk: the row must not stay in hand
                _give_up(synthesis, error)

    def finish(self) -> bool:
        """Speak the rows in hand to their end; False if it took too long, and others were given them."""
        if self.taker.finish(within=settings.WORKER_LEAVES_WITHIN):
            return True
        log.info("given_back", rows=self.leases.give_back())
        return False

    def _batcher(self, info: VoiceInfo) -> Batcher:
        key = info.id, info.revision  # a voice that was added again is another voice
        with self._loading:
            if key not in self._batchers:
                self._batchers[key] = Batcher(self.catalog.load(info.id), pace=self.pace, begun=self.taker.begun)
            return self._batchers[key]

    def _ahead(self) -> list[Rank]:
        """The sentences that wait, of all voices together: they share one core."""
        return list(chain.from_iterable(batcher.waiting() for batcher in list(self._batchers.values())))

    def _repeat(self, synthesis: Synthesis) -> bool:
        """Answer it with a result that another request came to while this one waited; False if there is none.

        It bills what was promised when it was taken in, and its answer said so.
        """
        found = cache.find(synthesis)
        connection.close()
        if found is None:
            return False
        outcome = queue.Outcome(audio_ms=found.audio_ms, first_byte_ms=0, synthesis_ms=0)
        try:
            kept = queue.finish(synthesis, outcome, Copy(source=found, target=synthesis))
        except FileNotFoundError:  # it was deleted just now
            return False
        log.info("repeated", kept=kept, of=str(found.id), audio_ms=outcome.audio_ms, **telling.of_speech(synthesis))
        return True

    def _speak(self, synthesis: Synthesis) -> None:
        began = time.monotonic()
        info, speaker = voice_named(synthesis.voice)
        with tracing.step("read"):
            items = read_script(Written.of(synthesis).script())
            parts = staged(items, info, style_of(synthesis, speaker), voice_named)
        turns = self._turns(lines_of(parts), synthesis)
        first_byte_ms = 0
        with Draft(synthesis, voice_rate=info.sample_rate) as draft:
            heard = self._heard(parts, self._in_order(turns, synthesis, info.batch_size), synthesis, info.sample_rate)
            keeper = Timekeeper(map(_named, lines_of(parts)), info.sample_rate)
            speech = keeper.listen(_framed(join(parts, heard, info.sample_rate), info.sample_rate, synthesis))
            encoded = rendered_for(
                synthesis,
                draft.master(chunk.samples for chunk in speech),
                info.sample_rate,
                audio_format=synthesis.audio_format,
                label=labels.label_of(synthesis),
            )
            for piece in draft.answer(encoded):
                first_byte_ms = first_byte_ms or _since(began)
                if not synthesis.job_id:
                    offset = draft.size - len(piece)
                    relay.send(synthesis.id, piece, attempt=synthesis.attempt, offset=offset, heard=keeper.news())
            draft.timeline = keeper.timeline
            outcome = queue.Outcome(
                audio_ms=round(draft.frames * 1000 / info.sample_rate),
                first_byte_ms=first_byte_ms,
                synthesis_ms=_since(began),
                sentences=len(turns),
                sentences_cached=sum(turn.cached for turn in turns),
            )
            with tracing.step("store"):
                kept = queue.finish(synthesis, outcome, draft)
        tracing.note(kept=kept, **asdict(outcome))
        if kept:
            _count(synthesis, outcome, kind(synthesis.voice, self.catalog.names()))
        forget_if_deleted(synthesis)
        eviction.stored(sum(turn.size for turn in turns))
        waited_ms = queue.waited_ms(synthesis)
        log.info("spoken", kept=kept, queue_ms=waited_ms, **asdict(outcome), **telling.of_speech(synthesis))

    def _heard(
        self, parts: list[Part], turns: Iterator[Turn], synthesis: Synthesis, sample_rate: int
    ) -> Iterator[Iterable[Chunk]]:
        """The chunks of every line and of every recording between them."""
        for part in parts:
            if isinstance(part, Line):
                yield next(turns)
            elif isinstance(part, Clip):
                yield clips.heard(synthesis.tenant_id, part, sample_rate)

    def _turns(self, lines: list[Line], synthesis: Synthesis) -> list[Turn]:
        """One a sentence, each with its place in the cache if the request has a part in it."""
        places: Iterable[Place | None] = repeat(None)
        if synthesis.cache_key and synthesis.keeps_text:  # a sentence has its characters beside its sound
            places = [sentences.place_of(synthesis.tenant_id, one.voice.revision, one.utterance) for one in lines]
        lengths = [len(line.utterance.sentence.text) for line in lines]
        tags = fair.sentence_tags(synthesis.start_tag or 0, synthesis.finish_tag or 0, lengths)
        return [
            Turn(self._batcher(line.voice), line.utterance, (synthesis.priority, tag), place)
            for line, tag, place in zip(lines, tags, places, strict=False)
        ]

    def _in_order(self, turns: list[Turn], synthesis: Synthesis, ahead: int) -> Generator[Turn, None, None]:
        """The sentences, one batch of them always in work ahead of the reader."""
        with closing(in_order(turns, ahead=ahead)) as coming:
            for turn in coming:
                self.taker.read(synthesis)  # its next sentences wait for the voice by now
                if not synthesis.job_id and relay.has_hung_up(synthesis.id):
                    for each in turns:
                        each.priority = NOBODY_LISTENS
                yield turn


def _framed(speech: Iterator[Chunk], rate: int, synthesis: Synthesis) -> Iterator[Chunk]:
    """With what the request wants around it: the audible label, then silence at both ends."""
    if synthesis.label == Labelling.AUDIBLE:
        speech = announced(speech, rate)
    if synthesis.leading_silence_ms is not None:
        speech = leading(speech, rate, synthesis.leading_silence_ms)
    if synthesis.trailing_silence_ms is not None:
        speech = trailing(speech, rate, synthesis.trailing_silence_ms)
    return speech


def _named(line: Line) -> tuple[Sentence, str]:
    """A sentence and its speaker: the role that the text gives it, else as a person would read the voice's name."""
    utterance = line.utterance
    names = {speaker.id: speaker.name for speaker in line.voice.speakers}
    return utterance.sentence, line.manner.role or names.get(utterance.style.speaker, utterance.style.speaker)


def _count(synthesis: Synthesis, outcome: queue.Outcome, voice: str) -> None:
    """For Prometheus, one speech that was made here."""
    tally.SENTENCES.add(voice, "cached", by=outcome.sentences_cached)
    tally.SENTENCES.add(voice, "spoken", by=outcome.sentences - outcome.sentences_cached)
    if outcome.audio_ms and not outcome.sentences_cached:
        tally.RTF.observe(outcome.synthesis_ms / outcome.audio_ms, voice)
    if not synthesis.job_id:
        waited = queue.waited_ms(synthesis)
        tally.QUEUED.observe(waited / 1000, voice)
        tally.FIRST_AUDIO.observe((waited + outcome.first_byte_ms) / 1000, voice)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


@memoize
def engine() -> Engine:
    """One engine a worker process."""
    return Engine()


def _give_up(synthesis: Synthesis, error: Exception) -> None:
    """A row of a job, for which nobody waits just now, is tried again; any other fails."""
    if room.ran_out(error):
        log.error("disk_full", error=str(error))
        _fail(synthesis, DISK_FULL)
        return
    # What was raised may quote the text.
    cause = {"exc_info": True} if telling.may_quote(synthesis) else {"error": type(error).__name__}
    log.error("synthesis_failed", **cause, **telling.of_speech(synthesis))
    if not synthesis.job_id or not queue.give_back(synthesis):
        message = "The voice failed on this text; nothing was billed. The operator finds the cause in the log."
        _fail(synthesis, SynthesisFailed(message, code="synthesis_failed"))


def _fail(synthesis: Synthesis, error: SynthesisFailed) -> None:
    queue.fail(synthesis, error)
    forget_if_deleted(synthesis)
    tracing.failed(error.code)
