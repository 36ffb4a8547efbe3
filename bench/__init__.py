"""Benchmarks: one file a question, each prints a ratio against a plain way, measured in one run."""
