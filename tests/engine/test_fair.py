"""Start-time fair queueing by sentences: who is next, and what a busy process may claim."""

from tts_engine.fair import LAST, limit, sentence_tags, virtual_time


def test_sentences_share_their_text_s_stretch_by_length() -> None:
    """The first begins where the request begins, each next where the one before it ends."""
    assert sentence_tags(100, 200, [5, 3, 2]) == [100, 150, 180]
    assert sentence_tags(7, 9, [4]) == [7]


def test_a_long_text_competes_anew_with_every_sentence() -> None:
    """Against another team's short requests it gets turns by length, not all turns until its end."""
    long = [(0, tag, "long") for tag in sentence_tags(0, 1000, [100] * 10)]
    short = [(0, start, "short") for start in range(0, 1000, 100)]
    served = [whose for _, _, whose in sorted(long + short)]
    assert all(set(served[turn : turn + 2]) == {"long", "short"} for turn in range(0, 20, 2))


def test_a_busy_process_claims_only_what_goes_before_all_that_waits_in_it() -> None:
    """With nothing waiting any row is welcome; else only one that would be the very next."""
    assert limit([]) == LAST
    assert limit([(0, 9), (1, 2), (0, 7)]) == (0, 7)


def test_who_comes_back_starts_where_the_hindmost_is_served() -> None:
    """Not behind what other workers have yet to do; where nobody is served, where the last one was."""
    assert virtual_time([30, 10, 20], latest=99) == 10
    assert virtual_time([], latest=99) == 99
