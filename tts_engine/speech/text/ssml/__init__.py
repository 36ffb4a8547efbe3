"""SSML of W3C, Azure and Alibaba, read into a script; docs/ssml.md says what each element does."""

from tts_engine.speech.text.ssml.parser import read_ssml

__all__ = ["read_ssml"]
