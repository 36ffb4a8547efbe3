"""Where finished audio lies: on disk, or in a bucket that speaks S3. Only `store` looks in here.

A shelf keeps files under names with slashes, the files of one synthesis in one folder:

    <tenant>/<first two of id>/<id>/<file>               on disk
    <tenant>/<first two of id>/<id>/<attempt>/<file>     in a bucket, where nothing can be renamed

Either way a tenant's files lie below its own id, and nobody finds half a file or half a folder.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from tts_engine.shelves.bucket_file import BucketFile

StoredFile = Path | BucketFile


def size_of(file: StoredFile) -> int:
    """In bytes. Raises FileNotFoundError."""
    return file.stat().st_size if isinstance(file, Path) else file.size


def version_of(file: StoredFile) -> str:
    """Another one for other bytes, the same for a copy. Raises FileNotFoundError."""
    return f"{file.stat().st_mtime_ns:x}" if isinstance(file, Path) else file.version


class Spoken(Protocol):
    """A synthesis, or as much of one as its files are named after."""

    @property
    def id(self) -> UUID: ...
    @property
    def tenant_id(self) -> UUID: ...
    @property
    def attempt(self) -> int: ...
    @property
    def audio_format(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Listed:
    """One file as a listing tells of it."""

    name: str
    size: int  # bytes
    modified: datetime  # since when it is there under this name


class Shelf(Protocol):
    """What `store` needs of either. Names are as above; a file that is not there raises FileNotFoundError."""

    def folder(self, synthesis: Spoken) -> str:
        """The name of the folder of its finished files."""
        ...

    def file(self, name: str) -> StoredFile: ...

    def prepare(self, draft: Path, folder: str) -> None:
        """Bring a draft's files near, which may take its time; what is there already is not touched."""
        ...

    def publish(self, draft: Path, folder: str) -> None:
        """Make what was prepared the folder, which replaces what lay there. Takes no time."""
        ...

    def forget(self, folder: str) -> None:
        """Remove what was prepared and is not published after all."""
        ...

    def put(self, made: Path, name: str) -> None:
        """Move a whole file from the local disk there."""
        ...

    def restore(self, made: Path, name: str) -> None:
        """As `put`, into a folder that need not be there."""
        ...

    def copy(self, source: str, target: str, names: Sequence[str]) -> None:
        """Files of one folder in another, which is made; each can be deleted alone."""
        ...

    def delete(self, name: str) -> None:
        """A file, which need not be there."""
        ...

    def delete_synthesis(self, synthesis: Spoken) -> None:
        """All its files, those of earlier attempts too."""
        ...

    def delete_tenant(self, tenant_id: UUID) -> None: ...

    def listed(self, tenant_id: UUID | None = None) -> Iterator[Listed]:
        """Every file, or those of a tenant, folder by folder."""
        ...


def home_of(synthesis: Spoken) -> str:
    """The folder that has all of a synthesis, with no slash behind it."""
    name = str(synthesis.id)
    return f"{synthesis.tenant_id}/{name[:2]}/{name}"


def is_id(name: str) -> bool:
    """Whether a folder may be a tenant's or a synthesis's, by its name."""
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
