"""The pages of the console."""

from datetime import date

from django.templatetags.static import static
from django.urls import path, register_converter
from django.views.generic import RedirectView

from console import (
    audit,
    destinations,
    dictionary,
    first_steps,
    guide,
    history,
    invitation,
    keys,
    members,
    security,
    team_settings,
    usage,
    views,
    webhooks,
)
from console.operators import dashboard, plans, prices, savings, tables, tenants, visits, voices


class Favicon(RedirectView):
    """Browsers ask for it by this name beside pages that name no icon, an audio file for one."""

    permanent = True

    def get_redirect_url(self, *_args: object, **_kwargs: object) -> str:
        return static("favicon.svg")


class Month:
    """`2026-11` in an address, as its first day."""

    regex = r"2\d{3}-(?:0[1-9]|1[0-2])"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(f"{value}-01")

    def to_url(self, value: date) -> str:
        return f"{value:%Y-%m}"


register_converter(Month, "month")

urlpatterns = [
    path("", views.studio, name="studio"),
    path("history", history.history, name="history"),
    path("history/csv", history.table, name="history_csv"),
    path("history/zip", history.download, name="history_zip"),
    path("history/delete", history.delete, name="history_delete"),
    path("history/<uuid:synthesis_id>", history.recording, name="recording"),
    path("jobs", views.jobs, name="jobs"),
    path("usage", usage.usage, name="usage"),
    path("statement", views.statement, name="statement"),
    path("statement/<month:month>", views.statement, name="statement"),
    path("dictionary", dictionary.page, name="dictionary"),
    path("dictionary/put", dictionary.put, name="dictionary_put"),
    path("dictionary/delete", dictionary.delete, name="dictionary_delete"),
    path("dictionary/import", dictionary.take_in, name="dictionary_import"),
    path("dictionary/restore", dictionary.restore, name="dictionary_restore"),
    path("dictionary/try", dictionary.try_sentence, name="dictionary_try"),
    path("keys", keys.keys, name="keys"),
    path("keys/<uuid:key_id>", keys.key, name="key"),
    path("members", members.members, name="members"),
    path("members/<int:member_id>", members.member, name="member"),
    path("invitations/<uuid:invitation_id>/revoke", members.invitation_revoke, name="invitation_revoke"),
    path("team", members.team_choose, name="team_choose"),
    path("invitation", invitation.invitation, name="invitation"),
    path("settings", team_settings.settings_page, name="settings"),
    path("audit", audit.audit, name="audit"),
    path("webhooks", webhooks.webhooks, name="webhooks"),
    path("webhooks/<uuid:webhook_id>", webhooks.webhook, name="webhook"),
    path("destinations", destinations.destinations, name="destinations"),
    path("destinations/<uuid:destination_id>", destinations.destination, name="destination"),
    path("operators", dashboard.dashboard, name="operators"),
    path("operators/live", dashboard.live, name="operators_live"),
    path("operators/savings", savings.savings, name="operators_savings"),
    path("operators/savings/figures", savings.savings_figures, name="operators_savings_figures"),
    path("operators/savings/what-if", savings.what_if_figures, name="operators_what_if"),
    path("operators/savings.csv", savings.savings_csv, name="operators_savings_csv"),
    path("operators/savings.pdf", savings.savings_pdf, name="operators_savings_pdf"),
    path("operators/teams", tenants.tenants, name="operators_tenants"),
    path("operators/teams/<slug:name>", tenants.tenant, name="operators_tenant"),
    path("operators/teams/<slug:name>/visit", visits.begin, name="operators_visit"),
    path("operators/leave", visits.leave, name="operators_leave"),
    path("operators/plans", plans.plans, name="operators_plans"),
    path("operators/plans/<slug:name>", plans.plan, name="operators_plan"),
    path("operators/prices", prices.prices, name="operators_prices"),
    path("operators/tables/", tables.site.urls),
    path("operators/voices", voices.voices, name="operators_voices"),
    path("guide", guide.guide, name="guide"),
    path("first-steps/dismiss", first_steps.dismiss, name="first_steps_dismiss"),
    path("security", security.security, name="security"),
    path("security/sessions/<int:session_id>/end", security.session_end, name="session_end"),
    path("security/sessions/end", security.sessions_end, name="sessions_end"),
    path("security/disconnect", security.disconnect, name="sso_disconnect"),
    path("favicon.ico", Favicon.as_view()),
]
