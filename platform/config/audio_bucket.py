"""Django's STORAGES entry of a bucket for audio, of any store that speaks S3."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from environ import Env

CONNECTIONS = 64  # of one process, which keeps them
SECONDS_TO_ANSWER = 20  # for each read; the client tries again by itself


def bucket_storage(env: Env, name: str) -> dict[str, Any]:
    """By django-storages, which the extra `s3` installs. Keys are looked for as boto3 does where none are given."""
    try:
        from botocore.config import Config
    except ImportError as error:
        raise ImproperlyConfigured("AUDIO_BUCKET needs the extra s3: pip install 'voxhouse[s3]'.") from error
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": name,
            "location": env.str("AUDIO_BUCKET_PREFIX", default=""),
            "endpoint_url": env.str("AUDIO_S3_ENDPOINT", default="") or None,
            "region_name": env.str("AUDIO_S3_REGION", default="") or None,
            "access_key": env.str("AUDIO_S3_ACCESS_KEY_ID", default="") or None,
            "secret_key": env.str("AUDIO_S3_SECRET_ACCESS_KEY", default="") or None,
            "client_config": Config(
                signature_version="s3v4",
                s3={"addressing_style": env.str("AUDIO_S3_ADDRESSING", default="auto")},
                max_pool_connections=CONNECTIONS,
                connect_timeout=5,
                read_timeout=SECONDS_TO_ANSWER,
                retries={"mode": "standard", "total_max_attempts": 4},
                # Checksums that stores older than 2025 do not know are left out where S3 does not ask for them.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        },
    }
