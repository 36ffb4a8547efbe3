"""What a new team does first, and how far it has come: read from what there is, nothing is ticked by hand."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.models import Member, Scope
from accounts.roles import SCOPES
from accounts.selectors import beginnings
from accounts.services import first_steps_dismiss
from billing.alerts.services import policy_is_set
from console.team import for_members
from tts_engine.selectors import history
from tts_engine.services import catalog

OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, where it is done, and who may."""

    title: str | Promise
    hint: str | Promise
    pages: tuple[str, ...]  # names of addresses; the first that there is
    who: str  # a scope of the member's role, or OPERATOR

    @property
    def address(self) -> str:
        for page in self.pages:
            try:
                return reverse(page)
            except NoReverseMatch:
                continue
        raise NoReverseMatch(self.pages)


STEPS = {
    "spoken": Step(_("Speak your first sentence"), _("Type one above and press Speak."), ("studio",), Scope.SPEECH),
    "key": Step(_("Make an API key"), _("Your programs sign in with it."), ("keys",), Scope.ADMIN),
    "called": Step(_("Call the API"), _("One line of curl, as it is printed."), ("guide",), Scope.USAGE),
    "members": Step(_("Invite a colleague"), _("With a role of their own."), ("members",), Scope.ADMIN),
    "alert": Step(_("Be told before the quota ends"), _("Say who gets the mail."), ("settings",), Scope.ADMIN),
    "voice": Step(_("Add a voice"), _("One with emotions, for example."), ("operators_voices", "guide"), OPERATOR),
}


def first_steps(member: Member) -> list[tuple[Step, bool]]:
    """The steps that the member may take, each with whether it is done; none once all are, or they were dismissed.

    The number of queries is the same for every team.
    """
    if member.first_steps_dismissed_at is not None:
        return []
    begun = beginnings(member.tenant_id)
    done = {
        "spoken": history(tenant_id=member.tenant_id).exists(),
        "key": begun.has_key,
        "called": begun.has_called,
        "members": begun.has_colleagues,
        "alert": policy_is_set(member.tenant_id),
        "voice": len(catalog().installed()) > 1,
    }
    may = SCOPES[member.role] | ({OPERATOR} if member.user.is_staff else set())
    steps = [(step, done[name]) for name, step in STEPS.items() if step.who in may]
    return [] if all(is_done for _, is_done in steps) else steps


@for_members
@require_POST
def dismiss(request: HttpRequest, member: Member) -> HttpResponse:
    """For this member alone, and for good."""
    first_steps_dismiss(member=member)
    return redirect("studio")
