"""Six hundred everyday sentences, each asking for the reading of one character with several."""

from pathlib import Path

from tts_engine.speech.text import read

CASES = Path(__file__).with_name("everyday.tsv")
LEAST_SHARE = 0.97


def test_everyday_polyphones_are_read_right() -> None:
    """At least 97 in 100 are; the message lists the others."""
    lines = [line for line in CASES.read_text().splitlines() if line and not line.startswith("#")]
    wrong = []
    for line in lines:
        marked, right = line.split("\t")
        place = marked.index("*")
        sentence = marked.replace("*", "")
        read_as = list(read(sentence).characters)[place].pinyin
        if read_as not in right.split("/"):
            wrong.append(f"{marked}: {read_as}, right is {right}")
    assert len(wrong) <= (1 - LEAST_SHARE) * len(lines), f"{len(wrong)} of {len(lines)}:\n" + "\n".join(wrong)
