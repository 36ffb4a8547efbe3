"""Everything `billing` refuses.

BillingError
├── QuotaExceeded          the period's characters are used up or promised
│   └── KeyQuotaExceeded   those of the key's own cap are
├── RateExceeded           too many characters within a minute
│   └── ConcurrencyExceeded    too many requests at once
├── TextTooLong            more characters than the plan or the key allows a text
├── TenantSuspended        the operator has suspended the tenant
├── OpenRequests           a tenant that is to be deleted has requests that have not ended
├── UnknownPlan            no plan of that name
├── PlanExists             there is one already
├── UnacceptableLimit      a limit that cannot be one; `param` names it
├── UnacceptableAddress    an address that no alert can be mailed to, or too many
├── UnknownAccount         the tenant has no account: it was never opened
├── AccountExists          it was opened already
├── UnknownReservation     a settlement or release of what was never reserved
├── OverSettled            a settlement of more than was reserved
├── PriceBookInvalid       a field of a price book is missing or wrong
├── PriceBookChanged       a version of the price book is there already with other content
├── NoPriceBook            no price book was in force on that day
└── CostInvalid            an own cost that is none

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
    whose = "your team's"

    def __init__(self, *, asked: int, limit: int, used: int, reserved: int, resets_at: datetime) -> None:
        super().__init__(
            f"{asked} characters were asked for; of {self.whose} {limit} this period {used} are used and {reserved} "
            f"reserved. The quota is renewed at {resets_at.isoformat()}."
        )
        self.asked = asked
        self.limit = limit
        self.used = used
        self.reserved = reserved
        self.resets_at = resets_at


class KeyQuotaExceeded(QuotaExceeded):
    """The key's own cap is used up; the team may have characters left."""

    whose = "this key's"


class RateExceeded(BillingError):
    """Too much within a minute; `retry_after` is in whole seconds."""

    code = "rate_limit_exceeded"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ConcurrencyExceeded(RateExceeded):
    """Too many requests wait or are spoken at this moment."""

    code = "concurrency_limit_exceeded"


class TextTooLong(BillingError):
    """More characters than the plan or the key allows one text."""

    code = "string_above_max_length"
    param = "input"


class TenantSuspended(BillingError):
    """The operator has suspended the tenant: it speaks nothing new."""

    code = "tenant_suspended"


class OpenRequests(BillingError):
    """A tenant that is to be deleted has requests that have not ended."""

    code = "open_requests"


class UnknownPlan(BillingError):
    """No plan of that name."""

    code = "plan_not_found"
    param = "plan"


class PlanExists(BillingError):
    """A plan has that name."""

    code = "plan_exists"
    param = "name"


class UnacceptableLimit(BillingError):
    """Negative, huge or contradictory; `param` names the limit."""

    code = "unacceptable_limit"

    def __init__(self, message: str, *, param: str) -> None:
        super().__init__(message)
        self.param = param


class UnacceptableAddress(BillingError):
    """No e-mail address, or more than a team's alerts are mailed to."""

    code = "unacceptable_address"
    param = "addresses"


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


class PriceBookInvalid(BillingError):
    """A field of a price book is missing or wrong; `param` is its path in the file."""

    code = "price_book_invalid"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.param = field


class PriceBookChanged(BillingError):
    """What is loaded stays as it is, so that a saving of last month does not change."""

    code = "price_book_changed"

    def __init__(self, version: str, field: str) -> None:
        super().__init__(f"Version {version} is loaded with another {field}. Give the changed book a new version.")
        self.param = field


class NoPriceBook(BillingError):
    """No price book, or no exchange rate, was in force on that day."""

    code = "no_price_book"
    param = "from"


class CostInvalid(BillingError):
    """An own cost that is none; `param` is the field."""

    code = "cost_invalid"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.param = field
