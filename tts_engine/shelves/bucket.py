"""Audio in a bucket of any store that speaks S3, as django-storages is configured for it (`STORAGES["audio"]`).

A bucket cannot rename, so an attempt's files are put under its own number before the transaction that
ends the request, and it is that transaction which publishes them: nobody looks under a number that no
row has. What came too late lies under another number and is removed.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django.core.files.storage import storages

from tts_engine.errors import StorageUnavailable
from tts_engine.shelves.bucket_file import BucketFile, told
from tts_engine.shelves.shelf import Listed, Spoken, home_of

log = structlog.get_logger()

AUDIO = "audio"  # its name in STORAGES


@dataclass(frozen=True, slots=True)
class Bucket:
    """`client` is boto3's, which threads may share; keys begin with `prefix`."""

    client: Any
    name: str
    prefix: str

    def require(self) -> None:
        """Raises StorageUnavailable, or FileNotFoundError where there is no such bucket."""
        with told(self.name):
            self.client.head_bucket(Bucket=self.name)

    def folder(self, synthesis: Spoken) -> str:
        return f"{home_of(synthesis)}/{synthesis.attempt}"

    def file(self, name: str) -> BucketFile:
        return BucketFile(self.client, self.name, self._key(name))

    def prepare(self, draft: Path, folder: str) -> None:
        for made in list(draft.iterdir()):
            self.put(made, f"{folder}/{made.name}")

    def publish(self, draft: Path, folder: str) -> None:
        pass  # the row's commit does

    def forget(self, folder: str) -> None:
        self._delete_below(f"{folder}/")

    def put(self, made: Path, name: str) -> None:
        """One object is there whole or not at all, in however many parts it goes over."""
        key = self._key(name)
        with told(key):
            self.client.upload_file(str(made), self.name, key, Config=_one_thread())
        made.unlink()

    def restore(self, made: Path, name: str) -> None:
        self.put(made, name)

    def copy(self, source: str, target: str, names: Sequence[str]) -> None:
        """Within the bucket: the bytes do not come here. Side by side, for each takes its way there and back."""
        with ThreadPoolExecutor(len(names)) as threads:
            list(threads.map(lambda name: self._copy(f"{source}/{name}", f"{target}/{name}"), names))

    def _copy(self, source: str, target: str) -> None:
        with told(source):
            known = {"Bucket": self.name, "Key": self._key(source)}
            self.client.copy_object(Bucket=self.name, Key=self._key(target), CopySource=known)

    def delete(self, name: str) -> None:
        with told(name):
            self.client.delete_object(Bucket=self.name, Key=self._key(name))

    def delete_synthesis(self, synthesis: Spoken) -> None:
        self._delete_below(f"{home_of(synthesis)}/")

    def delete_tenant(self, tenant_id: UUID) -> None:
        self._delete_below(f"{tenant_id}/")

    def _delete_below(self, folder: str) -> None:
        """A page of the listing at a time, which is as much as one request may name."""
        for page in self._pages(folder):
            named = {"Objects": [{"Key": each["Key"]} for each in page], "Quiet": True}
            with told(folder):
                answer = self.client.delete_objects(Bucket=self.name, Delete=named)
            if refused := answer.get("Errors"):
                log.warning("bucket_did_not_delete", key=refused[0]["Key"], error=refused[0].get("Message"))
                raise StorageUnavailable(
                    "The storage of audio refuses to delete; ask your operator to look at its log."
                )

    def listed(self, tenant_id: UUID | None = None) -> Iterator[Listed]:
        for page in self._pages(f"{tenant_id}/" if tenant_id else ""):
            for found in page:
                yield Listed(found["Key"].removeprefix(self.prefix), found["Size"], found["LastModified"])

    def _pages(self, folder: str) -> Iterator[list[dict[str, Any]]]:
        asked = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=self._key(folder))
        with told(folder):
            for page in asked:
                if found := page.get("Contents"):
                    yield found

    def _key(self, name: str) -> str:
        return self.prefix + name


@cache
def bucket() -> Bucket:
    """One client a process, which keeps its connections."""
    storage: Any = storages[AUDIO]  # an S3Storage, of which no types are published
    prefix = f"{storage.location.strip('/')}/" if storage.location else ""
    return Bucket(storage.connection.meta.client, storage.bucket_name, prefix)


@cache
def _one_thread() -> Any:
    """Large files go over in parts, one after the other: a worker has threads of its own."""
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(use_threads=False)
