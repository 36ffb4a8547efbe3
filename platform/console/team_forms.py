"""What is typed into the pages of a team's keys, members and settings."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Scope
from accounts.services import DEFAULT_SCOPES
from billing.limits.models import CAPS
from billing.limits.services import BOUNDS
from tts_engine.models import Labelling
from tts_engine.retention.models import LONGEST_DAYS

SCOPE_WORDS: dict[str, str | Promise] = {
    Scope.SPEECH: _("Speak, and run jobs"),
    Scope.HISTORY: _("Read and delete the history"),
    Scope.USAGE: _("Read usage and savings"),
    Scope.WEBHOOKS: _("Manage webhooks and destinations"),
    Scope.ADMIN: _("Manage keys and the dictionary"),
}
ROLE_WORDS: dict[str, str | Promise] = {
    Role.OWNER: _("Owner"),
    Role.ADMIN: _("Admin"),
    Role.MEMBER: _("Member"),
    Role.VIEWER: _("Viewer"),
}
CAP_WORDS: dict[str, Any] = {
    "characters_per_period": _("Characters a period"),
    "requests_per_minute": _("Requests a minute"),
    "characters_per_minute": _("Characters a minute"),
    "concurrent_requests": _("Requests at once"),
    "max_text_characters": _("Characters of one text"),
}
GRACES: dict[timedelta, Any] = {
    timedelta(0): _("Not at all: it ends now"),
    timedelta(hours=1): _("1 hour"),
    timedelta(days=1): _("1 day"),
    timedelta(days=7): _("7 days"),
    timedelta(days=30): _("30 days"),
}


def days(count: int) -> str:
    return str(_("1 day")) if count == 1 else _("{count} days").format(count=count)


def _cap(name: str) -> forms.IntegerField:
    """Empty is no cap of its own."""
    bounds = BOUNDS[name]
    widget = forms.NumberInput(attrs={"placeholder": _("No cap of its own"), "inputmode": "numeric"})
    return forms.IntegerField(
        label=CAP_WORDS[name], required=False, min_value=bounds[0], max_value=bounds[-1], widget=widget
    )


class KeyForm(forms.Form):
    """A new key."""

    name = forms.CharField(label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    scopes = forms.MultipleChoiceField(
        label=_("May"),
        choices=list(SCOPE_WORDS.items()),
        initial=list(DEFAULT_SCOPES),
        widget=forms.CheckboxSelectMultiple,
    )
    expires = forms.DateField(
        label=_("Works up to and including (UTC)"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    characters_per_period = _cap("characters_per_period")

    def clean_expires(self) -> datetime | None:
        """The end of that day."""
        day = self.cleaned_data["expires"]
        if day is None:
            return None
        end = datetime.combine(day, time(), UTC) + timedelta(days=1)
        if end <= timezone.now():
            raise forms.ValidationError(_("This day is over."))
        return end


class CapsForm(forms.Form):
    """All caps of one key."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update({name: _cap(name) for name in CAPS})


class GraceForm(forms.Form):
    """How long a key that is replaced works on."""

    grace = forms.TypedChoiceField(label=_("The old one works on for"), coerce=int, initial=86_400)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        longest = settings.API_KEY_LONGEST_GRACE
        choices = [(round(grace.total_seconds()), words) for grace, words in GRACES.items() if grace <= longest]
        self.fields["grace"].choices = choices  # type: ignore[attr-defined]

    @property
    def length(self) -> timedelta:
        return timedelta(seconds=self.cleaned_data["grace"])


class InviteForm(forms.Form):
    """A place in the team, for somebody who has not joined yet."""

    email = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("The link is mailed there. Without an address you hand it over yourself."),
    )
    role = forms.ChoiceField(label=_("Role"), initial=Role.MEMBER)
    days = forms.TypedChoiceField(label=_("Can be accepted for"), coerce=int, initial=7)

    def __init__(self, *args: Any, roles: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role, ROLE_WORDS[role]) for role in roles]  # type: ignore[attr-defined]
        self.fields["days"].choices = [(each, days(each)) for each in settings.INVITATION_DAYS]  # type: ignore[attr-defined]


class SignUpForm(forms.Form):
    """The account of somebody who was invited."""

    username = forms.CharField(
        label=_("User name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=_("Password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )


LABEL_WORDS: dict[str, str | Promise] = {
    Labelling.IMPLICIT: _("In the file's metadata"),
    Labelling.AUDIBLE: _("There, and by a cue before the speech"),
    Labelling.NONE: _("None"),
}


class StorageForm(forms.Form):
    """What is kept of what the team has spoken."""

    keep_texts = forms.BooleanField(label=_("Keep the texts"), required=False)
    keep_days = forms.IntegerField(
        label=_("Delete requests and recordings after so many days"),
        required=False,
        min_value=1,
        max_value=LONGEST_DAYS,
        widget=forms.NumberInput(attrs={"placeholder": _("Never"), "inputmode": "numeric"}),
    )


class LabelForm(forms.Form):
    """The label of speech whose request asks for none in particular."""

    default = forms.ChoiceField(label=_("Label where a request does not say"))

    def __init__(self, *args: Any, may_omit: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(label, words) for label, words in LABEL_WORDS.items() if may_omit or label != Labelling.NONE]
        self.fields["default"].choices = choices  # type: ignore[attr-defined]


class AlertForm(forms.Form):
    """Who hears that the characters come to their end."""

    to_admins = forms.BooleanField(label=_("Owners and admins"), required=False)
    addresses = forms.CharField(
        label=_("Other addresses, one a line"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean_addresses(self) -> list[str]:
        typed: str = self.cleaned_data["addresses"]
        return typed.replace(",", " ").split()
