"""`make bench`: every benchmark, one after the other."""

import runpy

BENCHMARKS = (
    "bench.voice",
    "bench.frontend",
    "bench.platform_cost",
    "bench.logging",
    "bench.audio",
    "bench.cache",
    "bench.eviction",
    "bench.repeats",
    "bench.waits",
    "bench.reserve",
    "bench.jobs",
    "bench.rollup",
    "bench.usage",
    "bench.pages",
    "bench.wrong_keys",
)

for name in BENCHMARKS:
    print(f"\n--- {name}")
    runpy.run_module(name, run_name="__main__")
