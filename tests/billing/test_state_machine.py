"""The ledger as a state machine: whatever is done in whatever order, the books agree and no limit is passed."""

import uuid
from collections import Counter as Tally
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.services import api_key_create, tenant_create
from billing import services
from billing.errors import (
    BillingError,
    ConcurrencyExceeded,
    KeyQuotaExceeded,
    QuotaExceeded,
    TenantSuspended,
    TextTooLong,
)
from billing.limits.models import KeyCounter, KeyLimit
from billing.limits.services import account_resume, account_suspend, key_limit_set, plan_change, quota_raise
from billing.models import Account, Counter, LedgerEntry, Plan
from billing.reconciliation import reconcile

QUOTA = 60
KEY_CAP = 40
PLACES = 4
LONGEST_TEXT = 25
CHARACTERS = st.integers(min_value=0, max_value=30)
A_DAY, A_MONTH, TEN_YEARS = timedelta(days=1), timedelta(days=31), timedelta(days=3650)
MONTHS = range(3)


@dataclass(frozen=True)
class Held:
    """What the model knows of an open reservation."""

    characters: int
    keyed: bool
    month: int


class Ledger(RuleBasedStateMachine):
    """One tenant with one capped key, in three months; a model beside it knows what must be there."""

    @initialize()
    def open(self) -> None:
        plan = Plan.objects.create(
            name=f"plan-{uuid.uuid4().hex}",
            characters_per_period=QUOTA,
            requests_per_minute=60,
            concurrent_requests=PLACES,
            max_text_characters=LONGEST_TEXT,
        )
        self.plan_name, self.plan_quota, self.raised, self.places = plan.name, QUOTA, 0, PLACES
        self.overage = self.suspended = False
        self.tenant = tenant_create(name=f"team-{uuid.uuid4().hex}")
        services.account_open(tenant=self.tenant, plan_name=plan.name)
        self.key = api_key_create(tenant=self.tenant)[0]
        key_limit_set(key_id=self.key.id, limits={"characters_per_period": KEY_CAP})
        self.begin = datetime.now(UTC) + A_DAY
        self.month = 0
        self.used, self.key_used = Tally[int](), Tally[int]()  # by month
        self.open_ones: dict[uuid.UUID, Held] = {}
        self.ended: list[uuid.UUID] = []

    def at(self, month: int) -> datetime:
        return self.begin + month * A_MONTH

    def reserved(self, month: int, *, of_the_key: bool = False) -> int:
        held = (one for one in self.open_ones.values() if one.month == month)
        return sum(one.characters for one in held if one.keyed or not of_the_key)

    def expected(self, characters: int, keyed: bool, waits: bool) -> type[BillingError] | None:
        """In the order in which a refusal names its reason."""
        taken = self.used[self.month] + self.reserved(self.month)
        taken_by_key = self.key_used[self.month] + self.reserved(self.month, of_the_key=True)
        refusals = {
            TenantSuspended: self.suspended,
            TextTooLong: characters > LONGEST_TEXT,
            QuotaExceeded: not self.overage and taken + characters > self.plan_quota + self.raised,
            KeyQuotaExceeded: keyed and taken_by_key + characters > KEY_CAP,
            ConcurrencyExceeded: waits and len(self.open_ones) >= self.places,
        }
        return next((refusal for refusal, holds in refusals.items() if holds), None)

    @rule(characters=CHARACTERS, keyed=st.booleans())
    def reserve(self, characters: int, keyed: bool) -> None:
        synthesis = uuid.uuid4()
        if self.asked(synthesis, characters, keyed, waits=True):
            self.open_ones[synthesis] = Held(characters, keyed, self.month)

    @rule(characters=CHARACTERS, keyed=st.booleans())
    def answer_from_the_cache(self, characters: int, keyed: bool) -> None:
        """It waits for nobody, and is settled in the transaction that reserves."""
        synthesis = uuid.uuid4()
        if self.asked(synthesis, characters, keyed, waits=False):
            self.used[self.month] += characters
            self.key_used[self.month] += characters if keyed else 0
            self.ended.append(synthesis)

    def asked(self, synthesis: uuid.UUID, characters: int, keyed: bool, *, waits: bool) -> bool:
        """Whether it is promised, which must be as the model expects."""
        refusal = None
        try:
            with transaction.atomic():
                services.reserve(
                    tenant_id=self.tenant.id,
                    api_key_id=self.key.id if keyed else None,
                    synthesis_id=synthesis,
                    characters=characters,
                    virtual_time=0,
                    at=self.at(self.month),
                    waits=waits,
                )
                if not waits:
                    assert services.settle(synthesis_id=synthesis, characters=characters)
        except BillingError as error:
            refusal = type(error)
        assert refusal is self.expected(characters, keyed, waits)
        return refusal is None

    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        if self.open_ones:
            synthesis = data.draw(st.sampled_from(list(self.open_ones)))
            held = self.open_ones.pop(synthesis)
            billed = data.draw(st.integers(min_value=0, max_value=held.characters))
            with transaction.atomic():
                assert services.settle(synthesis_id=synthesis, characters=billed, at=self.at(self.month))
            self.used[held.month] += billed
            self.key_used[held.month] += billed if held.keyed else 0
            self.ended.append(synthesis)

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if self.open_ones:
            synthesis = data.draw(st.sampled_from(list(self.open_ones)))
            del self.open_ones[synthesis]
            with transaction.atomic():
                assert services.release(synthesis_id=synthesis, at=self.at(self.month))
            self.ended.append(synthesis)

    @rule(data=st.data(), settles=st.booleans())
    def end_again(self, data: st.DataObject, settles: bool) -> None:
        if self.ended:
            synthesis = data.draw(st.sampled_from(self.ended))
            with transaction.atomic():
                if settles:
                    assert not services.settle(synthesis_id=synthesis, characters=0)
                else:
                    assert not services.release(synthesis_id=synthesis)

    @rule(characters=st.integers(min_value=1, max_value=20))
    def raise_quota(self, characters: int) -> None:
        quota_raise(tenant=self.tenant, characters=characters, until=self.begin + TEN_YEARS)
        self.raised += characters

    @rule(quota=st.integers(0, 80), overage=st.booleans(), places=st.integers(1, 6))
    def change_the_plan(self, quota: int, overage: bool, places: int) -> None:
        """Also below what is used: nothing is taken back."""
        limits = {"characters_per_period": quota, "overage": overage, "concurrent_requests": places}
        plan_change(name=self.plan_name, limits=limits)
        self.plan_quota, self.overage, self.places = quota, overage, places

    @rule(suspended=st.booleans())
    def suspend_or_resume(self, suspended: bool) -> None:
        (account_suspend if suspended else account_resume)(tenant=self.tenant)
        self.suspended = suspended

    @rule(month=st.sampled_from(MONTHS))
    def step_the_clock(self, month: int) -> None:
        """To a later month or back to an earlier one, with requests open."""
        self.month = month

    @rule()
    def lose_the_counters(self) -> None:
        """What is derived can be lost: it is found again from the ledger."""
        if Counter.objects.filter(tenant=self.tenant).update(used=1, reserved=2):
            Account.objects.filter(tenant=self.tenant).update(open_requests=9)
            KeyCounter.objects.filter(counter__tenant=self.tenant).update(used=3, reserved=4)
            reconcile(repair=True)

    @invariant()
    def the_books_agree(self) -> None:
        """The chain is unbroken and every derived number is the ledger's."""
        assert reconcile() == []

    @invariant()
    def the_numbers_are_the_model_s(self) -> None:
        found = {self.month_of(one): (one.used, one.reserved) for one in Counter.objects.filter(tenant=self.tenant)}
        for month in MONTHS:
            assert found.get(month, (0, 0)) == (self.used[month], self.reserved(month))
        settled = LedgerEntry.objects.filter(counter__tenant=self.tenant, kind="settle")
        assert (settled.aggregate(all=Sum("characters"))["all"] or 0) == self.used.total()
        assert Account.objects.get(tenant=self.tenant).open_requests == len(self.open_ones)

    @invariant()
    def the_key_s_part_is_the_model_s(self) -> None:
        parts = KeyCounter.objects.filter(api_key=self.key).select_related("counter")
        found = {self.month_of(part.counter): (part.used, part.reserved) for part in parts}
        for month in MONTHS:
            assert found.get(month, (0, 0)) == (self.key_used[month], self.reserved(month, of_the_key=True))
            assert sum(found.get(month, (0, 0))) <= KEY_CAP
        waiting = sum(held.keyed for held in self.open_ones.values())
        assert KeyLimit.objects.get(api_key=self.key).open_requests == waiting

    def month_of(self, counter: Counter) -> int:
        return next(month for month in MONTHS if counter.period_start <= self.at(month) < counter.period_end)


@pytest.mark.django_db
def test_the_ledger_is_a_state_machine() -> None:
    """Hypothesis looks for an order of moves that breaks an invariant."""
    slow_database = settings(
        max_examples=20, stateful_step_count=25, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(Ledger, settings=slow_database)
