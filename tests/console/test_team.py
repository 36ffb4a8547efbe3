"""The pages of a team's keys, members, settings and audit trail: who may open them, and what can be done there."""

import re

import pytest
from django.core import mail
from django.test import Client
from pytest_django.fixtures import Settings

from accounts import invitations, selectors
from accounts.models import ApiKey, Invitation, Member, Tenant, User
from accounts.services import api_key_authenticate, api_key_create, member_add
from billing.alerts.models import AlertPolicy
from billing.limits.models import KeyLimit
from tests.console.visitors import member_of
from tests.factories import make_tenant
from tts_engine.labels import policy_of as label_of
from tts_engine.retention.selectors import policy_of

pytestmark = pytest.mark.django_db

KEY = re.compile(r"vox_[0-9A-Za-z]{38}")
LINK = re.compile(r"http://testserver(/invitation\?token=[\w-]+)")
PASSWORD = "a long word to guess"
PAGES = ["/keys", "/members", "/settings", "/audit"]


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def owner(tenant: Tenant) -> Client:
    return member_of(tenant)


def text_of(client: Client, path: str) -> str:
    return client.get(path).content.decode()


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("admin", 200), ("member", 403), ("viewer", 403)])
@pytest.mark.parametrize("path", PAGES)
def test_whose_role_it_is(tenant: Tenant, path: str, role: str, status: int) -> None:
    """Owners and admins; the others see no entry in the menu either."""
    client = member_of(tenant, role)
    assert client.get(path).status_code == status
    assert (f'href="{path}"' in text_of(client, "/")) == (status == 200)


def test_a_key_from_its_making_to_its_end(owner: Client, tenant: Tenant) -> None:
    """Made with a cap, shown once, rerolled, revoked; then it is among those that have ended."""
    made = {"name": "phone line", "scopes": ["speech"], "expires": "", "characters_per_period": "5000"}
    (first,) = KEY.findall(owner.post("/keys", made).content.decode())
    key = api_key_authenticate(secret=first, ip=None)
    assert (key.name, key.scopes, key.expires_at) == ("phone line", ["speech"], None)
    assert KeyLimit.objects.get(api_key=key).characters_per_period == 5000
    path = f"/keys/{key.id}"
    rerolled = owner.post(path, {"do": "reroll", "grace": "3600"})
    (second,) = KEY.findall(rerolled.content.decode())
    assert "no-store" in rerolled.headers["Cache-Control"]
    assert api_key_authenticate(secret=first, ip=None) == api_key_authenticate(secret=second, ip=None)
    assert not KEY.search(text_of(owner, "/keys") + text_of(owner, path))
    assert f"vox_…{first[-4:]}, works until" in text_of(owner, path)
    assert owner.post(path, {"do": "revoke"}).headers["Location"] == "/keys"
    page = text_of(owner, "/keys")
    assert "Ended: 1" in page
    assert "0 of 5,000 characters this period" in page
    refused = owner.post(path, {"do": "reroll", "grace": "3600"}, follow=True).content.decode()
    assert "Make a new one" in refused
    actions = [event.action for event in selectors.audit_events(tenant)]
    assert actions[:4] == ["api_key.revoke", "api_key.reroll", "api_key.limit", "api_key.create"]


def test_a_key_that_cannot_be_made(owner: Client, settings: Settings) -> None:
    """The field at fault says so, what was typed stays, and there is no key."""
    settings.API_KEYS = 0
    for wrong, field in (({"scopes": []}, "scopes"), ({"expires": "2020-01-01"}, "expires"), ({}, "__all__")):
        page = owner.post("/keys", {"name": "phone line", "scopes": ["speech"], **wrong})
        assert page.status_code == 400
        assert page.context["form"].errors.keys() == {field}
        assert "phone line" in page.content.decode()
    assert not ApiKey.objects.exists()


def test_caps_are_changed_and_taken_away(owner: Client, tenant: Tenant) -> None:
    """An empty field is no cap; a number that can be none changes nothing."""
    key, _ = api_key_create(tenant=tenant)
    path = f"/keys/{key.id}"
    owner.post(path, {"do": "limit", "requests_per_minute": "60", "max_text_characters": "100"})
    owner.post(path, {"do": "limit", "requests_per_minute": "30", "max_text_characters": ""})
    limit = KeyLimit.objects.get(api_key=key)
    assert (limit.requests_per_minute, limit.max_text_characters) == (30, None)
    page = owner.post(path, {"do": "limit", "requests_per_minute": "0"})
    assert (page.status_code, page.context["caps"].errors.keys()) == (400, {"requests_per_minute"})
    limit.refresh_from_db()
    assert limit.requests_per_minute == 30


def test_an_invitation_from_its_making_to_the_studio(owner: Client, tenant: Tenant) -> None:
    """Mailed and shown once; who opens it makes an account and is in the studio; a second time it is over."""
    asked = {"email": "mei@example.com", "role": "viewer", "days": "7"}
    (path,) = LINK.findall(owner.post("/members", asked).content.decode())
    assert path in mail.outbox[0].body
    assert not LINK.search(text_of(owner, "/members"))
    mei = Client(headers={"accept-language": "en"})
    assert f"Join the team {tenant.name}" in text_of(mei, path)
    weak = mei.post(path, {"username": "mei", "password": "short"})
    assert weak.context["form"].errors.keys() == {"password"}
    joined = mei.post(path, {"username": "mei", "password": PASSWORD}, follow=True)
    assert joined.redirect_chain == [("/", 302)]
    assert f"Welcome to the team {tenant.name}" in joined.content.decode()
    assert selectors.members(tenant).get(user__username="mei").role == "viewer"
    again = Client().get(path)
    assert (again.status_code, Client().get("/invitation?token=x").status_code) == (410, 404)


def test_one_with_an_account_joins_with_it(owner: Client, tenant: Tenant) -> None:
    """Signed in, they only say yes; the link of the own team changes nothing."""
    (path,) = LINK.findall(owner.post("/members", {"role": "admin", "days": "1"}).content.decode())
    assert mail.outbox == []
    assert "You are in this team already" in owner.post(path, follow=True).content.decode()
    other = make_tenant()
    guest = member_of(other, "owner", name="guest")
    assert "Join as guest" in text_of(guest, path)
    guest.post(path)
    assert selectors.members(tenant).get(user__username="guest").role == "admin"
    assert tenant.name in text_of(guest, "/members")


def test_of_several_teams_one_is_worked_for(tenant: Tenant) -> None:
    """The account's menu offers the others; one that they are not in is not there."""
    other, foreign = make_tenant(), make_tenant()
    olga = member_of(tenant, name="olga")
    member_add(tenant=other, user=User.objects.get(username="olga"), role="owner")
    for there, here in ((other, tenant), (tenant, other)):
        olga.post("/team", {"team": there.name})
        page = text_of(olga, "/members")
        assert f"Who belongs to the team {there.name}" in page
        assert f"Work for {here.name}" in page
    for name in (foreign.name, "nobody", ""):
        assert olga.post("/team", {"team": name}).status_code == 404


def test_a_mail_server_that_is_away(owner: Client, settings: Settings) -> None:
    """The invitation stands, and its link is there to be handed over."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    page = owner.post("/members", {"email": "mei@example.com", "role": "viewer", "days": "7"}).content.decode()
    assert "Hand this link over" in page
    assert LINK.search(page)
    assert Invitation.objects.count() == 1


def test_roles_are_changed_and_members_removed(owner: Client, tenant: Tenant) -> None:
    """What is refused is told, and changes nothing."""
    member_of(tenant, "viewer", name="mei")
    mei, olga = (selectors.members(tenant).get(user__username=name) for name in ("mei", f"owner-{tenant.name}"))
    owner.post(f"/members/{mei.id}", {"do": "role", "role": "admin"})
    mei.refresh_from_db()
    assert mei.role == "admin"
    admin = Client(headers={"accept-language": "en"})
    admin.force_login(mei.user, backend="django.contrib.auth.backends.ModelBackend")
    refused = admin.post(f"/members/{olga.id}", {"do": "role", "role": "viewer"}, follow=True).content.decode()
    assert "Only an owner makes" in refused
    refused = owner.post(f"/members/{olga.id}", {"do": "remove"}, follow=True).content.decode()
    assert "Make somebody else an owner first" in refused
    owner.post(f"/members/{mei.id}", {"do": "remove"})
    assert [each.role for each in selectors.members(tenant)] == ["owner"]
    assert owner.post(f"/members/{olga.id}", {"do": "dance"}).status_code == 400


def test_another_teams_are_not_there(owner: Client) -> None:
    """Keys, members and invitations of others lead nowhere, whatever is asked."""
    other = make_tenant()
    member_of(other, "owner", name="olga")
    olga = Member.objects.get(user__username="olga")
    key, _ = api_key_create(tenant=other)
    invitation, _ = invitations.invite(by=olga, role="viewer", days=7)
    assert owner.get(f"/keys/{key.id}").status_code == 404
    assert owner.post(f"/keys/{key.id}", {"do": "revoke"}).status_code == 404
    assert owner.post(f"/members/{olga.id}", {"do": "remove"}).status_code == 404
    assert owner.post(f"/invitations/{invitation.id}/revoke").status_code == 404
    key.refresh_from_db()
    assert (key.revoked_at, selectors.open_invitations(other).count(), User.objects.count()) == (None, 1, 2)


def test_settings_are_saved_each_by_itself(owner: Client, tenant: Tenant) -> None:
    """What one part says, the others keep; each change is in the trail once."""
    owner.post("/settings", {"do": "storage", "keep_days": "30"})
    owner.post("/settings", {"do": "label", "default": "audible"})
    owner.post("/settings", {"do": "alerts", "addresses": "finance@example.com\nboss@example.com"})
    storage, alerts = policy_of(tenant.id), AlertPolicy.objects.get()
    assert (storage.keeps_texts, storage.keep_days, label_of(tenant.id).default) == (False, 30, "audible")
    assert (alerts.to_admins, alerts.addresses) == (False, ["boss@example.com", "finance@example.com"])
    trail = text_of(owner, "/audit")
    for deed in ("What is kept changed", "Label changed", "Alerts changed"):
        assert trail.count(deed) == 1


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"do": "storage", "keep_texts": "on", "keep_days": "0"}, "keep_days"),
        ({"do": "label", "default": "none"}, "default"),
        ({"do": "alerts", "addresses": "nobody"}, "addresses"),
    ],
)
def test_settings_that_are_refused(owner: Client, tenant: Tenant, asked: dict[str, str], field: str) -> None:
    """The field says why; nothing is changed."""
    page = owner.post("/settings", asked)
    part = {"keep_days": "storage", "default": "label", "addresses": "alerts"}[field]
    assert (page.status_code, page.context[part].errors.keys()) == (400, {field})
    assert policy_of(tenant.id).keeps_texts
    assert not AlertPolicy.objects.exists()
    assert owner.post("/settings", {"do": "dance"}).status_code == 400


def test_a_long_trail_by_the_page(owner: Client, tenant: Tenant) -> None:
    """Fifty at a time, each once; an address that names no place leads nowhere."""
    for number in range(60):
        api_key_create(tenant=tenant, name=str(number), actor="user:mei")
    first = text_of(owner, "/audit")
    (older,) = re.findall(r'href="(\?before=[^"]+)"', first)
    second = text_of(owner, f"/audit{older}")
    assert first.count("Key made") + second.count("Key made") == 60
    for wrong in ("x", "2026-01-01_1", "2026-13-01T00:00:00Z_1", "2026-01-01T00:00:00Z_x"):
        assert owner.get("/audit", {"before": wrong}).status_code == 404


def test_pages_ask_the_same_however_much_there_is(
    owner: Client, tenant: Tenant, django_assert_max_num_queries: object
) -> None:
    """Neither a key, a member, an invitation nor an entry of the trail costs a statement."""
    olga = Member.objects.get(tenant=tenant)
    for number in range(20):
        api_key_create(tenant=tenant, name=str(number))
        member_of(tenant, "viewer", name=f"v{number}")
        invitations.invite(by=olga, role="viewer", days=7)
    for path in PAGES:
        with django_assert_max_num_queries(8):  # type: ignore[operator]
            assert owner.get(path).status_code == 200
