"""Everything `billing` refuses.

BillingError
├── QuotaExceeded         the period's characters are used up or promised
├── UnknownPlan           no plan of that name
├── UnknownAccount        the tenant has no account: it was never opened
├── AccountExists         it was opened already
├── UnknownReservation    a settlement or release of what was never reserved
└── OverSettled           a settlement of more than was reserved

Each class has a stable `code`, which doors pass on to callers.
"""

from datetime import datetime


class BillingError(Exception):
    """Root of the tree; its message says what to do."""

    code = "billing_error"
    param: str | None = None


class QuotaExceeded(BillingError):
    """The period's characters are used up or promised. Amounts in characters, the reset in UTC."""

    code = "insufficient_quota"

    def __init__(self, *, asked: int, limit: int, used: int, reserved: int, resets_at: datetime) -> None:
        super().__init__(
            f"{asked} characters were asked for; of {limit} this period {used} are used and {reserved} reserved. "
            f"The quota is renewed at {resets_at.isoformat()}."
        )
        self.asked = asked
        self.limit = limit
        self.used = used
        self.reserved = reserved
        self.resets_at = resets_at


class UnknownPlan(BillingError):
    """No plan of that name."""

    code = "plan_not_found"
    param = "plan"


class UnknownAccount(BillingError):
    """The tenant has no account."""

    code = "account_not_found"
    param = "tenant"


class AccountExists(BillingError):
    """The tenant has an account."""

    code = "account_exists"
    param = "tenant"


class UnknownReservation(BillingError):
    """Nothing was ever reserved for that synthesis."""

    code = "reservation_not_found"


class OverSettled(BillingError):
    """The count is known before synthesis, so a settlement never exceeds its reservation."""

    code = "settled_more_than_reserved"
