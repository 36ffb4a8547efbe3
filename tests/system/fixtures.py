"""The platform as its operator has it: the true `manage.py up`, in a home and on a port of its own."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from tests.migrated import copy, put_migrated, shared_folder
from tests.speech.sambert.conftest import write_folder
from tests.system.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, serving
from tests.system.instance import MANAGE, Launch, Platform, collect, environment, free_port
from tests.system.trace_collector import TraceCollector, collecting


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Path:
    """A database folder with every table and no team; the session's home has one like it."""
    with django_db_blocker.unblock():
        return put_migrated(Path(settings.VOXHOUSE_HOME), shared_folder(tmp_path_factory.getbasetemp()))


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The joined model, made by the session's first instance and shared by the rest."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def launched() -> Iterator[list[Platform]]:
    """Whatever still runs at the end is killed, so that a failed test leaves nothing behind."""
    platforms: list[Platform] = []
    yield platforms
    for platform in platforms:
        platform.end_commands()
        if platform.process.poll() is None:
            platform.process.kill()
        platform.process.wait()


@pytest.fixture(scope="session")
def small_voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The voices of a home to which the small stand-in was added, whose sentences take milliseconds: zhitian_emo."""
    folder = tmp_path_factory.mktemp("small")
    model = write_folder(folder / "model", voices=("zhitian_emo",))
    add = [*MANAGE, "voices", "add", str(model)]
    subprocess.run(add, env=environment(folder, free_port()), check=True, capture_output=True)  # noqa: S603
    return folder / "voices"


@pytest.fixture(scope="session")
def launch(models: Path, migrated: Path, launched: list[Platform]) -> Launch:
    """Start an instance and return it once it is ready; with the added `voices` of another home, if given.

    An `empty` home gets its database from the instance, as it is with operators; others have it beforehand.
    """

    def start(
        home: Path, port: int = 0, *, ready: bool = True, empty: bool = False, voices: Path | None = None, **more: str
    ) -> Platform:
        port = port or free_port()
        home.mkdir(exist_ok=True)
        if not (empty or "DATABASE_URL" in more or (home / "postgres").exists()):
            copy(migrated, home / "postgres")
        if voices:
            shutil.copytree(voices, home / "voices")
        if not (home / "models").exists():
            (home / "models").symlink_to(models)
        process = subprocess.Popen(  # noqa: S603
            [*MANAGE, "up"],
            env=environment(home, port, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        platform = Platform(home, port, process, more)
        launched.append(platform)
        threading.Thread(target=collect, args=[platform], daemon=True).start()
        if ready:
            platform.wait_for_line("Voxhouse is ready")
        return platform

    return start


@pytest.fixture(scope="session")
def identity_provider() -> Iterator[IdentityProvider]:
    """A company's sign-in, which knows nobody until a test says so."""
    with serving(IdentityProvider()) as provider:
        yield provider


@pytest.fixture(scope="session")
def trace_collector() -> Iterator[TraceCollector]:
    """What a company collects its traces with; only `platform` sends any."""
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="session")
def platform(
    launch: Launch,
    identity_provider: IdentityProvider,
    trace_collector: TraceCollector,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    """One instance for all tests that only use it; Ctrl-C must end it without a trace.

    Its teams' webhooks may lead to this machine: receivers of tests are here. So is the company's sign-in, whose
    people of example.org join the demo team, and those of example.net the newcomers, once there is such a team.
    """
    running = launch(
        tmp_path_factory.mktemp("platform"),
        VOXHOUSE_WORKERS="1",
        WEBHOOK_ALLOW_NETWORKS="127.0.0.0/8",
        WEBHOOK_ALLOW_HTTP="true",
        OIDC_ISSUER=identity_provider.url,
        OIDC_CLIENT_ID=CLIENT_ID,
        OIDC_CLIENT_SECRET=CLIENT_SECRET,
        OIDC_NAME="Example",
        OIDC_JOIN="example.org=demo:member,example.net=newcomers:member",
        OTEL_EXPORTER_OTLP_ENDPOINT=trace_collector.url,
        OTEL_BSP_SCHEDULE_DELAY="200",  # milliseconds
    )
    yield running
    assert running.stop() < 30  # seconds


@pytest.fixture(scope="session")
def battered(launch: Launch, small_voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One instance for all tests that kill its processes, with the small stand-in: sentences take milliseconds.

    Its workers, which start again and again, load that voice alone.
    """
    running = launch(
        tmp_path_factory.mktemp("battered"),
        empty=True,
        voices=small_voices,
        VOXHOUSE_WORKERS="2",
        VOXHOUSE_DEFAULT_VOICE="zhitian_emo",
        # A hundred long texts, all alike, look like hours of work to a queue that knows nothing of the cache.
        QUEUE_LONGEST="3600",
    )
    yield running
    assert running.stop() < 30  # seconds


@pytest.fixture(scope="session")
def single(launch: Launch, small_voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One instance for all tests that keep its one worker busy; they leave it with nothing to do."""
    running = launch(
        tmp_path_factory.mktemp("single"),
        voices=small_voices,
        VOXHOUSE_WORKERS="1",
        VOXHOUSE_DEFAULT_VOICE="zhitian_emo",
        QUEUE_LONGEST="100000",
    )
    yield running
    assert running.stop() < 30  # seconds
