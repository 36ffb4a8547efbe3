"""The console's menu: one table of its pages, of which everybody sees what they may open."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Member, Scope, User
from accounts.roles import SCOPES

MEMBERS = "members"  # whoever is in a team, whatever the role
OPERATORS = "operators"  # whom Django calls staff


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the menu."""

    page: str  # the name of its address
    title: str | Promise
    icon: str  # a symbol of static/icons.svg
    who: str  # may open it: MEMBERS, OPERATORS, or the scope that a member's role must have

    @property
    def address(self) -> str:
        return reverse(self.page)

    def open_to(self, user: User, member: Member | None) -> bool:
        if self.who == OPERATORS:
            return user.is_staff
        return member is not None and (self.who == MEMBERS or self.who in SCOPES[member.role])


@dataclass(frozen=True, slots=True)
class Group:
    """Pages that serve one purpose, under its name."""

    title: str | Promise
    entries: tuple[Entry, ...]


MENU = (
    Group(
        _("Create"),
        (
            Entry("studio", _("Studio"), "wave", MEMBERS),
            Entry("history", _("History"), "history", Scope.HISTORY),
            Entry("jobs", _("Jobs"), "jobs", MEMBERS),
            Entry("dictionary", _("Dictionary"), "book", Scope.ADMIN),
        ),
    ),
    Group(
        _("Measure"),
        (
            Entry("usage", _("Usage"), "usage", Scope.USAGE),
            Entry("statement", _("Statement"), "statement", MEMBERS),
        ),
    ),
    Group(
        _("Build"),
        (
            Entry("keys", _("Keys"), "key", Scope.ADMIN),
            Entry("guide", _("API guide"), "guide", MEMBERS),
            Entry("webhooks", _("Webhooks"), "bell", Scope.WEBHOOKS),
            Entry("destinations", _("Destinations"), "parcel", Scope.WEBHOOKS),
        ),
    ),
    Group(
        _("Team"),
        (
            Entry("members", _("Members"), "people", Scope.ADMIN),
            Entry("settings", _("Settings"), "settings", Scope.ADMIN),
            Entry("audit", _("Audit trail"), "audit", Scope.ADMIN),
        ),
    ),
    Group(
        _("Operators"),
        (
            Entry("operators", _("All teams"), "dashboard", OPERATORS),
            Entry("operators_savings", _("Savings"), "savings", OPERATORS),
            Entry("operators_tenants", _("Teams"), "tenants", OPERATORS),
            Entry("operators_plans", _("Plans"), "plan", OPERATORS),
            Entry("operators_prices", _("Price book"), "price", OPERATORS),
            Entry("operators_voices", _("Voices"), "voice", OPERATORS),
            Entry("tables:index", _("Tables"), "audit", OPERATORS),
        ),
    ),
)


def menu_of(user: User, member: Member | None) -> list[Group]:
    """What they may open, without groups that have nothing for them."""
    groups = [Group(group.title, tuple(each for each in group.entries if each.open_to(user, member))) for group in MENU]
    return [group for group in groups if group.entries]


def current(groups: Iterable[Group], path: str) -> Entry | None:
    """The page at this address or the nearest above it: `/webhooks/ID` is part of `/webhooks`."""
    entries = [entry for group in groups for entry in group.entries]
    above = [each for each in entries if path == each.address or path.startswith(f"{each.address}/")]
    return max(above, key=lambda entry: len(entry.address), default=None)
