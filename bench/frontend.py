"""How long does reading a sentence take, against pypinyin alone?

python -m bench.frontend
"""

import statistics
import time
from collections.abc import Callable

from pypinyin import Style, lazy_pinyin

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


def main() -> None:
    read(SENTENCES[0])
    plain = median_ms(lambda text: lazy_pinyin(text, style=Style.TONE3))
    ours = median_ms(read)
    print(f"front end {ours:.2f} ms a sentence, pypinyin alone {plain:.2f} ms: ratio {ours / plain:.1f}")


if __name__ == "__main__":
    main()
