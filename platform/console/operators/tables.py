"""The plain tables, to be read and searched by operators. Nothing can be changed here.

What may be changed has a page of its own, which calls a service: that keeps the invariants and writes the audit
trail. Why this is Django's admin and no theme of it: docs/decisions/0014-the-admin-is-djangos.md.
"""

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts import models as accounts
from billing import models as billing

MOST_LISTED = 10_000  # rows of one table that can be paged through; counting a million takes too long


class Tables(AdminSite):
    """For whom Django calls staff, who sign in where everybody does, with their second factor."""

    site_title = site_header = "声坊 Voxhouse"
    index_title = _("Tables")

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_staff

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """To the sign-in page of the console; who is signed in and no operator goes to the console itself."""
        if request.user.is_authenticated:
            return redirect("operators")
        return redirect(f"{reverse('account_login')}?{urlencode({'next': reverse('tables:index')})}")

    def logout(  # type: ignore[override]  # the console has these pages
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_logout")

    def password_change(  # type: ignore[override]  # the console has these pages
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than can be paged."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:MOST_LISTED].count())


class Table(ModelAdmin):  # type: ignore[type-arg]
    """A table to read. Django hides what nobody may do."""

    actions = None
    show_full_result_count = False
    list_per_page = 50
    paginator = BoundedPaginator

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


site = Tables("tables")


def table(model: type[Any], columns: str, *, search: str = "", order: str = "-pk", hidden: str = "") -> None:
    """Show these columns, newest first; `hidden` are on no page at all."""
    shown = tuple(columns.split())
    joined = [name for name in shown if model._meta.get_field(name).is_relation]
    members = {
        "list_display": shown,
        "search_fields": tuple(search.split()),
        "ordering": (order,),
        "exclude": tuple(hidden.split()),
        "list_select_related": tuple(joined),
    }
    site.register(model, type(f"{model.__name__}Table", (Table,), members))


table(accounts.AuditEvent, "at tenant actor action outcome ip", search="=actor =action =tenant__name", order="-at")
table(accounts.Tenant, "name time_zone created_at", search="name", order="name")
table(accounts.User, "username email is_staff is_active last_login", search="username email", hidden="password")
table(accounts.Member, "user tenant role", search="user__username tenant__name")
table(
    accounts.ApiKey,
    "name last4 tenant scopes expires_at revoked_at last_used_at",
    search="name =last4 =tenant__name",
    order="-created_at",
    hidden="digest previous_digest",
)
table(billing.Plan, "name characters_per_period rolling_days requests_per_minute concurrent_requests weight")
table(billing.Account, "tenant plan open_requests open_job_rows suspended_at", search="tenant__name")
table(billing.Counter, "tenant period_start period_end used reserved", search="=tenant__name")
table(
    billing.LedgerEntry,
    "at kind characters synthesis_id used_before used_after reserved_before reserved_after",
    search="=synthesis_id",
)
table(billing.QuotaRaise, "tenant characters starts_at until", search="=tenant__name")
table(billing.KeyLimit, "api_key characters_per_period requests_per_minute open_requests", search="=api_key__name")
table(billing.OwnCost, "tenant server_a_month power_a_month staff_a_month one_off busy_hour")
table(billing.PriceBook, "version in_force_from content_sha256 loaded_at")
table(billing.ExchangeRate, "currency day yuan note")
table(
    billing.DailyUsage, "day tenant voice model requests failed billed_characters", search="=tenant__name", order="-day"
)
