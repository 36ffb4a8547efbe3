"""What the history is searched by, as the page's form and as its address have it."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Member
from accounts.selectors import api_keys, members
from console.words import emotion_words, state_words
from tts_engine.models import Status
from tts_engine.selectors import HistoryFilter
from tts_engine.services import catalog
from tts_engine.speech.voice import EMOTIONS

# Of whoever asked, in the address: both are numbers, of two kinds.
KEY, MEMBER = "key:", "member:"


class Names:
    """What people call the voices, keys and members that a page of the history has by their ids."""

    def __init__(self, member: Member) -> None:
        self.voices = {entry.id: entry.speaker.name for entry in catalog().entries()}
        self.keys = {key.id: f"{key.name} …{key.last4}" for key in api_keys(member.tenant)}
        self.members = {one.pk: one.user.get_username() for one in members(member.tenant)}

    def asked_by(self, api_key_id: UUID | None, member_id: int | None) -> str:
        """A member who has left has no name any more."""
        if api_key_id:
            return self.keys[api_key_id]
        return self.members.get(member_id or 0, "")


class HistoryForm(forms.Form):
    """Of the team's own voices, keys and members; what is not given does not narrow."""

    q = forms.CharField(label=gettext_lazy("Search in the texts"), required=False, max_length=200)
    since = forms.DateField(label=gettext_lazy("From"), required=False)
    until = forms.DateField(label=gettext_lazy("To"), required=False)
    voice = forms.ChoiceField(label=gettext_lazy("Voice"), required=False)
    emotion = forms.ChoiceField(label=gettext_lazy("Emotion"), required=False)
    status = forms.ChoiceField(label=gettext_lazy("State"), required=False)
    cached = forms.ChoiceField(label=gettext_lazy("Cache"), required=False)
    by = forms.ChoiceField(label=gettext_lazy("Asked by"), required=False)
    job = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, names: Names, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._zone = ZoneInfo(zone)
        emotions, states = emotion_words(), state_words()
        keys = [(f"{KEY}{id_}", name) for id_, name in names.keys.items()]
        people = [(f"{MEMBER}{id_}", name) for id_, name in names.members.items()]
        choices: dict[str, list[Any]] = {
            "voice": [("", _("All voices")), *names.voices.items()],
            "emotion": [("", _("All emotions")), *((name, emotions[name]) for name in EMOTIONS)],
            "status": [("", _("All states")), *((status, states[status]) for status in Status.values)],
            "by": [("", _("Everybody")), (_("API keys"), keys), (_("Members"), people)],
            "cached": [("", _("Cached or not")), ("yes", _("From the cache")), ("no", _("Newly spoken"))],
        }
        for name, offered in choices.items():
            self.fields[name].choices = offered  # type: ignore[attr-defined]  # they are ChoiceFields
        for name in ("since", "until"):
            self.fields[name].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    @property
    def choices(self) -> list[forms.BoundField]:
        """The fields that offer what there is."""
        return [field for field in self if isinstance(field.field, forms.ChoiceField)]

    @property
    def narrow(self) -> HistoryFilter:
        """Days are those of the team's time zone, the last one included."""
        given = {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}
        by, cached, until = given.get("by", ""), given.get("cached"), given.get("until")
        return HistoryFilter(
            text=given.get("q"),
            voice=given.get("voice"),
            emotion=given.get("emotion"),
            status=given.get("status"),
            job=given.get("job"),
            key=UUID(by.removeprefix(KEY)) if by.startswith(KEY) else None,
            member=int(by.removeprefix(MEMBER)) if by.startswith(MEMBER) else None,
            cached=None if cached is None else cached == "yes",
            since=self._midnight(given["since"]) if "since" in given else None,
            until=self._midnight(until + timedelta(days=1)) if until else None,
        )

    def _midnight(self, day: Any) -> datetime:
        return datetime.combine(day, time.min, self._zone)
