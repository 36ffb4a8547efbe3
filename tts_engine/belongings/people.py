"""The people whom a tenant brought: its members who are in no other team and do not run the platform."""

from collections.abc import Collection

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Member, Tenant, User


def people(tenant: Tenant) -> QuerySet[User]:
    elsewhere = Member.objects.filter(user=OuterRef("pk")).exclude(tenant=tenant)
    return User.objects.filter(~Exists(elsewhere), memberships__tenant=tenant, is_staff=False, is_superuser=False)


def sessions(users: Collection[int]) -> list[str]:
    """The keys of their sessions; each of the platform's is opened, for only its content tells whose it is."""
    wanted = {str(user) for user in users}
    return [one.session_key for one in Session.objects.iterator() if one.get_decoded().get(SESSION_KEY) in wanted]
