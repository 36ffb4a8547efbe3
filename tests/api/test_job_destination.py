"""A job's `destination`: which one its results are put to, and under which names."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Tenant
from tests.factories import make_tenant
from tests.webhooks.receiver import this_machine_is_allowed as this_machine_is_allowed
from tts_engine.delivery.models import Destination
from tts_engine.delivery.services import destination_create
from tts_engine.jobs.models import JobItem

MakeKey = Callable[..., dict[str, str]]
URL = "https://127.0.0.1/audio"


@pytest.fixture
def post(key: MakeKey, this_machine_is_allowed: None) -> Callable[..., Any]:
    """post(status, members): the answer to a job of one row, or of those given."""
    headers = key("speech")

    def post(status: int, **members: Any) -> Any:
        job = {"model": "tts-1", "voice": "xiaoxiao", "items": [{"text": "你好。"}], **members}
        answer = Client().post("/v1/jobs", json.dumps(job), content_type="application/json", headers=headers)
        assert answer.status_code == status, answer.content
        return answer.json()

    return post


def make(tenant: Tenant, **members: Any) -> Destination:
    return destination_create(tenant_id=tenant.id, kind="http", url=URL, actor="operator", **members)


def test_which_destination(post: Callable[..., Any], tenant: Tenant) -> None:
    """The one that is named; the default where none is; null is nowhere."""
    assert post(201)["destination"] is None
    named, default = make(tenant), make(tenant, is_default=True)
    assert post(201)["destination"] == str(default.id)
    assert post(201, destination=str(named.id))["destination"] == str(named.id)
    assert post(201, destination=None)["destination"] is None


def test_another_team_s_is_none(post: Callable[..., Any]) -> None:
    """As one that is not there; nothing is made."""
    other = make(make_tenant())
    for destination in (str(other.id), str(uuid4())):
        problem = post(404, destination=destination)
        assert (problem["code"], problem["param"]) == ("destination_not_found", "destination")
    assert post(400, destination="x")["param"] == "destination"
    assert not JobItem.objects.exists()


def test_no_two_rows_share_a_name(post: Callable[..., Any]) -> None:
    """Results are stored by it: neither two alike, nor a name that is the number of another, nor a path."""
    names = ["000002", "", "one", "ONE", "../two", ""]
    post(201, items=[{"text": "你好。", "file_name": name} for name in names])
    stored = JobItem.objects.order_by("number").values_list("file_name", flat=True)
    assert list(stored) == ["000002", "000002 (2)", "one", "ONE (2)", "_two", ""]
