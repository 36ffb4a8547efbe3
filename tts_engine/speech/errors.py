"""Everything that can go wrong between a text and its audio.

SpeechError
├── TextError              the text itself cannot be spoken
│   ├── EmptyText          nothing but white space
│   ├── ControlCharacter   a character no text should hold (NUL, escape, ...)
│   ├── NothingToSay       no character the front end or the voice can read
│   ├── ScriptError        SSML or voice tags that cannot be understood or honoured
│   └── UnknownUnit        a sound that the voice's model has no unit for
├── EntryError             an entry of a pronunciation dictionary says nothing that can be said
├── StyleError             the voice cannot honour what was asked of it
├── UnknownVoice           no voice of that name is installed
├── UnknownFormat          no encoder for that audio format
├── AudioError             the format cannot carry what was asked of the audio, or two members contradict
└── VoiceUnavailable       the voice's files are missing or damaged

Each class has a stable `code`, which doors pass on to callers, and `param`, the member of the
request it speaks of.
"""

from collections.abc import Sequence


class SpeechError(Exception):
    """Root of the tree; its message says what to do."""

    code = "speech_error"
    param: str | None = None


class TextError(SpeechError):
    """The text itself cannot be spoken."""

    code = "text_unspeakable"
    param = "input"


class EmptyText(TextError):
    """Nothing is left of the text once white space is taken off."""

    code = "text_empty"


class ControlCharacter(TextError):
    """The text holds a control character other than tab or line break."""

    code = "text_control_character"


class NothingToSay(TextError):
    """Not one character of the text has a sound (emoji only, a script the voice cannot read)."""

    code = "text_unspeakable"


class ScriptError(TextError):
    """SSML or voice tags that cannot be understood, or that a voice cannot honour; says at which line and column.

    `code` is that of what went wrong there, where it has one of its own.
    """

    code = "markup_invalid"

    def __init__(self, message: str, place: object | None = None, code: str | None = None) -> None:
        super().__init__(f"{place}: {message}" if place else message)
        self.code = code or type(self).code


class UnknownUnit(TextError):
    """The voice's model has no unit for a sound of the text; `names` are those it lacks."""

    code = "text_unit_unknown"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"This voice has no unit for {', '.join(names)}: write it in another way.")
        self.names = tuple(names)


class EntryError(SpeechError):
    """An entry of a pronunciation dictionary cannot be honoured.

    `param` names the member at fault. `reason` and `values` tell the same as the message, for whoever
    says it in another language.
    """

    code = "dictionary_entry_invalid"

    def __init__(self, message: str, *, param: str, reason: str, **values: object) -> None:
        self.values = {name: _short(value) for name, value in {"param": param, **values}.items()}
        super().__init__(message.format(**self.values))
        self.param = param
        self.reason = reason


def _short(value: object) -> object:
    """What somebody wrote may be long, and a message quotes no more of it than helps to find it."""
    return f"{value[:200]}…" if isinstance(value, str) and len(value) > 200 else value


class StyleError(SpeechError):
    """The voice cannot honour a member of the request; `param` names it."""

    code = "unsupported_by_voice"

    def __init__(self, message: str, param: str) -> None:
        super().__init__(message)
        self.param = param


class UnknownVoice(SpeechError):
    """No voice of that name is installed."""

    code = "voice_not_found"
    param = "voice"


class UnknownFormat(SpeechError):
    """No encoder for that audio format."""

    code = "format_not_supported"
    param = "response_format"


class AudioError(SpeechError):
    """The format cannot carry what was asked of the audio, or it contradicts another member; `param` names it."""

    code = "unsupported_value"

    def __init__(self, message: str, param: str) -> None:
        super().__init__(message)
        self.param = param


class VoiceUnavailable(SpeechError):
    """The voice's files are missing or damaged; the message names the file."""

    code = "voice_unavailable"
    param = "voice"
