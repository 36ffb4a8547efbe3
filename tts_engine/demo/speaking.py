"""Audio for some of the demo's requests, spoken as a worker would; their sums are made afterwards."""

from uuid import UUID

from tts_engine.labels import label_of
from tts_engine.models import Status, Synthesis
from tts_engine.scripts import Written
from tts_engine.selectors import history
from tts_engine.services import catalog, style_of, voice_named
from tts_engine.speech.speak import join, lines_of, staged
from tts_engine.speech.text import read_script
from tts_engine.speech.timeline import Timekeeper
from tts_engine.speech.voice import speak_alone
from tts_engine.store import Draft, rendered_for


def speak_newest(tenant_id: UUID, number: int) -> int:
    """Give the team's newest results their audio; how many there were."""
    newest = list(history(tenant_id=tenant_id).filter(status=Status.DONE)[:number])
    for synthesis in newest:
        _speak(synthesis)
    return len(newest)


def _speak(synthesis: Synthesis) -> None:
    """Its audio is kept, and noted in its row."""
    info, speaker = voice_named(synthesis.voice)
    voice = catalog().load(info.id)
    parts = staged(read_script(Written.of(synthesis).script()), info, style_of(synthesis, speaker), voice_named)
    lines = lines_of(parts)
    keeper = Timekeeper([(line.utterance.sentence, synthesis.voice) for line in lines], info.sample_rate)
    heard = (speak_alone(voice, line.utterance) for line in lines)
    with Draft(synthesis, voice_rate=info.sample_rate) as draft:
        encoded = rendered_for(
            synthesis,
            draft.master(chunk.samples for chunk in keeper.listen(join(parts, heard, info.sample_rate))),
            info.sample_rate,
            audio_format=synthesis.audio_format,
            label=label_of(synthesis),
        )
        for _ in draft.answer(encoded):
            pass
        draft.timeline = keeper.timeline
        made = draft.prepare()
        draft.keep()
    audio_ms = round(draft.frames * 1000 / info.sample_rate)
    Synthesis.objects.filter(id=synthesis.id).update(
        audio_ms=audio_ms, master_sha256=made.master, answer_sha256=made.answer
    )
