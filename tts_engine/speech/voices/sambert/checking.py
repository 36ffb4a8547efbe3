"""How near each precision of a compiled voice is to its float32, and how fast; no torch needed."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from tts_engine.speech.batching import Point, curve
from tts_engine.speech.speak import plan
from tts_engine.speech.voice import Samples, Style, Voice, speak_alone
from tts_engine.speech.voices.sambert.acoustic_files import PRECISIONS, Precision
from tts_engine.speech.voices.sambert.description import Description
from tts_engine.speech.voices.sambert.fidelity import Fidelity, fidelity
from tts_engine.speech.voices.sambert.vocoder_files import GRAPH, VocoderPrecision
from tts_engine.speech.voices.sambert.voice import SambertVoice

SENTENCES = (
    "今天天气怎么样？",
    "您的订单已经发货，预计明天下午送达。",
    "请在听到提示音之后，留下姓名和电话号码。",
    "人工智能正在改变我们的生活。",
    "我昨天买了一本新书，封面上画着一只猫。",
    "别着急，火车还有十五分钟才开呢！",
)
"""What a voice is checked on: many sounds, a question, a call, numbers. None that it was compiled with."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One choice of precisions, on SENTENCES."""

    decoder: Precision
    vocoder: VocoderPrecision
    fidelity: Fidelity  # to float32 of both
    rtf: float  # seconds of work a second of speech, on one thread


def check(folder: Path, description: Description) -> list[Checked]:
    """All choices, the exact one first. Raises VoiceUnavailable for a damaged voice."""
    exact: list[Samples] = []
    checked = []
    for decoder, vocoder in product(PRECISIONS, GRAPH):
        voice = SambertVoice(folder, description, decoder=decoder, vocoder=vocoder)
        spoken(voice, SENTENCES[:1])  # the first run of a session allocates
        began = time.perf_counter()
        waves = spoken(voice, SENTENCES)
        took = time.perf_counter() - began
        exact = exact or waves
        seconds = sum(map(len, waves)) / description.sample_rate
        checked.append(Checked(decoder, vocoder, fidelity(exact, waves, description.sample_rate), took / seconds))
    return checked


def batch_curve(voice: Voice) -> list[Point]:
    """What batches of each size come to on SENTENCES, by the voice's first speaker."""
    style = Style(voice.info.speakers[0].id)
    return curve(voice, [utterance for sentence in SENTENCES for utterance in plan(sentence, voice.info, style)])


def spoken(voice: SambertVoice, sentences: Sequence[str]) -> list[Samples]:
    style = Style(voice.info.speakers[0].id)
    return [
        np.concatenate([chunk.samples for chunk in speak_alone(voice, utterance)])
        for sentence in sentences
        for utterance in plan(sentence, voice.info, style)
    ]
