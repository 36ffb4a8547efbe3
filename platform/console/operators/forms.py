"""What operators type. Whether it may be so, the services say."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.errors import AccountsError
from accounts.models import Role
from billing.errors import BillingError
from billing.limits.services import BOUNDS, OPTIONAL
from billing.models import Plan
from console.team_forms import ROLE_WORDS

NAME = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})


class RefusableForm(forms.Form):
    def refuse(self, refusal: AccountsError | BillingError) -> None:
        """Say at the field at fault what the service has refused."""
        self.add_error(refusal.param if refusal.param in self.fields else None, str(refusal))


class PlanChoice(forms.ChoiceField):
    """A plan by its name, out of those there are when the form is made."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=_plan_names, **kwargs)


def _plan_names() -> Iterable[tuple[str, str]]:
    return [(name, name) for name in Plan.objects.order_by("name").values_list("name", flat=True)]


class TenantForm(RefusableForm):
    """A new team."""

    name = forms.CharField(
        label=_("Name"),
        widget=forms.TextInput(attrs={**NAME.attrs, "placeholder": _("Small letters, digits and hyphens.")}),
    )
    plan = PlanChoice(label=_("Plan"), initial="standard")
    time_zone = forms.CharField(label=_("Time zone"), initial="Asia/Shanghai", widget=NAME)


class PlanOfTenantForm(RefusableForm):
    plan = PlanChoice(label=_("Plan"))


class RaiseForm(RefusableForm):
    """Characters beyond the plan, to the end of a day in the team's time zone."""

    characters = forms.IntegerField(label=_("More characters in each period"), min_value=1)
    until = forms.DateField(label=_("To the end of"), widget=forms.DateInput(attrs={"type": "date"}))

    def moment(self, time_zone: str) -> datetime:
        day = self.cleaned_data["until"] + timedelta(days=1)
        return datetime.combine(day, time(), ZoneInfo(time_zone))


class InviteForm(RefusableForm):
    """A link for whoever is to run the team's affairs."""

    role = forms.ChoiceField(label=_("Role"), choices=list(ROLE_WORDS.items()), initial=Role.OWNER)


class VisitForm(RefusableForm):
    reason = forms.CharField(label=_("Why"), max_length=200, widget=NAME)


class LimitsForm(RefusableForm):
    """The limits of a plan; what is left empty is no limit, where that may be."""

    LABELS = {
        "characters_per_period": _("Characters a period"),
        "rolling_days": _("Days of the period; empty is the calendar month"),
        "requests_per_minute": _("Requests a minute"),
        "characters_per_minute": _("Characters a minute"),
        "concurrent_requests": _("Requests at once"),
        "max_text_characters": _("Characters of one text"),
        "weight": _("Share of the workers"),
        "priority": _("Priority; lower is served first"),
        "cached_rate": _("Percent billed of a repeat"),
    }
    overage = forms.BooleanField(label=_("Bill what goes beyond instead of refusing it"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in self.LABELS.items():
            bounds = BOUNDS[name]
            self.fields[name] = forms.IntegerField(
                label=label, min_value=bounds[0], max_value=bounds[-1], required=name not in OPTIONAL
            )

    @property
    def limits(self) -> dict[str, int | None]:
        return {name: self.cleaned_data[name] for name in (*self.LABELS, "overage")}

    @property
    def numbers(self) -> list[forms.BoundField]:
        return [self[name] for name in self.LABELS]


class NewPlanForm(LimitsForm):
    name = forms.SlugField(label=_("Name"), max_length=64, widget=NAME)


class PriceBookForm(RefusableForm):
    file = forms.FileField(label=_("Price book, YAML"), widget=forms.FileInput(attrs={"accept": ".yaml,.yml"}))

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.PRICE_BOOK_BYTES:
            raise forms.ValidationError(_("The file is too large to be a price book."))
        return file


class RateForm(RefusableForm):
    """From today on, or from a day to come."""

    currency = forms.RegexField(
        r"^[A-Z]{3}$", label=_("Currency"), widget=forms.TextInput(attrs={"placeholder": "USD"})
    )
    yuan = forms.DecimalField(
        label=_("¥ for one"), max_digits=18, decimal_places=8, widget=forms.NumberInput(attrs={"step": "any"})
    )
    day = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))


class WhatIfForm(forms.Form):
    """A load by sliders; each goes from its least to its most by its step."""

    SLIDERS = {
        "calls": (_("Calls a day"), range(1000, 500_001, 1000)),
        "characters": (_("Characters a call"), range(10, 2001, 10)),
        "servers": (_("Servers"), range(1, 21)),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, values) in self.SLIDERS.items():
            self.fields[name] = forms.IntegerField(
                label=label,
                min_value=values[0],
                max_value=values[-1],
                widget=forms.NumberInput(attrs={"type": "range", "step": values.step}),
            )

    @classmethod
    def nearest(cls, calls: int, characters: int) -> dict[str, int]:
        """Where the sliders stand for a real load, on one server."""
        asked = {"calls": calls, "characters": characters, "servers": 1}
        return {
            name: min(values, key=lambda value: abs(value - asked[name])) for name, (_, values) in cls.SLIDERS.items()
        }
