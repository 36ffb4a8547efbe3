"""Characters with several readings: everyday sentences of our own, and a sample of a public set."""

import pytest

from bench.cases import mistakes, polyphones
from tts_engine.speech.text.polyphones import _rules, _written


@pytest.mark.parametrize(
    ("table", "least_share"),
    [("everyday.tsv", 0.99), ("everyday_more.tsv", 0.99), ("cpp_sample.tsv", 0.975)],
)
def test_polyphones_are_read_right(table: str, least_share: float) -> None:
    """At least this share of the table's sentences is; the message lists the others."""
    cases = polyphones(table)
    wrong = mistakes(cases)
    assert len(wrong) <= (1 - least_share) * len(cases), f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong)


def test_every_rule_is_a_pattern() -> None:
    """Rules are compiled when a text first has their character: none may be wrong and wait for that."""
    for strong in (True, False):
        for char, written in _written(strong).items():
            assert len(_rules(strong, char)) >= len(written)
