"""What each element of SSML does; docs/ssml.md is the table for users.

A *container* gives a manner to what is inside; a *leaf* has only text inside, or nothing, and puts
something into the script.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from tts_engine.speech.text.building import ScriptBuilder, spoken_by
from tts_engine.speech.text.script import Manner
from tts_engine.speech.text.ssml import phonemes, said_as, styles, values
from tts_engine.speech.text.ssml.attributes import Attributes

Container = Callable[[Manner, Attributes, Mapping[str, str]], Manner]
Leaf = Callable[[ScriptBuilder, str, Manner, Attributes], None]

BLOCKS = {"speak", "voice", "p", "s", "break", "mstts:silence", "audio"}  # white space beside them says nothing

# Focus in Mandarin is longer and louder (Xu 1999); these two any voice can.
_EMPHASIS = {"none": (1.0, 0.0), "reduced": (1.1, -3.0), "moderate": (0.92, 2.0), "strong": (0.85, 4.0)}
_LONG_NAME = re.compile(r"Microsoft Server Speech Text to Speech Voice \(([\w-]+), (\w+)\)")
_AZURE_NAME = re.compile(r"zh-CN-(?:[a-z]+-)?(\w+?)(?:Multilingual)?Neural")
_OWN_CLIP = re.compile(r"history:[0-9a-fA-F-]{36}")
_MEDIUM = values.STRENGTHS["medium"]


def _speak(manner: Manner, attributes: Attributes, aliases: Mapping[str, str]) -> Manner:
    """W3C's root, with the attributes of Alibaba's."""
    attributes.take("version", _version, None)
    attributes.take("xsi:schemaLocation", str, None)
    return _prosody_of(
        _voiced(manner, attributes.take("voice", str, None), aliases),
        attributes,
        values.alibaba_rate,
        values.alibaba_pitch,
        values.alibaba_volume,
    )


def _version(value: str) -> str:
    if value not in ("1.0", "1.1"):
        raise ValueError("SSML is 1.0 or 1.1")
    return value


def _voice(manner: Manner, attributes: Attributes, aliases: Mapping[str, str]) -> Manner:
    """The name decides; a gender beside it asks for nothing more."""
    name = attributes.need("name", str)
    for gender in ("gender", "xml:gender"):
        attributes.take(gender, str, None)
    return _voiced(manner, name, aliases)


def _voiced(manner: Manner, name: str | None, aliases: Mapping[str, str]) -> Manner:
    """Azure's name of a voice that is here too is that voice, unless the request says whose it is."""
    if name is None:
        return manner
    if name not in aliases:
        if long := _LONG_NAME.fullmatch(name):
            name = f"{long[1]}-{long[2]}"
        if (azure := _AZURE_NAME.fullmatch(name)) and name not in aliases:
            name = azure[1].lower()
    return spoken_by(name, manner, aliases)


def _prosody(manner: Manner, attributes: Attributes, _aliases: Mapping[str, str]) -> Manner:
    return _prosody_of(manner, attributes, values.rate, values.pitch, values.volume)


def _prosody_of(
    manner: Manner,
    attributes: Attributes,
    rate: Callable[[str, float], float],
    pitch: Callable[[str, float], float],
    volume: Callable[[str, float], float],
) -> Manner:
    return replace(
        manner,
        speed=attributes.take("rate", lambda value: rate(value, manner.speed), manner.speed),
        pitch=attributes.take("pitch", lambda value: pitch(value, manner.pitch), manner.pitch),
        volume=attributes.take("volume", lambda value: volume(value, manner.volume), manner.volume),
    )


def _emphasis(manner: Manner, attributes: Attributes, _aliases: Mapping[str, str]) -> Manner:
    speed, volume = attributes.take("level", _level, _EMPHASIS["moderate"])
    return replace(manner, speed=manner.speed * speed, volume=manner.volume + volume)


def _level(value: str) -> tuple[float, float]:
    if value not in _EMPHASIS:
        raise ValueError(f"use one of {', '.join(_EMPHASIS)}")
    return _EMPHASIS[value]


def _emotion(manner: Manner, attributes: Attributes, _aliases: Mapping[str, str]) -> Manner:
    """Alibaba's."""
    emotion = attributes.need("category", styles.emotion)
    return replace(
        manner, emotion=emotion, emotion_intensity=attributes.take("intensity", values.between(0.01, 2), 1.0)
    )


def _express_as(manner: Manner, attributes: Attributes, _aliases: Mapping[str, str]) -> Manner:
    """Azure's."""
    emotion = attributes.need("style", styles.emotion)
    return replace(
        manner, emotion=emotion, emotion_intensity=attributes.take("styledegree", values.between(0.01, 2), 1.0)
    )


def _as_around(manner: Manner, _attributes: Attributes, _aliases: Mapping[str, str]) -> Manner:
    return manner


CONTAINERS: dict[str, Container] = {
    "speak": _speak,
    "voice": _voice,
    "p": _as_around,
    "s": _as_around,
    "lang": _as_around,
    "prosody": _prosody,
    "emphasis": _emphasis,
    "emotion": _emotion,
    "mstts:express-as": _express_as,
}


def _break(builder: ScriptBuilder, _text: str, _manner: Manner, attributes: Attributes) -> None:
    """As long as `time` says, else as `strength`, which W3C makes medium."""
    strength = attributes.take("strength", values.strength, _MEDIUM)
    builder.pause(attributes.take("time", values.seconds, strength), attributes.place)


def _mark(builder: ScriptBuilder, _text: str, _manner: Manner, attributes: Attributes) -> None:
    builder.mark(attributes.need("name", str))


def _bookmark(builder: ScriptBuilder, _text: str, _manner: Manner, attributes: Attributes) -> None:
    """Azure's word for it."""
    builder.mark(attributes.need("mark", str))


def _silence(builder: ScriptBuilder, _text: str, _manner: Manner, attributes: Attributes) -> None:
    """Azure's, where it stands before what follows; that of sentence ends and commas is the voice's own."""
    attributes.need("type", _silence_type)
    builder.pause(attributes.need("value", values.seconds), attributes.place)


def _silence_type(value: str) -> str:
    if value not in ("Leading", "Leading-exact"):
        raise ValueError("use Leading, or <break> where the silence is to be")
    return value


def _audio(builder: ScriptBuilder, _text: str, _manner: Manner, attributes: Attributes) -> None:
    """What is inside stands in for a recording that cannot be had; ours is there, or the request is refused."""
    builder.clip(attributes.need("src", _source), attributes.place)


def _source(value: str) -> str:
    if not _OWN_CLIP.fullmatch(value):
        raise ValueError("nothing is fetched from elsewhere; write history:ID, the id of a result in your history")
    return value


def _sub(builder: ScriptBuilder, _text: str, manner: Manner, attributes: Attributes) -> None:
    """The alias is what is spoken, so it is what counts."""
    builder.say(attributes.need("alias", str), manner, attributes.place)


def _phoneme(builder: ScriptBuilder, text: str, manner: Manner, attributes: Attributes) -> None:
    alphabet = attributes.take("alphabet", _alphabet, "py")
    read = phonemes.with_ipa if alphabet == "ipa" else phonemes.with_pinyin
    said = attributes.need("ph", lambda ph: read(text, ph))
    builder.say_as(text, said, manner, attributes.place)


def _alphabet(value: str) -> str:
    if value.lower() not in (*phonemes.PINYIN, "ipa"):
        raise ValueError(f"use one of {', '.join(phonemes.PINYIN)} or ipa")
    return value.lower()


def _say_as(builder: ScriptBuilder, text: str, manner: Manner, attributes: Attributes) -> None:
    detail = attributes.take("format", str, "") or attributes.take("detail", str, "")
    said = attributes.need("interpret-as", lambda kind: said_as.said_as(text, kind, detail))
    builder.say_as(text, said, manner, attributes.place)


LEAVES: dict[str, Leaf] = {
    "break": _break,
    "mark": _mark,
    "bookmark": _bookmark,
    "mstts:silence": _silence,
    "audio": _audio,
    "sub": _sub,
    "phoneme": _phoneme,
    "say-as": _say_as,
}
EMPTY = {"break", "mark", "bookmark", "mstts:silence"}  # with nothing inside
