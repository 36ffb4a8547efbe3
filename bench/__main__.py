"""`make bench`: every benchmark, one after the other."""

import runpy

for name in ("bench.voice", "bench.frontend", "bench.platform_cost", "bench.rollup", "bench.usage"):
    print(f"\n--- {name}")
    runpy.run_module(name, run_name="__main__")
