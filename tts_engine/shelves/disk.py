"""Audio below a folder of a file system, which all machines of the platform see."""

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from tts_engine.shelves.shelf import Listed, Spoken, home_of, is_id


@dataclass(frozen=True, slots=True)
class Disk:
    """A draft becomes the folder by one rename, so half-written audio is never found."""

    root: Path

    def folder(self, synthesis: Spoken) -> str:
        return home_of(synthesis)

    def file(self, name: str) -> Path:
        return self.root / name

    def prepare(self, draft: Path, folder: str) -> None:
        pass  # it lies on this disk already

    def publish(self, draft: Path, folder: str) -> None:
        final = self.root / folder
        shutil.rmtree(final, ignore_errors=True)
        final.parent.mkdir(parents=True, exist_ok=True)
        draft.rename(final)

    def forget(self, folder: str) -> None:
        pass  # the draft is all there is

    def put(self, made: Path, name: str) -> None:
        made.rename(self.root / name)

    def restore(self, made: Path, name: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        self.put(made, name)

    def copy(self, source: str, target: str, names: Sequence[str]) -> None:
        """At no cost of space."""
        known, new = self.root / source, self.root / target
        new.mkdir(parents=True, exist_ok=True)
        for name in names:
            _link(f"{known}/{name}", f"{new}/{name}")  # Path's / takes as long as the link

    def delete(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)

    def delete_synthesis(self, synthesis: Spoken) -> None:
        shutil.rmtree(self.root / home_of(synthesis), ignore_errors=True)

    def delete_tenant(self, tenant_id: UUID) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self.root / str(tenant_id))

    def listed(self, tenant_id: UUID | None = None) -> Iterator[Listed]:
        # Beside the tenants' folders lie those of drafts and of sentences.
        tenants = [str(tenant_id)] if tenant_id else sorted(filter(is_id, _names(self.root)))
        for tenant in tenants:
            yield from self._below(tenant)

    def _below(self, folder: str) -> Iterator[Listed]:
        """What disappears meanwhile is left out."""
        since = 0.0
        for name in sorted(_names(self.root / folder)):
            path = self.root / folder / name
            if path.is_dir():
                yield from self._below(f"{folder}/{name}")
                continue
            with suppress(FileNotFoundError):
                stat = path.stat()
                # A link is as old as its file, but its folder is as old as the link.
                since = since or path.parent.stat().st_mtime
                modified = datetime.fromtimestamp(max(stat.st_mtime, since), UTC)
                yield Listed(f"{folder}/{name}", stat.st_size, modified)


def _link(known: str, new: str) -> None:
    """Or copied, where the file system counts no more names of one file: ext4 65,000, which is a busy day's repeats."""
    try:
        os.link(known, new)
    except OSError as error:
        if error.errno != errno.EMLINK:
            raise
        shutil.copy2(known, new)


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
