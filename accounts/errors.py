"""Everything `accounts` refuses.

AccountsError
├── InvalidApiKey          malformed, unknown, or one of:
│   ├── ApiKeyRevoked      it was switched off
│   └── ApiKeyExpired      its time is over
├── InsufficientScope      the key is good but may not do this
├── VisitReadsOnly         an operator who visits a team changes nothing there
├── RoleNotAllowed         the member's role does not let them give or take this role
├── Unknown                a name or id that leads nowhere
│   ├── UnknownTenant
│   ├── UnknownUser
│   ├── UnknownApiKey
│   ├── UnknownMember
│   └── UnknownInvitation
├── Exists                 it is there already
│   ├── TenantExists
│   ├── UserExists
│   └── MemberExists
├── Conflict               it cannot be done as things stand
│   ├── ApiKeyEnded        revoked or expired
│   ├── TooManyApiKeys
│   ├── LastOwner
│   └── TooManyInvitations
├── InvitationOver         it was used, revoked, or its time is over
└── Unacceptable           a value that cannot be stored; `param` names it
    ├── UnacceptableName
    ├── UnacceptableUser
    ├── UnknownTimeZone
    ├── UnknownRole
    ├── UnknownScope
    ├── UnacceptableReason
    ├── UnacceptableExpiry
    ├── UnacceptableGrace
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


class RoleNotAllowed(AccountsError):
    """An owner alone makes, changes or removes owners."""

    code = "role_not_allowed"
    param = "role"


class VisitReadsOnly(AccountsError):
    """An operator who visits a team's console asked for a change."""

    code = "visit_reads_only"


class Unknown(AccountsError):
    """A name or id that leads nowhere."""

    code = "not_found"


class UnknownTenant(Unknown):
    """No tenant of that name."""

    code = "tenant_not_found"
    param = "tenant"


class UnknownUser(Unknown):
    """No person of that user name who may sign in."""

    code = "user_not_found"
    param = "username"


class UnknownApiKey(Unknown):
    """No key of that id, or not one of this tenant's."""

    code = "api_key_not_found"
    param = "id"


class UnknownMember(Unknown):
    """No member of that number, or not one of this tenant's."""

    code = "member_not_found"
    param = "id"


class UnknownInvitation(Unknown):
    """No invitation of that id or token, or not one of this tenant's."""

    code = "invitation_not_found"
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


class Conflict(AccountsError):
    """It cannot be done as things stand."""

    code = "conflict"


class ApiKeyEnded(Conflict):
    """The key was revoked or has expired: nothing of it can be changed any more."""

    code = "api_key_ended"


class TooManyApiKeys(Conflict):
    """The tenant has as many keys that work as it may."""

    code = "api_key_limit_reached"


class LastOwner(Conflict):
    """A tenant without an owner could never change who belongs to it."""

    code = "last_owner"


class TooManyInvitations(Conflict):
    """The tenant has as many open invitations as it may."""

    code = "invitation_limit_reached"


class InvitationOver(AccountsError):
    """It was used, revoked, or its time is over; the message says which."""

    code = "invitation_over"


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


class UnacceptableReason(Unacceptable):
    """Why an operator looks at a team's console is said in 1 to 200 characters."""

    code = "unacceptable_reason"
    param = "reason"


class UnacceptableExpiry(Unacceptable):
    """In the past, or without a time zone."""

    code = "unacceptable_expiry"
    param = "expires_at"


class UnacceptableGrace(Unacceptable):
    """Below nothing, or longer than a replaced key may work on."""

    code = "unacceptable_grace"
    param = "grace"


class UnacceptablePassword(Unacceptable):
    """Too short, too common or too like the user's name; the message says which."""

    code = "unacceptable_password"
    param = "password"
