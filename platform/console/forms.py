"""What people type into the pages. A form reads; whether it will do, the room says whose matter it is."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from billing.errors import CostInvalid
from billing.savings.cost import MOST, MOST_MONTHS, Cost, cost_of
from console.words import entry_problem
from tts_engine.dictionary.services import entry_make
from tts_engine.speech.errors import EntryError
from tts_engine.speech.text.dictionary import Entry, Kind

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
