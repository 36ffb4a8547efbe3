"""Many threads hand in sentences, one loop speaks them through the voice in batches.

The voice runs in exactly one thread of a process, at full speed on one core; the threads around it
wait for the network, encode and store meanwhile.
"""

import itertools
import queue
import threading
from collections.abc import Callable, Iterator

from tts_engine.speech.voice import Chunk, Utterance, Voice

Made = Chunk | Exception | None
"""What is heard next of a sentence, what went wrong with it, or None at its end."""


class Unheard(Exception):
    """Nobody listened any more when it was this sentence's turn."""


class Hearing(Iterator[Chunk]):
    """The chunks of one submitted sentence, as they are made; raises what the voice raised.

    Compares by its place in the queue: the lowest order first, then first come first served.
    """

    def __init__(
        self, utterance: Utterance, place: tuple[int, ...], listener: Callable[[Made], None] | None = None
    ) -> None:
        self.utterance = utterance
        self.closed = False
        self._place = place
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


class Batcher:
    """Speaks sentences through one loaded voice, at most `voice.info.batch_size` at once."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self._waiting: queue.PriorityQueue[Hearing] = queue.PriorityQueue()
        self._numbers = itertools.count()
        threading.Thread(target=self._run, name=f"voice-{voice.info.id}", daemon=True).start()

    def submit(
        self,
        utterance: Utterance,
        *,
        order: tuple[int, ...] = (),
        listener: Callable[[Made], None] | None = None,
    ) -> Hearing:
        """Queue a sentence; those of the lowest order are spoken first. All orders have one length.

        A `listener` is told the same as the hearing and before it, in the voice's own thread, whether
        anybody hears it or not; one end or one exception, whatever happens, is the last it is told.
        """
        hearing = Hearing(utterance, (*order, next(self._numbers)), listener)
        self._waiting.put(hearing)
        return hearing

    def _run(self) -> None:
        while True:
            first = self._waiting.get()
            if first.closed:
                first.put(Unheard())
            else:
                self._speak([first, *self._next(self.voice.info.batch_size - 1)])

    def _next(self, places: int) -> list[Hearing]:
        """Those that wait now, in their order; never wait for more. What nobody waits for is dropped."""
        hearings: list[Hearing] = []
        while len(hearings) < places:
            try:
                hearing = self._waiting.get_nowait()
            except queue.Empty:
                break
            if hearing.closed:
                hearing.put(Unheard())
            else:
                hearings.append(hearing)
        return hearings

    def _speak(self, batch: list[Hearing]) -> None:
        """Speak a batch, and what joins it, to its end; whatever goes wrong, no hearing is left waiting."""

        def more(places: int) -> list[Utterance]:
            joining = self._next(places)
            batch.extend(joining)
            return [hearing.utterance for hearing in joining]

        ended: set[int] = set()
        fault: Exception = RuntimeError(f"The voice {self.voice.info.id} left a sentence without an end.")
        try:
            for number, spoken in self.voice.speak([hearing.utterance for hearing in batch], more):
                batch[number].put(spoken)
                if not isinstance(spoken, Chunk):
                    ended.add(number)
        except Exception as error:  # of the voice itself: handed to every thread that still waits
            fault = error
        for number, hearing in enumerate(batch):
            if number not in ended:
                hearing.put(fault)
