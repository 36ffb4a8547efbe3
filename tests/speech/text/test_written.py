"""Written forms and how they are said: one row of written.tsv a case."""

import pytest

from bench.cases import Written, written


@pytest.mark.parametrize("case", written("written.tsv"), ids=lambda case: case.text)
def test_what_is_written_is_said_as_a_newsreader_would(case: Written) -> None:
    """The words, and where the table gives it the pinyin."""
    assert case.mistake() is None
