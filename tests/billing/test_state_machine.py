"""The ledger as a state machine: whatever is done in whatever order, the books agree and no limit is passed."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.services import api_key_create, tenant_create
from billing import services
from billing.errors import BillingError, ConcurrencyExceeded, KeyQuotaExceeded, QuotaExceeded
from billing.limits.models import KeyCounter, KeyLimit
from billing.limits.services import key_limit_set, quota_raise
from billing.models import Account, Counter, LedgerEntry, Plan
from billing.reconciliation import reconcile

QUOTA = 60
KEY_CAP = 40
PLACES = 4
CHARACTERS = st.integers(min_value=0, max_value=30)
NEXT_YEAR = timedelta(days=365)


class Ledger(RuleBasedStateMachine):
    """One tenant with one capped key, in one month; a model beside it knows what must be there."""

    @initialize()
    def open(self) -> None:
        plan = Plan.objects.create(
            name=f"plan-{uuid.uuid4().hex}",
            characters_per_period=QUOTA,
            requests_per_minute=60,
            concurrent_requests=PLACES,
            max_text_characters=4096,
        )
        self.tenant = tenant_create(name=f"team-{uuid.uuid4().hex}")
        services.account_open(tenant=self.tenant, plan_name=plan.name)
        self.key = api_key_create(tenant=self.tenant)[0]
        key_limit_set(key_id=self.key.id, limits={"characters_per_period": KEY_CAP})
        self.at = datetime.now(UTC)
        self.quota = QUOTA
        self.used = self.key_used = 0
        self.open_ones: dict[uuid.UUID, tuple[int, bool]] = {}
        self.ended: list[uuid.UUID] = []

    def reserved(self, *, of_the_key: bool = False) -> int:
        return sum(size for size, keyed in self.open_ones.values() if keyed or not of_the_key)

    def expected(self, characters: int, keyed: bool) -> type[BillingError] | None:
        if self.used + self.reserved() + characters > self.quota:
            return QuotaExceeded
        if keyed and self.key_used + self.reserved(of_the_key=True) + characters > KEY_CAP:
            return KeyQuotaExceeded
        return ConcurrencyExceeded if len(self.open_ones) >= PLACES else None

    @rule(characters=CHARACTERS, keyed=st.booleans())
    def reserve(self, characters: int, keyed: bool) -> None:
        synthesis, refusal = uuid.uuid4(), None
        try:
            with transaction.atomic():
                services.reserve(
                    tenant_id=self.tenant.id,
                    api_key_id=self.key.id if keyed else None,
                    synthesis_id=synthesis,
                    characters=characters,
                    virtual_time=0,
                    at=self.at,
                )
        except BillingError as error:
            refusal = type(error)
        assert refusal is self.expected(characters, keyed)
        if refusal is None:
            self.open_ones[synthesis] = characters, keyed

    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        if self.open_ones:
            synthesis = data.draw(st.sampled_from(list(self.open_ones)))
            size, keyed = self.open_ones.pop(synthesis)
            billed = data.draw(st.integers(min_value=0, max_value=size))
            with transaction.atomic():
                assert services.settle(synthesis_id=synthesis, characters=billed, at=self.at)
            self.used += billed
            self.key_used += billed if keyed else 0
            self.ended.append(synthesis)

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if self.open_ones:
            synthesis = data.draw(st.sampled_from(list(self.open_ones)))
            del self.open_ones[synthesis]
            with transaction.atomic():
                assert services.release(synthesis_id=synthesis, at=self.at)
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
        made = quota_raise(tenant=self.tenant, characters=characters, until=self.at + NEXT_YEAR)
        self.at = max(self.at, made.starts_at)
        self.quota += characters

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
        counter = Counter.objects.filter(tenant=self.tenant).first() or Counter(used=0, reserved=0)
        assert (counter.used, counter.reserved) == (self.used, self.reserved())
        assert counter.used + counter.reserved <= self.quota
        settled = LedgerEntry.objects.filter(counter__tenant=self.tenant, kind="settle")
        assert (settled.aggregate(all=Sum("characters"))["all"] or 0) == self.used
        assert Account.objects.get(tenant=self.tenant).open_requests == len(self.open_ones)

    @invariant()
    def the_key_s_part_is_the_model_s(self) -> None:
        part = KeyCounter.objects.filter(api_key=self.key).first() or KeyCounter(used=0, reserved=0)
        assert (part.used, part.reserved) == (self.key_used, self.reserved(of_the_key=True))
        assert part.used + part.reserved <= KEY_CAP
        waiting = sum(keyed for _, keyed in self.open_ones.values())
        assert KeyLimit.objects.get(api_key=self.key).open_requests == waiting


@pytest.mark.django_db
def test_the_ledger_is_a_state_machine() -> None:
    """Hypothesis looks for an order of moves that breaks an invariant."""
    slow_database = settings(
        max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(Ledger, settings=slow_database)
