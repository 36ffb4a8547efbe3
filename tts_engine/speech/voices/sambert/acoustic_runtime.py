"""The compiled acoustic model: linguistic units in, stretches of mel out, by onnxruntime and numpy alone.

    Script --plan--> Plan --join--> Decoding --advance--> Stretch, Stretch, ...

An utterance is planned by itself (its durations are known before the first frame is made), decoded
in a batch that it may join and leave between any two steps, and refined by itself as its frames
become known. All state is in the `Decoding`: one model serves any number of threads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tts_engine.speech.errors import VoiceUnavailable
from tts_engine.speech.voices.sambert.acoustic_files import (
    ENCODER,
    MEMORY,
    POSTNET,
    STEP,
    TABLES,
    Precision,
    Sizes,
)
from tts_engine.speech.voices.sambert.decoding import Decoding, Networks
from tts_engine.speech.voices.sambert.regulate import Floats, Ids, Plan, frames_of, regulate
from tts_engine.speech.voices.sessions import open_session

CHUNK = 40  # frames; half a second


@dataclass(frozen=True, slots=True)
class Script:
    """One utterance as the acoustic model takes it."""

    units: Ids  # [L, 4] rows of sy, tone, syllable_flag, word_segment
    emotion: Floats  # [L, De]
    speaker: Floats  # [L, Ds]
    speed: float = 1.0  # divides the durations
    pitch: float = 0.0  # semitones


class CompiledAcoustic:
    """The sessions and tables of one compiled model; loading takes about 0.3 s."""

    def __init__(self, folder: Path, precision: Precision | None = None, threads: int = 1) -> None:
        """`precision` other than the folder's own is for measuring. Raises VoiceUnavailable."""
        self.sizes = Sizes.read(folder)
        try:
            with np.load(folder / TABLES, allow_pickle=False) as tables:
                self._tables: dict[str, Floats] = {name: tables[name] for name in tables.files}
        except (OSError, ValueError) as error:
            raise VoiceUnavailable(f"{folder / TABLES} holds no tables: {error}. Add the voice again.") from error
        self.precision = precision or self.sizes.precision
        self._encoder = open_session(folder / ENCODER, threads)
        self.networks = Networks(
            memory=open_session(folder / MEMORY, threads),
            step=open_session(folder / STEP[self.precision], threads),
            postnet=open_session(folder / POSTNET[self.precision], threads),
            sizes=self.sizes,
        )

    def emotion(self, ids: Ids, *, neutral: int, pause: int, intensity: float = 1.0) -> Floats:
        """Vectors [L, De] at `intensity` on the line from the neutral row (0) to each id's own (1) and beyond.

        A unit with the id `pause` has no emotion to be more or less of.
        """
        table = self._tables["emotion"]
        own = table[ids]
        if intensity == 1.0:
            return own
        blended: Floats = table[neutral] + np.float32(intensity) * (own - table[neutral])
        return np.where(ids[:, np.newaxis] == pause, own, blended)

    def speaker(self, ids: Ids) -> Floats:
        """Vectors [L, Ds] of these rows' speakers; a table of one row is a voice's own vector, whoever is named."""
        table = self._tables["speaker"]
        return table[ids] if len(table) > 1 else np.repeat(table, len(ids), axis=0)

    def plan(self, script: Script) -> Plan:
        """Encode one utterance and decide its durations. Raises VoiceUnavailable where it is too long."""
        if not 0 < len(script.units) <= self.sizes.longest:
            raise VoiceUnavailable(
                f"An utterance must have 1 to {self.sizes.longest} units, not {len(script.units)}: split the text."
            )
        # normalised pitch is (f - mean) / deviation, so k f is k pitch + (k - 1) mean / deviation
        scale = 2 ** (script.pitch / 12)
        text, log_duration, pitch, energy = self._encoder.run(
            ["text", "log_duration", "pitch", "energy"],
            {
                "units": script.units,
                "speaker": script.speaker,
                "emotion": script.emotion,
                "pitch_scale": np.array([scale], np.float32),
                "pitch_shift": np.array([(scale - 1) * self.sizes.pitch_centre], np.float32),
            },
        )
        frames = frames_of(log_duration, script.speed)
        r = self.sizes.frames_a_step
        durations = np.floor(frames + np.float32(0.5)).astype(np.int64)
        memory = regulate(text, script.speaker, script.emotion, durations, self._tables["timescales"], r)
        band = int(frames.max() / r + 0.5)
        return Plan(durations, pitch, energy, memory, frames=int(durations.sum()), band=band)

    def start(self, plans: Sequence[Plan], chunk: int = CHUNK, networks: Networks | None = None) -> Decoding:
        """Begin to decode; the mel of each comes in stretches of about `chunk` frames."""
        decoding = Decoding(networks or self.networks, chunk)
        for plan in plans:
            decoding.join(plan)
        return decoding
