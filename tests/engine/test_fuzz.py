"""Whatever a stranger sends as text, markup, dictionary or file is read or refused; `make fuzz` sends a million."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.fuzz_targets import TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_no_input_crashes_its_reader(target: Target) -> None:
    """Hypothesis makes what does as small as it can."""

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def take(chance: Random) -> None:
        target.take(target.draw(chance))

    take()
