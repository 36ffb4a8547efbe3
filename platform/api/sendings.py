"""How far something is on its way, and what came of each attempt: of messages and of files alike."""

from typing import Any

from rest_framework import serializers

from api.door import StrictSerializer
from api.pages import Pages
from webhooks.outbox import SendingAttempt


class AttemptShape(serializers.Serializer[SendingAttempt]):
    """What came of sending it once."""

    number = serializers.IntegerField()
    at = serializers.DateTimeField()
    duration_ms = serializers.IntegerField()
    status_code = serializers.IntegerField(allow_null=True)
    answer = serializers.CharField(help_text="the beginning of it")
    error = serializers.CharField(help_text="why there is none")


class StatusField(serializers.ChoiceField):
    """`Sending.status`."""

    def __init__(self, **more: Any) -> None:
        super().__init__(choices=["pending", "delivered", "failed"], read_only=True, **more)


class SendingsQuery(StrictSerializer):
    limit = serializers.IntegerField(min_value=1, max_value=100, default=20)
    cursor = serializers.CharField(required=False, help_text="`next` of the page before")


class SendingPages(Pages):
    """The newest first."""

    ordering = "-id"
    page_size = 20
    max_page_size = 100
