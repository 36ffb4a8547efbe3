"""What is summed of requests: what every price list needs, and what we tell and bill ourselves."""

from dataclasses import dataclass, fields

from billing.price_book.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFacts(Facts):
    """Of one request, or the sums over many. All but `failed` are of answered requests alone."""

    cached: int = 0  # requests answered from the tenant's cache
    failed: int = 0  # requests that were accepted and not answered; who cancels is not among them
    billed_characters: int = 0

    def __add__(self, other: "UsageFacts") -> "UsageFacts":
        return UsageFacts(**{name: getattr(self, name) + getattr(other, name) for name in NAMES})


NAMES = tuple(field.name for field in fields(UsageFacts))
