"""Marks in plain text, where the request allows them: `[pause:1.5s]`, `[voice:x]`, `[rate:1.2]`, `[emotion:happy]`.

Each holds from where it stands, up to the next of its kind; an empty one, `[voice:]`, takes it back.
Brackets with any other word in them are text.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from tts_engine.speech.errors import ScriptError
from tts_engine.speech.text.building import Limits, ScriptBuilder, spoken_by
from tts_engine.speech.text.script import Manner, Place, Script
from tts_engine.speech.text.ssml import styles, values

TAG = re.compile(r"\[(pause|voice|rate|pitch|volume|emotion):([^\[\]\n]{0,200})\]")


def read_tags(source: str, aliases: Mapping[str, str], limits: Limits) -> Script:
    """The script of a text with tags; `aliases` are names in them to voices. Raises ScriptError, and nothing else."""
    if len(source) > limits.characters:
        raise ScriptError(f"The text has {len(source)} characters; the most is {limits.characters}, tags included.")
    builder = ScriptBuilder(limits)
    manner, place, done = Manner(), None, 0
    for match in TAG.finditer(source):
        builder.say(source[done : match.start()], manner, place)
        done, place = match.end(), _place(source, match.start())
        name, value = match[1], match[2].strip()
        try:
            if name == "pause":
                builder.pause(values.seconds(value), place)
            else:
                manner = _changed(manner, name, value, aliases)
        except ValueError as error:
            raise ScriptError(f"{match.group()} cannot be read: {error}.", place) from error
    builder.say(source[done:], manner, place)
    return builder.script()


def in_force(source: str) -> str:
    """The tags that hold at its end, as they are written there: they say the same before what follows."""
    held: dict[str, str] = {}
    for match in TAG.finditer(source):
        held.pop(match[1], None)
        if match[1] != "pause" and match[2].strip():
            held[match[1]] = match.group()
    return "".join(held.values())


def _changed(manner: Manner, name: str, value: str, aliases: Mapping[str, str]) -> Manner:
    """Raises ValueError."""
    given, usual = value != "", Manner()
    if name == "voice":
        return spoken_by(value, manner, aliases) if given else replace(manner, voice=None, role=None)
    if name == "rate":
        return replace(manner, speed=values.rate(value, 1.0) if given else usual.speed)
    if name == "pitch":
        return replace(manner, pitch=values.pitch(value, 0.0) if given else usual.pitch)
    if name == "volume":
        return replace(manner, volume=values.volume(value, 0.0) if given else usual.volume)
    return replace(manner, emotion=styles.emotion(value) if given else None)


def _place(source: str, position: int) -> Place:
    before = source[:position]
    return Place(before.count("\n") + 1, position - before.rfind("\n"))
