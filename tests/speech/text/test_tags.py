"""Tags in plain text: each holds up to the next of its kind, and brackets with other words are text."""

import pytest

from tts_engine.speech.errors import ScriptError
from tts_engine.speech.text.building import Limits
from tts_engine.speech.text.script import Manner, Passage, Pause, Script
from tts_engine.speech.text.tags import read_tags


def read(source: str, **aliases: str) -> Script:
    return read_tags(source, aliases, Limits())


def test_tags_hold_up_to_the_next_of_their_kind() -> None:
    """A pause is silence; voice, rate and emotion change what follows; an empty one takes it back."""
    script = read(
        "你好[pause:1.5s]甲[voice:店员][rate:1.2]乙[emotion:cheerful]丙[voice:][rate:][emotion:]丁", 店员="xiaobei"
    )
    assert script.plain == "你好甲乙丙丁"
    assert script.items[1] == Pause(1.5)
    cast = Manner(voice="xiaobei", role="店员", speed=1.2)
    said = [(item.text.text, item.manner) for item in script.items if isinstance(item, Passage)]
    happy = Manner(voice="xiaobei", role="店员", speed=1.2, emotion="happy")
    assert said == [("你好", Manner()), ("甲", Manner()), ("乙", cast), ("丙", happy), ("丁", Manner())]


def test_other_brackets_are_text() -> None:
    """A note, an unknown word, an unclosed bracket; and pronunciation marks work as everywhere."""
    script = read("见[注:一][rate]，重(chong2)新[pause:1s")
    (passage,) = script.items
    assert isinstance(passage, Passage)
    assert script.plain == passage.text.text == "见[注:一][rate]，重新[pause:1s"
    assert list(passage.text.readings.values()) == ["chong2"]


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("你好\n世[pause:soon]界", "Line 2, column 2"),
        ("[rate:-1]好", "Line 1, column 1"),
        ("好[emotion:bored]", "Line 1, column 2"),
        ("好[pause:30s]", "Line 1, column 2"),
    ],
)
def test_a_tag_that_cannot_be_honoured_is_refused_where_it_stands(source: str, place: str) -> None:
    """By line and column."""
    with pytest.raises(ScriptError, match=place):
        read(source)
