"""Everything `accounts` refuses.

AccountsError
├── InvalidApiKey          malformed, unknown, or one of:
│   ├── ApiKeyRevoked      it was switched off
│   └── ApiKeyExpired      its time is over
├── InsufficientScope      the key is good but may not do this
├── Unknown                a name or id that leads nowhere
│   ├── UnknownTenant
│   ├── UnknownUser
│   └── UnknownApiKey
├── Exists                 it is there already
│   ├── TenantExists
│   ├── UserExists
│   └── MemberExists
└── Unacceptable           a value that cannot be stored; `param` names it
    ├── UnacceptableName
    ├── UnacceptableUser
    ├── UnknownTimeZone
    ├── UnknownRole
    ├── UnknownScope
    ├── UnacceptableExpiry
    └── UnacceptablePassword

Each class has a stable `code`, which doors pass on to callers. What a caller is told of a bad key
differs only in the message: the code is the same, as OpenAI's is.
"""


class AccountsError(Exception):
    """Root of the tree; its message says what to do."""

    code = "accounts_error"
    param: str | None = None


class InvalidApiKey(AccountsError):
    """The key is malformed or nobody has it."""

    code = "invalid_api_key"


class ApiKeyRevoked(InvalidApiKey):
    """The key was switched off."""


class ApiKeyExpired(InvalidApiKey):
    """The key's time is over."""


class InsufficientScope(AccountsError):
    """The key is good but lacks the scope this needs."""

    code = "insufficient_scope"


class Unknown(AccountsError):
    """A name or id that leads nowhere."""

    code = "not_found"


class UnknownTenant(Unknown):
    """No tenant of that name."""

    code = "tenant_not_found"
    param = "tenant"


class UnknownUser(Unknown):
    """No person of that user name."""

    code = "user_not_found"
    param = "username"


class UnknownApiKey(Unknown):
    """No key of that id, or not one of this tenant's."""

    code = "api_key_not_found"
    param = "id"


class Exists(AccountsError):
    """It is there already."""

    code = "already_exists"


class TenantExists(Exists):
    """A tenant has that name."""

    code = "tenant_exists"
    param = "name"


class UserExists(Exists):
    """A person has that user name."""

    code = "user_exists"
    param = "username"


class MemberExists(Exists):
    """The person is a member of the tenant already."""

    code = "member_exists"
    param = "user"


class Unacceptable(AccountsError):
    """A value that cannot be stored; `param` names it."""

    code = "unacceptable_value"


class UnacceptableName(Unacceptable):
    """A tenant's name is 1 to 64 of a-z, 0-9 and inner hyphens; a key's is 1 to 100 characters."""

    code = "unacceptable_name"
    param = "name"


class UnacceptableUser(Unacceptable):
    """A user name or e-mail address that cannot be one; `param` is `username` or `email`."""

    code = "unacceptable_user"

    def __init__(self, message: str, param: str) -> None:
        super().__init__(message)
        self.param = param


class UnknownTimeZone(Unacceptable):
    """Not a name of the IANA time zone database."""

    code = "unknown_time_zone"
    param = "time_zone"


class UnknownRole(Unacceptable):
    """Not owner, admin, member or viewer."""

    code = "unknown_role"
    param = "role"


class UnknownScope(Unacceptable):
    """Not speech, history, usage, webhooks or admin, or none at all."""

    code = "unknown_scope"
    param = "scopes"


class UnacceptableExpiry(Unacceptable):
    """In the past, or without a time zone."""

    code = "unacceptable_expiry"
    param = "expires_at"


class UnacceptablePassword(Unacceptable):
    """Too short, too common or too like the user's name; the message says which."""

    code = "unacceptable_password"
    param = "password"
