"""Every address of the project: another team's things are not there, and many rows cost no more queries than few."""

from collections.abc import Iterator
from itertools import product

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.price_book.services import price_book_load_shipped
from tests.console.addresses import addresses
from tests.console.teams import Team, filled, make_team, objects_of

METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "POST")
FEW, MANY = 3, 30


@pytest.mark.django_db(transaction=True)
def test_another_teams_things_are_not_there(quiet: None) -> None:
    """404 for every method, to a member's browser as to a program's key, and no row changes."""
    ours, theirs = make_team(), make_team()
    ours.fill(1)
    theirs.fill(2)
    asking = {"member": ours.member(), "program": ours.program()}
    asking["program"].get("/v1/models")  # notes when the key was used
    before = everything()
    told = [
        f"{who}: {method} {path} {answer.status_code}"
        for path in foreign_paths(ours, theirs)
        for who, client in asking.items()
        for method in METHODS
        if not refused(answer := client.generic(method, path, "{}", "application/json"), who)
    ]
    assert told == []
    assert everything() == before


def foreign_paths(ours: Team, theirs: Team) -> Iterator[str]:
    """Of each address that names things of a team, all ways in which one of them at least is another's."""
    for address in addresses():
        names = objects_of(address)
        for owners in product((ours, theirs), repeat=len(names)):
            if theirs in owners:
                yield filled(address, ours, **dict(zip(names, owners, strict=True)))


def refused(answer: HttpResponseBase, who: str) -> bool:
    """As if there were no such thing, or no such method; pages know no keys and ask their bearers to sign in."""
    to_sign_in = answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/login/")
    return answer.status_code in {404, 405} or (who == "program" and to_sign_in)


def everything() -> dict[str, str]:
    """All rows of the database but the sessions', table by table, as a digest."""
    tables = set(connection.introspection.table_names()) - {"django_session"}
    digests = {}
    with connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) FROM \"{table}\" t")  # noqa: S608
            (digests[table],) = cursor.fetchone()
    return digests


@pytest.mark.django_db(transaction=True)
def test_many_rows_cost_no_more_queries_than_few(quiet: None) -> None:
    """Whatever an operator who owns a team can read, as a page or from the API, is read in a constant number."""
    price_book_load_shipped()
    team = make_team(operator=True)
    team.fill(FEW)
    client = team.member()
    readable = [path for address in addresses() if is_answered(path := filled(address, team), client)]
    few = queries(readable, client)
    team.fill(MANY - FEW)
    many = queries(readable, client)
    assert {path: (few[path], many[path]) for path in readable if many[path] != few[path]} == {}


def is_answered(path: str, client: Client) -> bool:
    """The first time, at which some things are loaded once and for all."""
    answer = client.get(path)
    return answer.status_code == 200


def queries(paths: list[str], client: Client) -> dict[str, int]:
    counts = {}
    for path in paths:
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path)
        assert answer.status_code == 200, path
        counts[path] = len(asked)
    return counts
