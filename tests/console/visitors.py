"""Who opens the pages."""

from django.test import Client

from accounts.models import Tenant
from accounts.services import member_add, user_create


def member_of(tenant: Tenant, role: str = "owner", *, language: str = "en", name: str | None = None) -> Client:
    """The console in the hands of one with this role, who reads that language."""
    user = user_create(username=name or f"{role}-{tenant.name}", password="a long word to guess")
    member_add(tenant=tenant, user=user, role=role)
    client = Client(headers={"accept-language": language})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
