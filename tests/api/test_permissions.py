"""Who may pass which door: one table over every route. A route that is missing from it fails."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Scope, Tenant
from accounts.services import member_add, user_create
from tests.factories import make_tenant

MakeKey = Callable[..., dict[str, str]]
NOBODY_S = UUID(int=0)


@dataclass(frozen=True)
class Door:
    """One method of one route that a key opens. `answer` is what whoever may pass gets for an empty request."""

    route: str
    method: str
    scope: str
    answer: int

    @property
    def path(self) -> str:
        path = self.route.replace("<uuid:synthesis_id>", str(NOBODY_S)).replace("<str:name>", "tts-1")
        path = path.replace("<str:subtitle_format>", "srt")
        path = path.replace("<path:word>", "word").replace("<int:number>", "1")
        path = path.replace("<uuid:job_id>", str(NOBODY_S)).replace("<uuid:key_id>", str(NOBODY_S))
        path = path.replace("<uuid:webhook_id>", str(NOBODY_S)).replace("<uuid:destination_id>", str(NOBODY_S))
        return "/" + path.replace("<int:delivery_id>", "1")


DOORS = [
    Door("v1/audio/speech", "POST", "speech", 400),
    Door("v1/audio/voices", "GET", "speech", 200),
    Door("v1/models", "GET", "speech", 200),
    Door("v1/models/<str:name>", "GET", "speech", 200),
    Door("v1/text/preview", "POST", "speech", 400),
    Door("v1/history", "GET", "history", 200),
    Door("v1/history/<uuid:synthesis_id>", "GET", "history", 404),
    Door("v1/history/<uuid:synthesis_id>", "DELETE", "history", 404),
    Door("v1/history/<uuid:synthesis_id>/audio", "GET", "history", 404),
    Door("v1/history/<uuid:synthesis_id>/subtitles.<str:subtitle_format>", "GET", "history", 404),
    Door("v1/jobs", "GET", "speech", 200),
    Door("v1/jobs", "POST", "speech", 400),
    Door("v1/jobs/files", "POST", "speech", 415),
    Door("v1/jobs/files/preview", "POST", "speech", 415),
    Door("v1/jobs/<uuid:job_id>/download", "GET", "history", 404),
    Door("v1/history/download", "POST", "history", 400),
    Door("v1/jobs/<uuid:job_id>", "GET", "speech", 404),
    Door("v1/jobs/<uuid:job_id>", "DELETE", "speech", 404),
    Door("v1/jobs/<uuid:job_id>/items", "GET", "speech", 404),
    Door("v1/jobs/<uuid:job_id>/start", "POST", "speech", 404),
    Door("v1/jobs/<uuid:job_id>/pause", "POST", "speech", 404),
    Door("v1/jobs/<uuid:job_id>/resume", "POST", "speech", 404),
    Door("v1/jobs/<uuid:job_id>/cancel", "POST", "speech", 404),
    Door("v1/jobs/<uuid:job_id>/retry", "POST", "speech", 404),
    Door("v1/cache", "DELETE", "admin", 200),
    Door("v1/dictionary", "GET", "admin", 200),
    Door("v1/dictionary/entries/<path:word>", "GET", "admin", 404),
    Door("v1/dictionary/entries/<path:word>", "PUT", "admin", 400),
    Door("v1/dictionary/entries/<path:word>", "DELETE", "admin", 404),
    Door("v1/dictionary/import", "POST", "admin", 415),  # it takes CSV
    Door("v1/dictionary/export", "GET", "admin", 200),
    Door("v1/dictionary/test", "POST", "admin", 400),
    Door("v1/dictionary/versions", "GET", "admin", 200),
    Door("v1/dictionary/versions/<int:number>/restore", "POST", "admin", 404),
    Door("v1/keys", "GET", "admin", 200),
    Door("v1/keys", "POST", "admin", 201),
    Door("v1/keys/<uuid:key_id>", "GET", "admin", 404),
    Door("v1/keys/<uuid:key_id>", "PATCH", "admin", 404),
    Door("v1/keys/<uuid:key_id>", "DELETE", "admin", 404),
    Door("v1/keys/<uuid:key_id>/reroll", "POST", "admin", 404),
    Door("v1/savings", "GET", "usage", 400),  # no price book is loaded here
    Door("v1/usage", "GET", "usage", 200),
    Door("v1/usage/statement", "GET", "usage", 200),
    Door("v1/usage/report", "GET", "usage", 200),
    Door("v1/organization/usage/audio_speeches", "GET", "usage", 400),
    Door("v1/webhooks", "GET", "webhooks", 200),
    Door("v1/webhooks", "POST", "webhooks", 400),
    Door("v1/webhooks/<uuid:webhook_id>", "GET", "webhooks", 404),
    Door("v1/webhooks/<uuid:webhook_id>", "PATCH", "webhooks", 404),
    Door("v1/webhooks/<uuid:webhook_id>", "DELETE", "webhooks", 404),
    Door("v1/webhooks/<uuid:webhook_id>/rotate", "POST", "webhooks", 404),
    Door("v1/webhooks/<uuid:webhook_id>/test", "POST", "webhooks", 404),
    Door("v1/webhooks/<uuid:webhook_id>/deliveries", "GET", "webhooks", 404),
    Door("v1/webhooks/<uuid:webhook_id>/deliveries/<int:delivery_id>/replay", "POST", "webhooks", 404),
    Door("v1/destinations", "GET", "webhooks", 200),
    Door("v1/destinations", "POST", "webhooks", 400),
    Door("v1/destinations/<uuid:destination_id>", "GET", "webhooks", 404),
    Door("v1/destinations/<uuid:destination_id>", "PATCH", "webhooks", 404),
    Door("v1/destinations/<uuid:destination_id>", "DELETE", "webhooks", 404),
    Door("v1/destinations/<uuid:destination_id>/test", "POST", "webhooks", 404),
    Door("v1/destinations/<uuid:destination_id>/deliveries", "GET", "webhooks", 404),
    Door("v1/destinations/<uuid:destination_id>/deliveries/replay", "POST", "webhooks", 404),
    Door("v1/destinations/<uuid:destination_id>/deliveries/<int:delivery_id>/replay", "POST", "webhooks", 404),
    Door("tts", "POST", "speech", 400),
    Door("tts/download", "GET", "speech", 400),
]

# Pages that anybody may see, and what they answer: no key, no session, nothing of a tenant's.
OPEN = {
    "healthz": 200,
    "readyz": 503,  # no worker runs here
    "metrics": 200,  # to this machine
    "openapi.json": 200,
    "docs": 200,
    "favicon.ico": 301,
    "invitation": 404,  # without a token
    "i18n/setlang/": 302,
    "accounts/login/": 200,
    "accounts/signup/": 200,  # it says that nobody signs up by themselves
    "accounts/inactive/": 200,
    "accounts/confirm-email/": 200,
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$": 200,
    "accounts/password/reset/": 200,
    "accounts/password/reset/done/": 200,
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": 200,
    "accounts/password/reset/key/done/": 200,
    "accounts/login/code/confirm/": 302,
    "accounts/2fa/": 302,  # these lead to the page of security, and that to the login
    "accounts/3rdparty/": 302,
    "accounts/sessions/": 302,
    "accounts/social/connections/": 301,
    "accounts/2fa/authenticate/": 302,
    "accounts/2fa/webauthn/login/": 302,
    "accounts/3rdparty/login/cancelled/": 200,
    "accounts/3rdparty/login/error/": 401,
    "accounts/3rdparty/signup/": 302,
    "accounts/oidc/^(?P<provider_id>[^/]+)/login/": 404,  # no provider is named in the settings
    "accounts/oidc/^(?P<provider_id>[^/]+)/login/callback/": 404,  # no provider is named in the settings
    "accounts/oidc/sso/login/": 404,  # no provider is named in the settings
    "accounts/oidc/sso/login/callback/": 404,  # no provider is named in the settings
    "accounts/social/login/cancelled/": 301,
    "accounts/social/login/error/": 301,
    "accounts/social/signup/": 301,
    "accounts/logout/": 302,  # who is not signed in is sent home
}

# Pages for people who are signed in, and whom they let in.
OF_ONESELF = {
    "accounts/2fa/reauthenticate/",
    "accounts/2fa/recovery-codes/",
    "accounts/2fa/recovery-codes/download/",
    "accounts/2fa/recovery-codes/generate/",
    "accounts/2fa/totp/activate/",
    "accounts/2fa/totp/deactivate/",
    "accounts/2fa/webauthn/",
    "accounts/2fa/webauthn/add/",
    "accounts/2fa/webauthn/keys/<int:pk>/edit/",
    "accounts/2fa/webauthn/keys/<int:pk>/remove/",
    "accounts/2fa/webauthn/reauthenticate/",
    "accounts/email/",
    "accounts/password/change/",
    "accounts/password/set/",
    "accounts/reauthenticate/",
    "security",
    "security/disconnect",
    "security/sessions/<int:session_id>/end",
    "security/sessions/end",
    "team",
}  # whoever is signed in
OF_A_TEAM = {
    "",
    "first-steps/dismiss",
    "guide",
    "history",
    "history/<uuid:synthesis_id>",
    "history/csv",
    "history/delete",
    "history/zip",
    "jobs",
    "statement",
    "statement/<month:month>",
    "usage",
}  # its members, whatever their role
OF_ADMINS = {
    "audit",
    "destinations",
    "destinations/<uuid:destination_id>",
    "dictionary",
    "dictionary/delete",
    "dictionary/import",
    "dictionary/put",
    "dictionary/restore",
    "dictionary/try",
    "invitations/<uuid:invitation_id>/revoke",
    "keys",
    "keys/<uuid:key_id>",
    "members",
    "members/<int:member_id>",
    "settings",
    "webhooks",
    "webhooks/<uuid:webhook_id>",
}  # its owners and admins
OF_OPERATORS = {
    "operators",
    "operators/leave",
    "operators/live",
    "operators/plans",
    "operators/plans/<slug:name>",
    "operators/prices",
    "operators/savings",
    "operators/savings.csv",
    "operators/savings.pdf",
    "operators/savings/figures",
    "operators/savings/what-if",
    "operators/teams",
    "operators/teams/<slug:name>",
    "operators/teams/<slug:name>/visit",
    "operators/voices",
}  # who runs the platform; being in a team is no help
SIGNED_IN = OF_ONESELF | OF_A_TEAM | OF_ADMINS | OF_OPERATORS
PEOPLE = {
    "viewer": OF_ONESELF | OF_A_TEAM,
    "member": OF_ONESELF | OF_A_TEAM,
    "admin": OF_ONESELF | OF_A_TEAM | OF_ADMINS,
    "owner": OF_ONESELF | OF_A_TEAM | OF_ADMINS,
    "operator": OF_ONESELF | OF_OPERATORS,
}

# What a role opens at the API's doors, by their scopes.
ROLES = {
    "viewer": {"history", "usage"},
    "member": {"speech", "history", "usage"},
    "admin": {"speech", "history", "usage", "webhooks", "admin"},
    "owner": {"speech", "history", "usage", "webhooks", "admin"},
}


# Django's admin makes dozens of routes, all behind one question, which tests/console/test_operators_tables.py asks.
TABLES = "operators/tables/"


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


def test_every_route_is_in_the_table() -> None:
    """Who adds a route says here who may pass."""
    named = {door.route for door in DOORS} | set(OPEN) | SIGNED_IN
    assert {route for route in routes(get_resolver().url_patterns) if not route.startswith(TABLES)} == named


def test_every_method_of_a_door_is_in_the_table() -> None:
    """A door that learns another method is told apart by it."""
    for pattern in get_resolver().url_patterns:
        for found in pattern.url_patterns if isinstance(pattern, URLResolver) else []:
            view = getattr(found.callback, "cls", None)
            if view is None or not hasattr(view, "scope"):
                continue
            methods = {name.upper() for name in view.http_method_names if hasattr(view, name)} - {"OPTIONS", "HEAD"}
            assert methods == {door.method for door in DOORS if door.route == str(found.pattern)}, found


def test_the_document_names_these_doors(client: Client) -> None:
    """Every operation of the OpenAPI document is a line of the table, and every line is an operation of it."""
    paths = client.get("/openapi.json").json()["paths"]
    told = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    assert told == {(door.method, "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", door.route)) for door in DOORS}


def signed_in(role: str, tenant: Tenant | None) -> Client:
    """The browser of a person who has this role in the team."""
    user = user_create(username=f"a-{role}", password="a long word to guess", operator=role == "operator")
    if tenant:
        member_add(tenant=tenant, user=user, role=role)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def ids(door: Door) -> str:
    return f"{door.method} {door.route}"


@pytest.fixture
def knock(tenant: Tenant) -> Callable[..., int]:
    """knock(door, headers): the status."""

    def knock(door: Door, headers: dict[str, str], client: Client | None = None) -> int:
        answer = (client or Client()).generic(
            door.method,
            door.path,
            b"{}" if door.method in {"POST", "PUT", "PATCH"} else b"",
            "application/json",
            headers=headers,
        )
        if answer.status_code >= 400:
            told = answer.json()
            assert (told.get("error") or told)["code"]
        return answer.status_code

    return knock


@pytest.mark.parametrize("door", DOORS, ids=ids)
def test_without_a_key_nobody_passes(door: Door, knock: Callable[..., int]) -> None:
    """No key, a mistyped one and another scheme are 401."""
    assert knock(door, {}) == 401
    assert knock(door, {"Authorization": "Bearer vox_wrong"}) == 401
    assert knock(door, {"Authorization": "Basic ZGVtbzpkZW1v"}) == 401


@pytest.mark.parametrize("door", DOORS, ids=ids)
def test_the_scope_of_the_door_is_needed_and_enough(door: Door, knock: Callable[..., int], key: MakeKey) -> None:
    """All the other scopes together are 403; the one alone opens."""
    assert knock(door, key(*set(Scope.values) - {door.scope})) == 403
    assert knock(door, key(door.scope)) == door.answer


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_the_doors_of_its_scopes(knock: Callable[..., int], tenant: Tenant, role: str) -> None:
    """A member's session opens what the role allows, and nothing else."""
    client = signed_in(role, tenant)
    answers = {ids(door): knock(door, {}, client) for door in DOORS}
    assert answers == {ids(door): door.answer if door.scope in ROLES[role] else 403 for door in DOORS}


def test_an_operator_of_no_team_passes_no_door(knock: Callable[..., int], tenant: Tenant) -> None:
    """Who runs the platform has no team's rights by it."""
    client = signed_in("operator", None)
    assert {ids(door): knock(door, {}, client) for door in DOORS} == {ids(door): 401 for door in DOORS}


@pytest.mark.parametrize("door", [door for door in DOORS if door.method in {"POST", "PUT", "PATCH", "DELETE"}], ids=ids)
def test_a_session_alone_changes_nothing(door: Door, knock: Callable[..., int], tenant: Tenant) -> None:
    """Another site can send the browser here with its cookies; without our CSRF token it is refused."""
    user = user_create(username="otto", password="a long word to guess")
    member_add(tenant=tenant, user=user, role="owner")
    client = Client(enforce_csrf_checks=True)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert knock(door, {}, client) == 403


PLACES = {
    "<uuid:webhook_id>": str(NOBODY_S),
    "<uuid:destination_id>": str(NOBODY_S),
    "<uuid:key_id>": str(NOBODY_S),
    "<uuid:invitation_id>": str(NOBODY_S),
    "<int:member_id>": "1",
    "<month:month>": "2026-11",
    "(?P<key>[-:\\w]+)/$": "x/",
    "(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "1-x/",
    "(?P<provider_id>[^/]+)": "sso",
    "<int:pk>": "1",
    "<int:session_id>": "1",
    "<slug:name>": "demo",
    "<uuid:synthesis_id>": str(NOBODY_S),
}


def path_of(route: str) -> str:
    for place, value in PLACES.items():
        route = route.replace(place, value)
    return "/" + route.replace("^", "")


@pytest.mark.parametrize("route", OPEN)
@pytest.mark.django_db
def test_open_pages(client: Client, route: str) -> None:
    """They answer without a session."""
    assert client.get(path_of(route)).status_code == OPEN[route]


@pytest.mark.parametrize("route", sorted(SIGNED_IN))
@pytest.mark.django_db
def test_pages_for_people(client: Client, route: str) -> None:
    """Without a session they show nothing and lead to the login page."""
    answer = client.get(path_of(route))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("role", PEOPLE)
@pytest.mark.django_db
def test_pages_let_in_whom_the_table_says(role: str) -> None:
    """Everybody else is told 403: the people of a team by their role, and operators where they have no team."""
    client = signed_in(role, None if role == "operator" else make_tenant())
    open_to = {route for route in SIGNED_IN if client.get(path_of(route)).status_code != 403}
    assert open_to == PEOPLE[role]
