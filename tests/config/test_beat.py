"""The periodic tasks go on whatever the wall clock does."""

from datetime import timedelta
from pathlib import Path

import pytest
from celery import Celery
from celery.beat import PersistentScheduler

from config.beat import Scheduler


def sent(kind: type[PersistentScheduler], folder: Path, monkeypatch: pytest.MonkeyPatch, *, ahead: timedelta) -> bool:
    """Whether a task of every minute is sent that, by a clock which was set back since, went out so far `ahead`."""
    app = Celery("clocks", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {"sweep": {"task": "sweep", "schedule": timedelta(minutes=1)}}
    scheduler = kind(app=app, schedule_filename=str(folder / "schedule"), max_interval=5)
    told: list[str] = []
    monkeypatch.setattr(scheduler, "apply_async", lambda entry, *_, **__: told.append(entry.name))
    try:
        for entry in scheduler.schedule.values():
            entry.last_run_at = entry.default_now() + ahead
        scheduler.tick()
        for entry in scheduler.schedule.values():  # a minute goes by
            assert entry.last_run_at is not None
            entry.last_run_at = entry.last_run_at - timedelta(minutes=1, seconds=1)
        scheduler._heap = None  # type: ignore[attr-defined]  # the stubs leave it out
        scheduler.tick()
        return bool(told)
    finally:
        scheduler.close()


def test_a_clock_that_is_set_back_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next task goes out within its interval, and not when the clock has caught up, as with Celery's own."""
    (tmp_path / "own").mkdir()
    hour = timedelta(hours=1)
    assert sent(Scheduler, tmp_path, monkeypatch, ahead=hour)
    assert not sent(PersistentScheduler, tmp_path / "own", monkeypatch, ahead=hour)
