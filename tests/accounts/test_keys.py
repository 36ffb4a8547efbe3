"""The text of a key: vox_, 32 base62 characters, 6 of checksum."""

import re

import pytest
from pytest_django.fixtures import Settings

from accounts import keys

EXAMPLE = "vox_" + "0" * 32


def test_format() -> None:
    """A key is vox_ and 38 letters and digits, of which the last six are the checksum of all before."""
    key = keys.generate()
    assert re.fullmatch(r"vox_[0-9A-Za-z]{38}", key)
    assert keys.checksum(key[:36]) == key[36:]
    assert keys.is_well_formed(key)


def test_checksum_is_crc32_in_base62() -> None:
    """CRC-32 of the ASCII text, digits before capitals before small letters."""
    assert keys.checksum("123456789") == "3jZRME"  # the check value of CRC-32, 0xCBF43926
    assert keys.checksum("") == "000000"


def test_checksum_is_zero_padded() -> None:
    """A small checksum still fills six places."""
    assert all(len(keys.checksum(f"vox_{n}")) == 6 for n in range(2000))
    assert any(keys.checksum(f"vox_{n}").startswith("00") for n in range(2000))


def test_any_one_wrong_character_is_noticed() -> None:
    """Every single mistyped character of a key makes it malformed."""
    key = keys.generate()
    for place in range(len(key)):
        wrong = "1" if key[place] != "1" else "2"
        assert not keys.is_well_formed(key[:place] + wrong + key[place + 1 :])


@pytest.mark.parametrize(
    "text",
    ["", "vox_", "sk-proj-abc", "VOX_", EXAMPLE, EXAMPLE + "000000", "vox_" + "声" * 38, "\x00", "a" * 100_000],
)
def test_noise_is_malformed(text: str) -> None:
    """Whatever is not a key is told apart without a database."""
    assert not keys.is_well_formed(text)


def test_white_space_is_not_forgiven() -> None:
    """A key with a line break behind it is another text."""
    assert not keys.is_well_formed(keys.generate() + "\n")


def test_keys_differ() -> None:
    """No two of a thousand keys are alike."""
    assert len({keys.generate() for _ in range(1000)}) == 1000


def test_digest_depends_on_the_secret(settings: Settings) -> None:
    """The digest is 64 hexadecimal digits, the same for the same key, another under another SECRET_KEY."""
    key = keys.generate()
    settings.SECRET_KEY = "one"
    first = keys.digest(key)
    assert re.fullmatch("[0-9a-f]{64}", first)
    assert first == keys.digest(key)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "two", ["one"]
    assert keys.digest(key) != first
    assert keys.digests(key) == [keys.digest(key), first]
