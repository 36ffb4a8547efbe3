"""Why something about keys, members or settings was refused, in the language of the request."""

from django import forms
from django.utils.translation import gettext as _

from accounts.errors import AccountsError
from billing.errors import BillingError
from tts_engine.errors import EngineError

Refusal = AccountsError | BillingError | EngineError


def refusal_words(refusal: Refusal) -> str:
    """What has no words here is told as the API tells it."""
    words = {
        "unknown_scope": _("Tick at least one thing that the key may do."),
        "api_key_ended": _("This key was revoked or has expired. Make a new one."),
        "api_key_limit_reached": _("Your team has as many keys as it may. Revoke one first."),
        "role_not_allowed": _("Only an owner makes, changes or removes owners. Ask one of your team."),
        "last_owner": _("A team needs an owner. Make somebody else an owner first."),
        "member_not_found": _("This person is no longer in the team."),
        "member_exists": _("You are in this team already. Leave the link to the person it is for."),
        "invitation_limit_reached": _("Your team has as many open invitations as it may. Take one back first."),
        "user_exists": _("This user name is taken. If it is yours, sign in instead."),
        "label_not_allowed": _("Your team's speech must have a label. The person who runs Voxhouse can change that."),
    }
    return words.get(refusal.code, str(refusal))


def refuse(form: forms.Form, refusal: Refusal) -> None:
    """Say it at the field at fault, or above all where there is none."""
    field = {"expires_at": "expires"}.get(refusal.param or "", refusal.param)
    form.add_error(field if field in form.fields else None, refusal_words(refusal))
