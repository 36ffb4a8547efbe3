"""The pages of webhooks and destinations: who may open them, and what can be done there."""

import re
from functools import partial
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import Tenant
from tests.console.visitors import member_of
from tests.delivery.conftest import MakeJob, put_due, speak_all
from tests.delivery.conftest import make_job as make_job
from tests.delivery.conftest import woken as woken
from tests.factories import make_tenant
from tests.webhooks.conftest import send_due
from tests.webhooks.receiver import Receiver
from tests.webhooks.receiver import receiver as receiver
from tests.webhooks.receiver import this_machine_is_allowed as this_machine_is_allowed
from tts_engine.delivery.models import Destination, FileDelivery
from tts_engine.delivery.services import destination_change, destination_create
from webhooks.models import Delivery, Endpoint

URL = "https://127.0.0.1/audio"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")
S3 = {
    "kind": "s3",
    "url": "https://127.0.0.1:9000",
    "bucket": "calls",
    "folder": "保单/",
    "access_key_id": "AKID",
    "secret_access_key": "secret-of-theirs",
}


@pytest.fixture
def tenant(transactional_db: None, this_machine_is_allowed: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def owner(tenant: Tenant) -> Client:
    return member_of(tenant)


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("admin", 200), ("member", 403), ("viewer", 403)])
@pytest.mark.parametrize("path", ["/webhooks", "/destinations"])
def test_whose_role_it_is(tenant: Tenant, path: str, role: str, status: int) -> None:
    """Owners and admins; the others are told whom to ask, and see no entry in the menu."""
    client = member_of(tenant, role)
    answer = client.get(path)
    assert answer.status_code == status
    assert ("Ask an owner" in answer.content.decode()) == (status == 403)
    assert (f'href="{path}"' in client.get("/").content.decode()) == (status == 200)


def test_a_secret_is_shown_once(owner: Client) -> None:
    """In the answer to its making, and to that of a new one; on no page after."""
    page = owner.post("/webhooks", {"url": "https://127.0.0.1/hook", "events": ["quota.alert"]})
    endpoint = Endpoint.objects.get()
    assert SECRET.findall(page.content.decode()) == [endpoint.secret]
    assert "no-store" in page.headers["Cache-Control"]
    rotated = owner.post(f"/webhooks/{endpoint.id}", {"do": "rotate"}).content.decode()
    endpoint.refresh_from_db()
    assert SECRET.findall(rotated) == [endpoint.secret]
    assert "signs as well until" in rotated
    for path in ("/webhooks", f"/webhooks/{endpoint.id}"):
        assert SECRET.search(owner.get(path).content.decode()) is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://169.254.169.254/latest", "inside a private network"),
        ("ftp://example.com", "no address that can be called"),
        ("https://no-such-host.invalid", "No server of this name"),
    ],
)
def test_an_address_that_is_refused(owner: Client, url: str, words: str) -> None:
    """400, with the reason in words at the field, which keeps what was typed."""
    for path, more in (("/webhooks", {}), ("/destinations", {"kind": "http"})):
        page = owner.post(path, {"url": url, **more})
        assert page.status_code == 400
        assert words in page.content.decode()
        assert url in page.content.decode()
    assert not Endpoint.objects.exists()
    assert not Destination.objects.exists()


@pytest.mark.parametrize("number", ["", "-1", "²", "9" * 5000])
def test_a_number_that_no_delivery_has(owner: Client, number: str) -> None:
    """Sent again from either page, it leads nowhere."""
    owner.post("/webhooks", {"url": "https://127.0.0.1/hook"})
    owner.post("/destinations", {"kind": "http", "url": URL})
    for path in (f"/webhooks/{Endpoint.objects.get().id}", f"/destinations/{Destination.objects.get().id}"):
        assert owner.post(path, {"do": "replay", "delivery": number}).status_code == 404


def test_what_is_done_with_a_webhook(owner: Client, receiver: Receiver) -> None:
    """Tested, looked at, sent again, switched off and on, deleted."""
    owner.post("/webhooks", {"url": receiver.url})
    endpoint = Endpoint.objects.get()
    path = f"/webhooks/{endpoint.id}"
    receiver.will_answer(500, body=b"<b>out of order</b>")
    assert owner.post(path, {"do": "test"}).headers["Location"] == path
    send_due()
    page = owner.get(path).content.decode()
    for shown in ("webhook.test", "HTTP 500", "&lt;b&gt;out of order&lt;/b&gt;", "On its way", str(endpoint.id)):
        assert shown in page
    owner.post(path, {"do": "replay", "delivery": Delivery.objects.get().pk})
    send_due()
    assert "Delivered" in owner.get(path).content.decode()
    owner.post(path, {"do": "disable"})
    assert "Switched off" in owner.get(path).content.decode()
    refused = owner.post(path, {"do": "test"}, follow=True).content.decode()
    assert "Switch it on first" in refused
    owner.post(path, {"do": "enable"})
    endpoint.refresh_from_db()
    assert endpoint.enabled
    assert owner.post(path, {"do": "dance"}).status_code == 400
    assert owner.post(path, {"do": "delete"}).headers["Location"] == "/webhooks"
    assert owner.get(path).status_code == 404


def test_a_long_log_by_the_page(owner: Client) -> None:
    """Twenty at a time, the newest first."""
    owner.post("/webhooks", {"url": "https://127.0.0.1/hook"})
    path = f"/webhooks/{Endpoint.objects.get().id}"
    for _ in range(21):
        owner.post(path, {"do": "test"})
    first = owner.get(path).content.decode()
    (older,) = re.findall(r'href="(\?before=\d+)"', first)
    second = owner.get(path + older).content.decode()
    assert (first.count("webhook.test</span>"), second.count("webhook.test</span>")) == (20, 1)
    for wrong in ("x", "-1", "9" * 30):
        assert owner.get(f"{path}?before={wrong}").status_code == 404


def test_a_bucket_is_made(owner: Client) -> None:
    """What the other kind has is left out; no page shows the key."""
    made = owner.post("/destinations", {**S3, "header": "X-A", "header_value": "a", "is_default": "on"})
    destination = Destination.objects.get()
    assert made.headers["Location"] == f"/destinations/{destination.id}"
    stored = (destination.kind, destination.prefix, destination.headers, destination.is_default)
    assert stored == ("s3", "保单/", {}, True)
    for path in ("/destinations", f"/destinations/{destination.id}"):
        assert "secret-of-theirs" not in owner.get(path).content.decode()


def test_what_a_bucket_lacks(owner: Client) -> None:
    """The field at fault says so, and a key that was typed is not sent back."""
    page = owner.post("/destinations", {**S3, "bucket": ""})
    assert page.status_code == 400
    assert page.context["form"].errors.keys() == {"bucket"}
    assert "secret-of-theirs" not in page.content.decode()
    page = owner.post("/destinations", {**S3, "folder": "/a"})
    assert page.context["form"].errors.keys() == {"folder"}


def test_a_new_job_offers_the_destinations(tenant: Tenant) -> None:
    """To every member, the default chosen, none that is switched off; a team without any is not asked."""
    member = member_of(tenant, "member")
    assert 'id="destination"' not in member.get("/jobs").content.decode()
    make = partial(destination_create, tenant_id=tenant.id, kind="http", actor="operator")
    one, default, off = make(url=f"{URL}/a"), make(url=f"{URL}/b", is_default=True), make(url=f"{URL}/c")
    destination_change(destination=off, actor="operator", enabled=False)
    _, _, form = member.get("/jobs").content.decode().partition('id="destination"')
    offered, _, _ = form.partition("</select>")
    assert re.findall(r'<option value="(.*?)"(?: selected)?>(.*?)</option>', offered) == [
        ("", "nowhere; they are fetched here"),
        (str(one.id), f"{URL}/a"),
        (str(default.id), f"{URL}/b (for all jobs)"),
    ]
    assert f'value="{default.id}" selected' in offered


def test_what_is_done_with_a_destination(owner: Client, receiver: Receiver, make_job: MakeJob) -> None:
    """Tested at once, looked at, all that failed sent again, deleted."""
    owner.post("/destinations", {"kind": "http", "url": receiver.url, "header": "X-Centre", "header_value": "seven"})
    destination = Destination.objects.get()
    path = f"/destinations/{destination.id}"
    assert "has arrived after" in owner.post(path, {"do": "test"}, follow=True).content.decode()
    assert receiver.received[0].headers["x-centre"] == "seven"
    receiver.will_answer(403, body=b"who are you")
    assert "status 403: who are you" in owner.post(path, {"do": "test"}, follow=True).content.decode()
    receiver.will_answer(410)
    job = make_job(destination, "one")
    speak_all(job)
    put_due()
    page = owner.get(path).content.decode()
    for shown in (f"{job.id}/one.wav", "HTTP 410", "Given up", "it answered 410"):
        assert shown in page
    owner.post(path, {"do": "enable"})
    assert "again: 1" in owner.post(path, {"do": "replay-failed"}, follow=True).content.decode()
    put_due()
    owner.post(path, {"do": "replay", "delivery": FileDelivery.objects.latest("id").pk})
    assert put_due() == 1
    owner.post(path, {"do": "default"})
    destination.refresh_from_db()
    assert destination.is_default
    assert owner.post(path, {"do": "delete"}).headers["Location"] == "/destinations"
    assert owner.get(path).status_code == 404


def test_another_team_sees_nothing(owner: Client) -> None:
    """As if it were not there, whatever is asked."""
    owner.post("/webhooks", {"url": "https://127.0.0.1/hook"})
    owner.post("/destinations", S3)
    stranger = member_of(make_tenant())
    for path in (f"/webhooks/{Endpoint.objects.get().id}", f"/destinations/{Destination.objects.get().id}"):
        assert stranger.get(path).status_code == 404
        assert stranger.post(path, {"do": "delete"}).status_code == 404
        assert "127.0.0.1" not in stranger.get(path.rpartition("/")[0]).content.decode()


@pytest.mark.parametrize(("language", "heading"), [("zh-hans", "投递目标"), ("en", "Destinations")])
def test_the_page_speaks_the_member_s_language(tenant: Tenant, language: str, heading: str) -> None:
    """As every page does."""
    page: Any = member_of(tenant, language=language).get("/destinations")
    assert f"<h1>{heading}</h1>" in page.content.decode()


def test_a_team_has_so_many(owner: Client, settings: Settings) -> None:
    """Said above the form."""
    settings.WEBHOOK_ENDPOINTS = 0
    assert "as many webhooks as it may" in owner.post("/webhooks", {"url": "https://127.0.0.1/"}).content.decode()
