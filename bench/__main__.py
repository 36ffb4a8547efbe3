"""`make bench`: every benchmark that needs no running platform, one after the other."""

import runpy

for name in ("bench.voice", "bench.frontend"):
    print(f"\n--- {name}")
    runpy.run_module(name, run_name="__main__")
