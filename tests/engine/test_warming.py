"""Lists of texts to be spoken beforehand: what they may look like, and that they wait for everybody else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from accounts.models import Tenant
from billing.errors import QuotaExceeded
from tests.factories import make_plan, make_tenant
from tts_engine import queue, tasks, warming
from tts_engine.errors import WarmListInvalid
from tts_engine.models import Status, Synthesis
from tts_engine.services import Caller, Order, synthesis_request
from tts_engine.store import Draft
from tts_engine.warming import MODEL, Wanted, Warmed, read_list, warm

ORDER = Order(text="", voice="xiaoxiao", model=MODEL, audio_format="pcm", interactive=False)


def test_a_text_a_line(tmp_path: Path) -> None:
    """Blank lines say nothing; the numbers are the file's."""
    file = tmp_path / "list.txt"
    file.write_text("\ufeff你好。\n\n  再见,走了。 \n", "utf-8")
    assert read_list(file) == [Wanted(1, "你好。"), Wanted(3, "再见,走了。")]


def test_columns(tmp_path: Path) -> None:
    """Only `text` is needed; an empty cell is what the options say."""
    file = tmp_path / "list.csv"
    file.write_text('voice,text,speed\nyunxi,"你好,世界。",1.25\n,再见。,\n,,\n', "utf-8")
    assert read_list(file) == [Wanted(2, "你好,世界。", "yunxi", None, 1.25), Wanted(3, "再见。")]


@pytest.mark.parametrize(
    "content", [b"word\n\xe4\xbd\xa0\n", b"text,colour\na,b\n", b"text,speed\na,fast\n", b"\xff\xfe"]
)
def test_what_is_no_list(tmp_path: Path, content: bytes) -> None:
    """No text, a column nobody knows, a speed that is no number, no UTF-8: nothing is spoken then."""
    file = tmp_path / "list.csv"
    file.write_bytes(content)
    with pytest.raises(WarmListInvalid):
        read_list(file)


@pytest.fixture(autouse=True)
def speaking(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the list waits, a worker speaks the next row, with a beep."""

    def speak(_seconds: float) -> None:
        row = queue.claim()
        assert row is not None, "it waits for nothing"
        with Draft(row, voice_rate=24_000) as draft:
            for _ in draft.master(iter([np.zeros(240, np.float32)])):
                pass
            assert queue.finish(row, queue.Outcome(audio_ms=10, first_byte_ms=1, synthesis_ms=2), draft)

    monkeypatch.setattr(tasks.speak_next, "delay", lambda: None)
    monkeypatch.setattr(warming, "time", SimpleNamespace(sleep=speak))


def orders(*texts: str) -> Iterator[Order]:
    return (replace(ORDER, text=text) for text in texts)


def outcomes(warmed: list[Warmed]) -> dict[str, Any]:
    return {one.order.text: (one.row.status, one.row.cache_hit) if one.row else one.error[:7] for one in warmed}


@pytest.mark.django_db(transaction=True)
def test_each_is_spoken_once_and_billed(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than may wait at once; what cannot be spoken is told, and does not stop the others."""
    monkeypatch.setattr(warming, "AT_ONCE", 2)
    tenant = make_tenant()
    first = outcomes(list(warm(tenant_id=tenant.id, orders=orders("一。", "二。", "😀", "三。", "四。"))))
    assert first == {**dict.fromkeys(("一。", "二。", "三。", "四。"), (Status.DONE, False)), "😀": "Nothing"}
    assert outcomes(list(warm(tenant_id=tenant.id, orders=orders("四。")))) == {"四。": (Status.DONE, True)}


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_goes_before() -> None:
    """A request that comes after the whole list is spoken first, whatever the plans' priorities are."""
    listed = synthesis_request(caller=Caller(tenant_id=make_tenant().id), order=replace(ORDER, text="一。"))
    plan = make_plan()
    plan.priority = 1000
    plan.save()
    waited = synthesis_request(
        caller=Caller(tenant_id=make_tenant(plan=plan).id), order=replace(ORDER, text="二。", interactive=True)
    )
    claimed = [row.id for row in (queue.claim(), queue.claim()) if row]
    assert claimed == [waited.id, listed.id]


@pytest.mark.django_db(transaction=True)
def test_the_plan_s_limits_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many at once are asked again later; a used-up quota ends it."""
    plan = make_plan(characters=4)
    plan.concurrent_requests = 1
    plan.save()
    tenant: Tenant = make_tenant(plan=plan)
    warmed = warm(tenant_id=tenant.id, orders=orders("一。", "二。", "三。"))
    with pytest.raises(QuotaExceeded):
        list(warmed)
    assert Synthesis.objects.filter(status=Status.QUEUED).count() == 1
