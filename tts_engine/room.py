"""Is there room on the disk of the audio? Where there is none, a text is refused before anything is reserved."""

import errno
import shutil

from django.conf import settings

from tts_engine.errors import StorageFull

FULL = "The disk of the platform's audio is full; nothing was billed. The operator has to make room."
FULL_CODES = (errno.ENOSPC, errno.EDQUOT)
NEXT_TO_NOTHING = 256 * 1024  # bytes free, with which no recording can be written


def refuse_without_room() -> None:
    """Raises StorageFull where less is free than AUDIO_SPARE_BYTES: what is being spoken already needs that."""
    if _free() < settings.AUDIO_SPARE_BYTES:
        raise StorageFull(FULL)


def ran_out(error: Exception) -> bool:
    """Whether `error` came of a disk without room.

    libsndfile says no more than that the system refused, so the disk itself is looked at too.
    """
    return (isinstance(error, OSError) and error.errno in FULL_CODES) or _free() < NEXT_TO_NOTHING


def _free() -> int:
    settings.AUDIO_ROOT.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(settings.AUDIO_ROOT).free
