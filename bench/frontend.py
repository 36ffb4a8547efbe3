"""How often is the text front end right, and how long does it take, against pypinyin alone?

    python -m bench.frontend [--cpp SENTENCES.gz LABELS.gz] [--limit N] [--mistakes]

Without --cpp the committed sample of CPP is read; --limit takes that many sentences of it, evenly spread.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from pypinyin import Style, lazy_pinyin

from bench.cases import Polyphone, cpp, mistakes, polyphones, written
from tts_engine.speech.text import read

SENTENCES = (
    "他得赶紧把银行的贷款还了，不然还得付利息。",
    "2024年5月1日上午8:30，气温-3℃，本次还款¥1,234.56元。",
    "这种花很难种，他种了三年才长出来，长得还不高。",
)
REPEATS = 200


def median_ms(work: Callable[[str], object]) -> float:
    times = []
    for number in range(REPEATS):
        began = time.perf_counter()
        work(SENTENCES[number % len(SENTENCES)] + "好" * (number % 7))
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def pypinyin_share(cases: list[Polyphone]) -> float:
    right = 0
    for case in cases:
        # errors=list: one entry a character, also where it is no Hanzi
        pinyin = lazy_pinyin(case.sentence, Style.TONE3, errors=list, neutral_tone_with_five=True)  # type: ignore[arg-type]
        right += all(pinyin[position] in case.right for position in case.positions)
    return right / len(cases)


def compare(name: str, cases: list[Polyphone]) -> list[str]:
    wrong = mistakes(cases)
    share = 1 - len(wrong) / len(cases)
    print(f"{name}: {share:.2%} of {len(cases)} sentences, pypinyin alone {pypinyin_share(cases):.2%}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the text front end.")
    parser.add_argument(
        "--cpp", nargs=2, type=Path, metavar=("SENTENCES", "LABELS"), help="the gzipped files of a part"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="read only N sentences of CPP")
    parser.add_argument("--mistakes", action="store_true", help="list what is read wrong")
    asked = parser.parse_args()

    sentences = cpp(*asked.cpp) if asked.cpp else polyphones("cpp_sample.tsv")
    if asked.limit:
        sentences = sentences[:: -(-len(sentences) // asked.limit)]
    wrong = compare("CPP", sentences)
    for table in ("everyday.tsv", "everyday_more.tsv"):
        wrong += compare(table, polyphones(table))
    cases = written("written.tsv")
    misread = [mistake for mistake in (case.mistake() for case in cases) if mistake]
    print(f"written.tsv: {1 - len(misread) / len(cases):.2%} of {len(cases)} texts")
    plain = median_ms(lambda text: lazy_pinyin(text, style=Style.TONE3))
    ours = median_ms(read)
    print(f"{ours:.2f} ms a sentence, pypinyin alone {plain:.2f} ms: ratio {ours / plain:.1f}")
    if asked.mistakes:
        print(*wrong, *misread, sep="\n")


if __name__ == "__main__":
    main()
