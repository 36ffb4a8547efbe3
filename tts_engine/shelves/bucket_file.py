"""A file in a bucket, opened like one on disk: it can be sought, and is fetched as it is read.

Nothing is copied to disk and at most BUFFER bytes are held: a player that seeks, a zip and a decoder
each get the stretch they ask for by a request with `Range`.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import structlog

from tts_engine.errors import StorageUnavailable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

log = structlog.get_logger()

BUFFER = 256 * 1024  # bytes


@contextmanager
def told(key: str) -> Iterator[None]:
    """What the client of S3 raises, in our words: FileNotFoundError or StorageUnavailable."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        yield
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404 and "NoSuchBucket" not in str(error):
            raise FileNotFoundError(f"There is no object {key}.") from error
        raise _unavailable(error) from error
    except (BotoCoreError, Boto3Error, HTTPClientError) as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> StorageUnavailable:
    """Its own words, which name the bucket, are the operator's."""
    log.warning("bucket_unavailable", error=str(error))
    return StorageUnavailable("The storage of audio does not answer; try again in a minute.")


@dataclass(frozen=True, slots=True)
class BucketFile:
    """An object that may be there. `client` is boto3's."""

    client: Any
    bucket: str
    key: str

    @property
    def size(self) -> int:
        """In bytes. Raises FileNotFoundError."""
        return int(self._head()["ContentLength"])

    @property
    def version(self) -> str:
        """What HTTP calls an entity tag. Raises FileNotFoundError."""
        return str(self._head()["ETag"]).strip('"')

    def is_file(self) -> bool:
        try:
            return self.size >= 0
        except FileNotFoundError:
            return False

    def open(self, mode: Literal["rb"], /) -> io.BufferedReader:
        """Raises FileNotFoundError."""
        return io.BufferedReader(_Reader(self._from, self.size), BUFFER)

    def read_bytes(self) -> bytes:
        with told(self.key):
            return bytes(self.client.get_object(Bucket=self.bucket, Key=self.key)["Body"].read())

    def _head(self) -> dict[str, Any]:
        with told(self.key):
            return dict(self.client.head_object(Bucket=self.bucket, Key=self.key))

    def _from(self, position: int) -> Any:
        """What is read from there on."""
        with told(self.key):
            return self.client.get_object(Bucket=self.bucket, Key=self.key, Range=f"bytes={position}-")["Body"]


class _Reader(io.RawIOBase):
    """Asks for the rest of the object where it is read, and anew where it is read from another place."""

    def __init__(self, ask: Callable[[int], Any], size: int) -> None:
        self._ask = ask
        self._size = size
        self._position = 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if position != self._position:
            self._let_go()
            self._position = position
        return position

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer)
        if self._position >= self._size or not view:
            return 0
        if self._body is None:
            self._body = self._ask(self._position)
        with told("that was being read"):
            piece = self._body.read(len(view))
        if not piece:
            raise _unavailable(EOFError("it sent less than the whole object"))
        view[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        self._let_go()
        super().close()

    def _let_go(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None
