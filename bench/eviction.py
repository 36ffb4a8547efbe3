"""What does a look at the whole cache of sentences cost?

python -m bench.eviction
"""

import os
import time
from pathlib import Path
from uuid import UUID

from bench.database import running

FILES = 100_000
TENANTS = 20
SENTENCE_BYTES = 300_000  # what four seconds of speech take


def fill(root: Path) -> None:
    """Empty files of the right length and of growing age, as they lie after a long time."""
    from tts_engine.sentences import folder

    now = time.time()
    for number in range(FILES):
        key = f"{number * 2654435761 % 2**32:08x}"
        place = folder(UUID(int=number % TENANTS), "xiaoxiao") / key[:2] / key
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as file:
            file.truncate(SENTENCE_BYTES)
        os.utime(place, (now - number, now - number))


def main() -> None:
    with running(durable=False):
        from django.conf import settings

        from tts_engine import eviction

        fill(Path(settings.SENTENCES_ROOT))
        for limit, what in ((FILES, "a look"), (FILES - 1, "a look that deletes a tenth")):
            settings.SENTENCE_CACHE_BYTES = limit * SENTENCE_BYTES
            began = time.process_time()
            freed = eviction.evict() // SENTENCE_BYTES
            took = time.process_time() - began
            print(
                f"{what}: {took / FILES * 1e6:.1f} µs a file, {took / FILES * 1e6:.1f} s for a million; {freed} deleted"
            )
        print(f"for each sentence stored between two such looks: {took / freed * 1e6:.0f} µs")


if __name__ == "__main__":
    main()
