"""What `manage.py check --deploy` asks of a production beside Django's own questions."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def hosts_are_named(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Links in invitations are made from the name that the request came by."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    hint = "Set ALLOWED_HOSTS to the names that people come by, such as voice.example.org."
    return [Warning("Any host name is answered to, also one that leads elsewhere.", hint=hint, id="voxhouse.W001")]
