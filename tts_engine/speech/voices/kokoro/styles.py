"""Emotions of the built-in voice: styles of prosody, not of voice quality.

The model has no emotion input. What it leaves open is melody, rate, energy and pauses, so an
emotion here is a declared change of those five, after the directions in which they move in acted
speech (Murray and Arnott 1993, table 1; Scherer 2003, table 2). The timbre stays the speaker's
own: this is a happy, sad or angry way of reading, not a laughing or a weeping voice.
"""

from dataclasses import dataclass

import numpy as np

from tts_engine.speech.voice import NEUTRAL, Style
from tts_engine.speech.voices.kokoro.networks import Contours, Floats

VOICED_HZ = 30.0  # predicted F0 is below 15 in silence and above 60 in voice
LOWEST_HZ, HIGHEST_HZ = 40.0, 1600.0  # two octaves around what the seven speakers reach
SPEECH_ENERGY = 0.0  # predicted energy is about -9 in silence and 4 to 11 in speech


@dataclass(frozen=True, slots=True)
class Prosody:
    """How speech differs from the neutral reading of the same speaker."""

    level: float = 0.0  # semitones that F0 is raised
    range: float = 1.0  # how far F0 moves about its mean, as a ratio on the scale of semitones
    rate: float = 1.0  # ratio of speed
    energy: float = 0.0  # added to the model's log energy; 1 is heard as about 0.4 dB
    pauses: float = 1.0  # ratio of the pauses at punctuation

    def scaled(self, intensity: float) -> "Prosody":
        """This prosody `intensity` times as far from neutral."""
        return Prosody(
            level=self.level * intensity,
            range=self.range**intensity,
            rate=self.rate**intensity,
            energy=self.energy * intensity,
            pauses=self.pauses**intensity,
        )


EMOTIONS = {
    NEUTRAL: Prosody(),
    "happy": Prosody(level=2.0, range=1.3, rate=1.08, energy=3.0, pauses=0.8),
    "sad": Prosody(level=-1.5, range=0.65, rate=0.85, energy=-5.0, pauses=1.4),
    "angry": Prosody(level=1.0, range=1.35, rate=1.12, energy=5.0, pauses=0.7),
}


def prosody_of(style: Style) -> Prosody:
    """What `style` asks for: its emotion at its intensity, with its pitch and speed on top."""
    emotion = EMOTIONS[style.emotion].scaled(style.emotion_intensity)
    return Prosody(
        level=emotion.level + style.pitch,
        range=emotion.range,
        rate=emotion.rate * style.speed,
        energy=emotion.energy,
        pauses=emotion.pauses,
    )


def shaped(contours: Contours, prosody: Prosody) -> Contours:
    """`contours` moved as `prosody` says; neutral prosody gives the same bits."""
    return Contours(_melody(contours.f0, prosody), _loudness(contours.energy, prosody))


def _melody(f0: Floats, prosody: Prosody) -> Floats:
    voiced = f0 > VOICED_HZ
    if not voiced.any() or (prosody.level == 0 and prosody.range == 1):
        return f0
    semitones = 12 * np.log2(f0[voiced])
    mean = semitones.mean()
    moved = mean + prosody.level + prosody.range * (semitones - mean)
    result = f0.copy()
    result[voiced] = np.clip(2 ** (moved / 12), LOWEST_HZ, HIGHEST_HZ)
    return result


def _loudness(energy: Floats, prosody: Prosody) -> Floats:
    if prosody.energy == 0:
        return energy
    return np.where(energy > SPEECH_ENERGY, energy + np.float32(prosody.energy), energy)
