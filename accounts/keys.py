"""The text of an API key: `vox_`, 32 random base62 characters, 6 of checksum. Pure functions.

Only letters, digits and `_`, so a double click takes all of it and a URL never escapes it. The
checksum lets a scanner, or a door under a flood of guesses, tell a key from noise without a
database (the idea of GitHub's tokens, github.blog 2021-04-05).
"""

import re
import secrets
import string
import zlib

from django.conf import settings
from django.utils.crypto import salted_hmac

PREFIX = "vox_"
RANDOM_LENGTH = 32  # 190 bits
CHECKSUM_LENGTH = 6  # 62 ** 6 > 2 ** 32
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase

_SHAPE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{RANDOM_LENGTH + CHECKSUM_LENGTH}}}")


def generate() -> str:
    body = PREFIX + "".join(secrets.choice(BASE62) for _ in range(RANDOM_LENGTH))
    return body + checksum(body)


def checksum(body: str) -> str:
    """CRC-32 of the ASCII text before it, base62, zero padded to 6 characters."""
    value = zlib.crc32(body.encode("ascii"))
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        value, digit = divmod(value, 62)
        digits = BASE62[digit] + digits
    return digits


def is_well_formed(text: str) -> bool:
    return _SHAPE.fullmatch(text) is not None and checksum(text[:-CHECKSUM_LENGTH]) == text[-CHECKSUM_LENGTH:]


def digest(text: str) -> str:
    """What is stored instead of the key: HMAC-SHA256 under SECRET_KEY, 64 hexadecimal digits."""
    return _digest(text, settings.SECRET_KEY)


def digests(text: str) -> list[str]:
    """Every digest a stored key may have, today's first: an older SECRET_KEY may have made it."""
    return [_digest(text, secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _digest(text: str, secret: str) -> str:
    return salted_hmac("accounts.keys", text, secret=secret, algorithm="sha256").hexdigest()
