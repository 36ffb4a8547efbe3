"""The sentences of one request in order: each is kept already, spoken for it, or awaited from whoever speaks it.

Several requests may hold and await sentences of each other's, in any order, without waiting in a
circle: a lock is held by a sentence that the batcher has, and the batcher waits for nobody.
"""

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice

from django.conf import settings

from tts_engine.batcher import Batcher, Hearing
from tts_engine.fair import Rank
from tts_engine.sentences import Place, Recording, warn_once
from tts_engine.speech.voice import Chunk, Utterance

# Seconds between two looks for what somebody else speaks: twice as long each time, for many may wait.
SOONEST, LATEST = 0.01, 0.1


class Turn(Iterable[Chunk]):
    """One sentence of a request. Without a place it is spoken in any case, and not kept."""

    def __init__(self, batcher: Batcher, utterance: Utterance, rank: Rank, place: Place | None) -> None:
        self.cached = False
        self.priority, self._tag = rank  # as it is when the sentence begins
        self._batcher = batcher
        self._utterance = utterance
        self._place = place
        self._hearing: Hearing | None = None
        self._recording: Recording | None = None

    @property
    def size(self) -> int:
        """Bytes that were kept of it."""
        return self._recording.size if self._recording else 0

    def begin(self) -> None:
        """Have it spoken, unless it is there or somebody speaks it now."""
        if self._place is None:
            self._speak()
        elif not self._place.is_kept():
            self._claim(self._place)

    def __iter__(self) -> Iterator[Chunk]:
        if self._hearing:
            return self._hearing
        return self._awaited(self._place) if self._place else self._speak()

    def close(self) -> None:
        if self._hearing:
            self._hearing.close()

    def _awaited(self, place: Place) -> Iterator[Chunk]:
        """What somebody else has spoken, or what is spoken for this request after all.

        Who speaks it may die, and then another takes over; or hang, and then nobody waits for ever.
        """
        pause = SOONEST
        give_up_at = time.monotonic() + settings.SENTENCE_WAIT.total_seconds()
        while (kept := place.load()) is None:
            if hearing := self._claim(place):
                return hearing
            if time.monotonic() > give_up_at:
                return self._speak()
            time.sleep(pause)
            pause = min(2 * pause, LATEST)
        self.cached = True
        return iter(kept)

    def _claim(self, place: Place) -> Hearing | None:
        """Have it spoken, if nobody else does."""
        try:
            self._recording = place.claim()
        except OSError as error:  # no file can be made: it is spoken without one
            warn_once(error)
        else:
            if self._recording is None:
                return None
        return self._speak()

    def _speak(self) -> Hearing:
        listener = self._recording.put if self._recording else None
        self._hearing = self._batcher.submit(self._utterance, rank=(self.priority, self._tag), listener=listener)
        return self._hearing


def in_order(turns: Sequence[Turn], *, ahead: int) -> Generator[Turn, None, None]:
    """Each when it is its turn, so many after it begun meanwhile. Who stops early ends them all."""
    coming = iter(turns)
    try:
        for turn in islice(coming, ahead):
            turn.begin()
        for turn in turns:
            for following in islice(coming, 1):
                following.begin()
            yield turn
    finally:
        for turn in turns:
            turn.close()
