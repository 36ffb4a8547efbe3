"""What people type into the pages. A form reads; whether it is good, the room that it is for says."""

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from billing.errors import CostInvalid
from billing.savings.cost import MOST, MOST_MONTHS, Cost, cost_of
from billing.usage.selectors import Days
from console.words import entry_problem, event_choices, refusal_words
from tts_engine.delivery.models import DestinationKind
from tts_engine.dictionary.services import entry_make
from tts_engine.errors import EngineError
from tts_engine.report import MOST_DAYS, days_between
from tts_engine.speech.errors import EntryError
from tts_engine.speech.text.dictionary import Entry, Kind
from webhooks.addresses import LONGEST_URL
from webhooks.errors import AddressError

# Bounds for the browser, which tells at once; what counts is what `cost_of` says.
AMOUNT = forms.NumberInput(attrs={"min": 0, "max": MOST, "step": "any"})
COUNT = forms.NumberInput(attrs={"min": 1, "max": MOST_MONTHS})


class CostForm(forms.Form):
    """One of the two ways to say what speaking costs here; `cost` is there once it is valid."""

    cost: Cost

    def clean(self) -> dict[str, Any]:
        given = {name: value for name, value in self.cleaned_data.items() if value is not None}
        try:
            self.cost = cost_of(**given)
        except CostInvalid as refusal:
            bounds = _("From {least} to {most}.")
            least, most = (1, MOST_MONTHS) if refusal.param == "one_off_months" else (0, MOST)
            self.add_error(refusal.param, bounds.format(least=least, most=f"{most:,}"))
        return self.cleaned_data


class MonthlyCostForm(CostForm):
    server = forms.DecimalField(label=_("Server, ¥ a month"), required=False, widget=AMOUNT)
    power = forms.DecimalField(label=_("Power, ¥ a month"), required=False, widget=AMOUNT)
    staff = forms.DecimalField(label=_("Staff, ¥ a month"), required=False, widget=AMOUNT)
    one_off = forms.DecimalField(label=_("Bought once, ¥"), required=False, widget=AMOUNT)
    one_off_months = forms.IntegerField(label=_("Spread over so many months"), initial=12, widget=COUNT)


class BusyCostForm(CostForm):
    busy_hour = forms.DecimalField(label=_("¥ an hour in which a worker speaks"), widget=AMOUNT)


class EntryForm(forms.Form):
    """A word and how it is to be said; `entry` is there once it is valid."""

    entry: Entry

    word = forms.CharField(
        label=_("Word, as it is written"), widget=forms.TextInput(attrs={"lang": "zh-hans", "autocomplete": "off"})
    )
    kind = forms.ChoiceField(
        choices=[
            (Kind.PINYIN.value, _("Pinyin")),
            (Kind.REPLACEMENT.value, _("Replacement")),
            (Kind.SSML.value, "SSML"),
        ],
        initial=Kind.PINYIN.value,
        widget=forms.RadioSelect,
    )
    value = forms.CharField(
        label=_("How it is said"), widget=forms.TextInput(attrs={"lang": "zh-hans", "autocomplete": "off"})
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if not self.errors:
            try:
                self.entry = entry_make(given["word"], Kind(given["kind"]), given["value"])
            except EntryError as refusal:
                self.add_error("word" if refusal.param == "word" else "value", entry_problem(refusal))
        return given


class TableForm(forms.Form):
    """A file of entries, and whether those that are not in it go."""

    file = forms.FileField(label=_("CSV file"), widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv"}))
    replace = forms.BooleanField(label=_("Remove entries that are not in the file"), required=False)


class VersionForm(forms.Form):
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1)


class SentenceForm(forms.Form):
    sentence = forms.CharField(
        label=_("Sentence"),
        max_length=settings.SPEECH_MAX_CHARACTERS,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "id": "sentence",
                "rows": 3,
                "lang": "zh-hans",
                "spellcheck": "false",
                "placeholder": _("Type a sentence to see how it is read …"),
            }
        ),
    )


ADDRESS = forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "https://"})
SECRET = forms.PasswordInput(attrs={"autocomplete": "new-password"})


class EndpointForm(forms.Form):
    """A new webhook."""

    url = forms.CharField(label=_("Address"), max_length=LONGEST_URL, widget=ADDRESS)
    events = forms.MultipleChoiceField(
        label=_("Told of"),
        choices=event_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: everything, also what later versions add."),
    )


class DestinationForm(forms.Form):
    """A new destination of either kind; what the other kind alone has is left empty."""

    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[(DestinationKind.HTTP, _("HTTP PUT")), (DestinationKind.S3, _("S3 bucket"))],
        initial=DestinationKind.HTTP,
        widget=forms.RadioSelect,
    )
    url = forms.CharField(label=_("Address"), max_length=LONGEST_URL, widget=ADDRESS)
    header = forms.CharField(label=_("Header"), max_length=100, required=False)
    header_value = forms.CharField(label=_("Value of the header"), max_length=4096, required=False, widget=SECRET)
    bucket = forms.CharField(label=_("Bucket"), max_length=63, required=False)
    region = forms.CharField(label=_("Region"), max_length=64, required=False)
    folder = forms.CharField(label=_("Prefix"), max_length=512, required=False)  # a form has a prefix of its own
    access_key_id = forms.CharField(label=_("Access key"), max_length=128, required=False)
    secret_access_key = forms.CharField(label=_("Secret key"), max_length=256, required=False, widget=SECRET)
    virtual_host = forms.BooleanField(label=_("The bucket is part of the host's name (OSS, COS)"), required=False)
    is_default = forms.BooleanField(label=_("For all jobs that name no other"), required=False)

    HTTP = ("header", "header_value")
    S3 = ("bucket", "region", "folder", "access_key_id", "secret_access_key", "virtual_host")
    MEMBERS = {"folder": "prefix", "header": "headers"}  # what a field is called that its service calls otherwise

    @property
    def members(self) -> dict[str, Any]:
        """What `destination_create` takes, of the chosen kind alone."""
        data = self.cleaned_data
        common = {name: data[name] for name in ("kind", "url", "is_default")}
        if data["kind"] == DestinationKind.S3:
            return common | {self.MEMBERS.get(name, name): data[name] for name in self.S3}
        return common | {"headers": {data["header"]: data["header_value"]} if data["header"] else {}}

    def refuse(self, refusal: EngineError | AddressError) -> None:
        """Say at the field at fault what the service has refused."""
        fields = {member: field for field, member in self.MEMBERS.items()}
        field = fields.get(refusal.param or "", refusal.param)
        self.add_error(field if field in self.fields else None, refusal_words(refusal))

    @property
    def http_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.HTTP]

    @property
    def s3_fields(self) -> list[forms.BoundField]:
        """But for the one that is ticked."""
        return [self[name] for name in self.S3 if name != "virtual_host"]


class DaysForm(forms.Form):
    """Some days whose usage is to be seen, both ends included; `days` is there once it is valid."""

    days: Days

    def __init__(self, data: QueryDict | None = None, *, initial: dict[str, date] | None = None) -> None:
        super().__init__(data, initial=initial)
        # `from` is a word of Python's own, so it cannot be an attribute.
        widget = forms.DateInput(attrs={"type": "date", "class": "input"}, format="%Y-%m-%d")
        self.fields["from"] = forms.DateField(label=_("From"), widget=widget)
        self.fields["to"] = forms.DateField(label=_("To"), widget=widget)

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("from"), self.cleaned_data.get("to")
        if first and last:
            days = days_between(first, last)
            if days is None:
                bounds = _("Choose a first day, and a last one that is at most {most} days later.")
                raise forms.ValidationError(bounds.format(most=MOST_DAYS - 1))
            self.days = days
        return self.cleaned_data
