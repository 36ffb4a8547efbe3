"""Rows of units, and how they are to be said, as the compiled acoustic model takes them."""

from tts_engine.speech.voice import NEUTRAL
from tts_engine.speech.voices.sambert.acoustic_runtime import CompiledAcoustic, Script
from tts_engine.speech.voices.sambert.inventory import Inventory, Rows


def script_of(
    acoustic: CompiledAcoustic,
    inventory: Inventory,
    rows: Rows,
    *,
    intensity: float = 1.0,
    speed: float = 1.0,
    pitch: float = 0.0,
) -> Script:
    """`intensity` of the emotion, 1 its own; `speed` divides the durations; `pitch` is in semitones."""
    emotions = inventory.tables["emotion"]
    emotion = acoustic.emotion(
        rows.emotion, neutral=emotions[f"emotion_{NEUTRAL}"], pause=emotions["emotion_none"], intensity=intensity
    )
    return Script(rows.linguistic, emotion, acoustic.speaker(rows.speaker), speed=speed, pitch=pitch)
