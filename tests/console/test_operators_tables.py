"""The plain tables: who reads them, what they never show, that they change nothing."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.services import api_key_create, user_create
from console.operators.tables import site
from tests.console.visitors import member_of
from tests.factories import make_tenant

pytestmark = pytest.mark.django_db


def test_every_table_is_read_and_never_written(sun: Client) -> None:
    """Each list opens; there is no way to add, change or delete a row of any."""
    api_key_create(tenant=make_tenant())
    for model in site._registry:
        name = f"tables:{model._meta.app_label}_{model._meta.model_name}"
        assert sun.get(reverse(f"{name}_changelist")).status_code == 200, name
        assert sun.get(f"{reverse(f'{name}_changelist')}?q=x").status_code == 200, name
        assert sun.get(reverse(f"{name}_add")).status_code == 403, name
        for row in model._default_manager.all()[:1]:
            assert sun.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200, name
            assert sun.post(reverse(f"{name}_change", args=[row.pk])).status_code == 403, name
            assert sun.post(reverse(f"{name}_delete", args=[row.pk])).status_code == 403, name


def test_secrets_are_on_no_page(sun: Client) -> None:
    """Neither the digest of a key nor that of a password."""
    key, _secret = api_key_create(tenant=make_tenant())
    page = sun.get(reverse("tables:accounts_apikey_change", args=[key.id])).content.decode()
    assert key.last4 in page
    assert key.digest not in page
    user = user_create(username="mei", password="a long word to guess")
    assert user.password not in sun.get(reverse("tables:accounts_user_change", args=[user.id])).content.decode()


def test_for_operators_only() -> None:
    """A visitor signs in at the console's own door; an owner of a team is shown nothing."""
    visitor = Client().get("/operators/tables/", follow=True)
    assert visitor.redirect_chain[-1][0] == "/accounts/login/?next=%2Foperators%2Ftables%2F"
    owner = member_of(make_tenant()).get("/operators/tables/accounts/tenant/", follow=True)
    assert owner.status_code == 403


def test_there_is_one_door(sun: Client) -> None:
    """Signing out and changing the password are the console's pages."""
    assert sun.post("/operators/tables/logout/").headers["Location"] == "/accounts/logout/"
    assert sun.get("/operators/tables/password_change/").headers["Location"] == "/accounts/password/change/"
