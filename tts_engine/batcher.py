"""Many threads hand in sentences, one loop speaks them through the voice in batches.

The voice runs in exactly one thread of a process, at full speed on one core; the threads around it
wait for the network, encode and store meanwhile.
"""

import itertools
import queue
import threading
import time
from bisect import insort
from collections.abc import Callable, Iterator

from tts_engine import tally
from tts_engine.fair import Rank
from tts_engine.pace import Pace
from tts_engine.speech.voice import Chunk, Utterance, Voice

Made = Chunk | Exception | None
"""What is heard next of a sentence, what went wrong with it, or None at its end."""


class Unheard(Exception):
    """Nobody listened any more when it was this sentence's turn."""


class Hearing(Iterator[Chunk]):
    """The chunks of one submitted sentence, as they are made; raises what the voice raised.

    Compares by its place in the queue: the lowest rank first, then first come first served.
    """

    def __init__(
        self, utterance: Utterance, rank: Rank, number: int, listener: Callable[[Made], None] | None = None
    ) -> None:
        self.utterance = utterance
        self.rank = rank
        self.closed = False
        self._place = (*rank, number)
        self._listener = listener
        self._made: queue.SimpleQueue[Made] = queue.SimpleQueue()

    def __lt__(self, other: "Hearing") -> bool:
        return self._place < other._place

    def __next__(self) -> Chunk:
        made = self._made.get()
        if isinstance(made, Chunk):
            return made
        self._made.put(None)  # an iterator that has ended stays ended
        raise StopIteration if made is None else made

    def put(self, made: Made) -> None:
        if self._listener:
            self._listener(made)
        self._made.put(made)

    def close(self) -> None:
        """Nobody listens any more: if the sentence has not begun, it will not be spoken."""
        self.closed = True


def nobody_told(_rank: Rank) -> None:
    pass


class Batcher:
    """Speaks sentences through one loaded voice, at most `voice.info.batch_size` at once.

    Whenever places become free it tells `begun` the rank of the first sentence that takes one.
    """

    def __init__(self, voice: Voice, *, pace: Pace, begun: Callable[[Rank], None] = nobody_told) -> None:
        self.voice = voice
        self._pace = pace
        self._begun = begun
        self._waiting: list[Hearing] = []  # sorted
        self._arrival = threading.Condition()
        self._numbers = itertools.count()
        threading.Thread(target=self._run, name=f"voice-{voice.info.id}", daemon=True).start()

    def submit(
        self, utterance: Utterance, *, rank: Rank = (0, 0), listener: Callable[[Made], None] | None = None
    ) -> Hearing:
        """Queue a sentence; those of the lowest rank are spoken first.

        A `listener` is told the same as the hearing and before it, in the voice's own thread, whether
        anybody hears it or not; one end or one exception, whatever happens, is the last it is told.
        """
        hearing = Hearing(utterance, rank, next(self._numbers), listener)
        with self._arrival:
            insort(self._waiting, hearing)
            self._arrival.notify()
        return hearing

    def waiting(self) -> list[Rank]:
        """The ranks of the sentences that wait, the lowest first."""
        with self._arrival:
            return [hearing.rank for hearing in self._waiting if not hearing.closed]

    def _run(self) -> None:
        while True:
            with self._arrival:
                self._arrival.wait_for(lambda: self._waiting)
            if batch := self._next(self.voice.info.batch_size):
                self._speak(batch)

    def _next(self, places: int) -> list[Hearing]:
        """Those that wait now, in their order; never wait for more. What nobody waits for is dropped."""
        with self._arrival:
            heard = [hearing for hearing in self._waiting if not hearing.closed]
            unheard = [hearing for hearing in self._waiting if hearing.closed]
            taken, self._waiting = heard[:places], heard[places:]
        for hearing in unheard:
            hearing.put(Unheard())
        if taken:
            self._begun(taken[0].rank)
        return taken

    def _speak(self, batch: list[Hearing]) -> None:
        """Speak a batch, and what joins it, to its end; whatever goes wrong, no hearing is left waiting."""

        model = self.voice.info.id
        numbers = itertools.count()
        heard: dict[int, Hearing] = {}  # who has ended goes: under load a batch never does

        def join(hearings: list[Hearing]) -> None:
            heard.update({next(numbers): hearing for hearing in hearings})
            for _ in hearings:
                tally.BATCH.observe(len(heard), model)

        def more(places: int) -> list[Utterance]:
            joining = self._next(places)
            join(joining)
            return [hearing.utterance for hearing in joining]

        fault: Exception = RuntimeError(f"The voice {self.voice.info.id} left a sentence without an end.")
        self._pace.begin()
        join(batch)
        counted = time.monotonic()
        try:
            for number, spoken in self.voice.speak([hearing.utterance for hearing in batch], more):
                heard[number].put(spoken)
                before, counted = counted, time.monotonic()
                tally.MODEL_BUSY.add(model, by=counted - before)
                if isinstance(spoken, Chunk):
                    tally.MODEL_AUDIO.add(model, by=len(spoken.samples) / self.voice.info.sample_rate)
                if not isinstance(spoken, Chunk):
                    ended = heard.pop(number)
                    self._pace.add(len(ended.utterance.sentence.text), full=bool(self._waiting))
        except Exception as error:  # of the voice itself: handed to every thread that still waits
            fault = error
        finally:
            self._pace.end()
        for hearing in heard.values():
            hearing.put(fault)
