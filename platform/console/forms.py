"""What people type into the operators' pages. A form reads; whether an amount is one, `billing` says."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.errors import CostInvalid
from billing.savings.cost import MOST, MOST_MONTHS, Cost, cost_of

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
