"""Audio in a bucket of a real object store, or on disk."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import global_settings
from environ import Env
from pytest_django.fixtures import Settings

from accounts.models import Tenant
from config.audio_bucket import bucket_storage
from tests.delivery.s3_server import BUCKET
from tests.factories import make_tenant
from tests.storage import object_store
from tests.storage.object_store import ObjectStore
from tts_engine.shelves.bucket import Bucket, bucket


@pytest.fixture(scope="session")
def objects() -> Iterator[ObjectStore]:
    with object_store.running() as store:
        yield store


@pytest.fixture
def on_disk(tmp_path: Path, settings: Settings) -> None:
    settings.AUDIO_ROOT, settings.SENTENCES_ROOT = tmp_path, tmp_path / "sentences"


@pytest.fixture
def in_a_bucket(
    on_disk: None, objects: ObjectStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bucket]:
    """Finished audio lies below a prefix of the test's own."""
    for name, value in {**objects.environment, "AUDIO_BUCKET_PREFIX": f"{uuid4()}"}.items():
        monkeypatch.setenv(name, value)
    settings.AUDIO_BUCKET = BUCKET
    settings.STORAGES = {**global_settings.STORAGES, "audio": bucket_storage(Env(), BUCKET)}
    bucket.cache_clear()
    yield bucket()
    bucket().client.close()
    bucket.cache_clear()


@pytest.fixture(params=["on_disk", "in_a_bucket"])
def anywhere(request: pytest.FixtureRequest) -> str:
    """The test runs twice: what it says holds wherever audio lies."""
    request.getfixturevalue(request.param)
    return str(request.param)


@pytest.fixture
def tenant(transactional_db: None) -> Tenant:
    """Committed, for the doors give their connection back when they are done."""
    return make_tenant()
