"""The error tree is what its docstring draws."""

from accounts import errors
from accounts.errors import AccountsError


def _tree(error: type[AccountsError]) -> list[type[AccountsError]]:
    return [error, *(below for child in error.__subclasses__() for below in _tree(child))]


def test_every_error_is_drawn_and_has_a_code() -> None:
    """Each class is in the picture and has a stable code; only the kinds of bad key share theirs."""
    tree = _tree(AccountsError)
    assert all(error.__name__ in (errors.__doc__ or "") for error in tree)
    codes = [error.code for error in tree]
    assert {code for code in codes if codes.count(code) > 1} == {"invalid_api_key"}
