"""Signatures after Standard Webhooks, https://github.com/standard-webhooks/standard-webhooks."""

import base64
import secrets
from datetime import datetime

from standardwebhooks import Webhook

from webhooks.models import Endpoint

SECRET_BYTES = 32  # the specification wants 24 to 64


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def signed_headers(endpoint: Endpoint, message_id: str, body: str, at: datetime) -> dict[str, str]:
    """The three headers of an attempt at `at` (UTC), signed with every secret that is valid then."""
    signatures = [Webhook(secret).sign(message_id, at, body) for secret in valid_secrets(endpoint, at)]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def valid_secrets(endpoint: Endpoint, at: datetime) -> list[str]:
    """The present one, and the one it replaced while that lasts."""
    until = endpoint.previous_secret_until
    previous = [endpoint.previous_secret] if until is not None and at < until else []
    return [endpoint.secret, *previous]
