"""What a member's role lets them do, in the words of an API key's scopes."""

from accounts.models import Role, Scope

SCOPES: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset(Scope.values),
    Role.ADMIN: frozenset(Scope.values),
    Role.MEMBER: frozenset({Scope.SPEECH, Scope.HISTORY, Scope.USAGE}),
    Role.VIEWER: frozenset({Scope.HISTORY, Scope.USAGE}),
}
