"""What holds for the whole team: what is kept, the label, who is told of alerts. Each part is saved by itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.errors import AccountsError
from accounts.models import Member, Scope
from billing.alerts import services as alerts
from billing.errors import BillingError
from console.account_words import refuse
from console.team import actor_of, for_members_with
from console.team_forms import AlertForm, LabelForm, StorageForm
from tts_engine import labels
from tts_engine.errors import EngineError
from tts_engine.retention import selectors as retention
from tts_engine.retention.services import policy_set


@dataclass(frozen=True, slots=True)
class Part:
    """A form of the page, and what it changes."""

    form: Callable[..., forms.Form]
    change: Callable[..., object]
    stored: Mapping[str, Any]


def _parts(member: Member) -> dict[str, Part]:
    """By what a POST says in `do`."""
    storage, label = retention.policy_of(member.tenant_id), labels.policy_of(member.tenant_id)
    alert = alerts.policy_of(member.tenant_id)
    kept = {"keep_texts": storage.keeps_texts, "keep_days": storage.keep_days}
    told = {"to_admins": alert.to_admins, "addresses": "\n".join(alert.addresses)}

    def label_form(*args: Any, **kwargs: Any) -> LabelForm:
        return LabelForm(*args, may_omit=label.may_omit, **kwargs)

    return {
        "storage": Part(StorageForm, policy_set, kept),
        "label": Part(label_form, labels.policy_set, {"default": label.default}),
        "alerts": Part(AlertForm, alerts.policy_set, told),
    }


@for_members_with(Scope.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest, member: Member) -> HttpResponse:
    """All parts as they are; a POST changes the one that it names."""
    parts = _parts(member)
    shown = {name: part.form(initial=part.stored) for name, part in parts.items()}
    status = 200
    if request.method == "POST":
        do = request.POST.get("do", "")
        if do not in parts:
            return HttpResponseBadRequest()
        shown[do] = parts[do].form(request.POST)
        if shown[do].is_valid() and _changed(request, parts[do], shown[do], member):
            messages.success(request, _("Saved."))
            return redirect("settings")
        status = 400
    return render(request, "console/settings.html", {"member": member, **shown}, status=status)


def _changed(request: HttpRequest, part: Part, form: forms.Form, member: Member) -> bool:
    try:
        part.change(tenant=member.tenant, actor=actor_of(request), **form.cleaned_data)
    except (AccountsError, BillingError, EngineError) as refusal:
        refuse(form, refusal)
        return False
    return True
