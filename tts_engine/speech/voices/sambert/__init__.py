"""Sambert-HiFiGAN, the voices that ModelScope publishes: linguistic units in, waveform out.

`torch` is imported only where a model folder is read, checked or compiled; serving a compiled
voice needs none of it.
"""
