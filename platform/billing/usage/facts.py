"""What is summed of requests: what every price list needs, and what we tell and bill ourselves."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from billing.price_book.facts import Facts, sums


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFacts(Facts):
    """Of one request, or the sums over many. All but `failed` are of answered requests alone."""

    cached: int = 0  # requests answered from the tenant's cache
    failed: int = 0  # requests that were accepted and not answered; who cancels is not among them
    billed_characters: int = 0

    @property
    def cached_percent(self) -> int:
        """Of the answered requests, those that the cache answered."""
        return 100 * self.cached // self.requests if self.requests else 0

    @property
    def failed_percent(self) -> float:
        """Of all that were accepted and not cancelled."""
        ended = self.requests + self.failed
        return 100 * self.failed / ended if ended else 0.0


NAMES = tuple(field.name for field in fields(UsageFacts))


def total(facts: Iterable[UsageFacts]) -> UsageFacts:
    return UsageFacts(**sums(facts, NAMES))
