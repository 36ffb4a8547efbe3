"""Many threads hand in sentences, one loop speaks them through the voice in batches.

The voice runs in exactly one thread of a process, at full speed on one core; the threads around it
wait for the network, encode and store meanwhile.
"""

import itertools
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from tts_engine.speech.voice import Chunk, Utterance, Voice


@dataclass(order=True)
class _Ticket:
    """A sentence in the queue; the lowest order is spoken first, then first come first served."""

    order: tuple[int, ...]
    number: int
    utterance: Utterance = field(compare=False)
    # Chunks, then None; or the exception that the voice raised.
    answers: queue.SimpleQueue[Chunk | BaseException | None] = field(compare=False, default_factory=queue.SimpleQueue)
    abandoned: bool = field(compare=False, default=False)


class Batcher:
    """Speaks sentences through one loaded voice, at most `voice.info.batch_size` at once."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self._waiting: queue.PriorityQueue[_Ticket] = queue.PriorityQueue()
        self._numbers = itertools.count()
        threading.Thread(target=self._run, name=f"voice-{voice.info.id}", daemon=True).start()

    def submit(self, utterance: Utterance, *, order: tuple[int, ...] = ()) -> Iterator[Chunk]:
        """Queue a sentence now; its chunks come from the iterator, which raises what the voice raised."""
        ticket = _Ticket(order, next(self._numbers), utterance)
        self._waiting.put(ticket)
        return self._answers(ticket)

    @staticmethod
    def _answers(ticket: _Ticket) -> Iterator[Chunk]:
        try:
            while (answer := ticket.answers.get()) is not None:
                if isinstance(answer, BaseException):
                    raise answer
                yield answer
        finally:
            ticket.abandoned = True

    def _run(self) -> None:
        while True:
            self._speak(self._next_batch())

    def _next_batch(self) -> list[_Ticket]:
        """Wait for one sentence, then take along what else is waiting; never wait for more."""
        batch = [self._waiting.get()]
        while len(batch) < self.voice.info.batch_size:
            try:
                batch.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return [ticket for ticket in batch if not ticket.abandoned]

    def _speak(self, batch: list[_Ticket]) -> None:
        try:
            for index, chunk in self.voice.speak([ticket.utterance for ticket in batch]):
                batch[index].answers.put(chunk)
        except Exception as error:  # handed to every thread that waits for this batch
            for ticket in batch:
                ticket.answers.put(error)
        for ticket in batch:
            ticket.answers.put(None)
