"""What django-allauth asks us about signing in."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitedOnlyAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """Nobody signs up: an admin of a tenant adds people."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
