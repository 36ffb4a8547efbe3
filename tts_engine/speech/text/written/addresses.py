"""URLs and e-mail addresses: names as words, the signs between them by name, digits one by one."""

import re

from tts_engine.speech.text.numerals import digits
from tts_engine.speech.text.written import Rule

_SIGNS = {".": "点", "/": "斜杠", "-": "杠", "_": "下划线", "@": "艾特", ":": "冒号", "?": "问号", "=": "等于", "&": "和", "#": "井号",
          "%": "百分号", "+": "加", "~": "波浪线"}  # fmt: skip
_TOP = r"(?:com|cn|net|org|edu|gov|io|ai|app|dev|info|me|cc|tv|top|xyz|shop|site|co|hk|tw|us|uk|jp|de|fr)"
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_PATH = r"(?:[/?#](?:[A-Za-z0-9._/?=&#%+~:-]*[A-Za-z0-9/])?)?"
_EMAIL = re.compile(rf"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{{0,63}}@{_NAME}(?:\.{_NAME})+")
_URL = re.compile(rf"(?<![A-Za-z0-9.-])(?:(?:https?|ftp)://)?(?:{_NAME}\.)+{_TOP}(?![A-Za-z0-9])(?::\d+)?{_PATH}", re.I)
_ANY_URL = re.compile(rf"(?:https?|ftp)://{_NAME}(?:\.{_NAME})*(?::\d+)?{_PATH}", re.I)
_IDENTIFIER = re.compile(r"(?<![A-Za-z\d_])[A-Za-z][A-Za-z\d]*(?:_[A-Za-z\d]+)+(?![A-Za-z\d_])")
_PIECE = re.compile(r"[A-Za-z]+|\d+|.")


def _spell(address: str) -> str:
    """voxhouse.cn/a1 -> voxhouse点cn斜杠a一"""
    return "".join(digits(piece) if piece.isdigit() else _SIGNS.get(piece, piece) for piece in _PIECE.findall(address))


def _address(match: re.Match[str]) -> str:
    """The scheme is not said, nor is a slash at the end."""
    address = re.sub(r"^\w+://", "", match.group()).rstrip("/")
    return f" {_spell(address)} "


RULES: tuple[Rule, ...] = (
    (_EMAIL, _address),
    (_ANY_URL, _address),
    (_URL, _address),
    (_IDENTIFIER, lambda m: _spell(m.group())),
)
