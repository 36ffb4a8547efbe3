"""Every address of the platform, by room."""

from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.urls import include, path
from django.views.generic import RedirectView

from accounts.adapters import PROVIDER
from console.security import if_the_provider_answers

urlpatterns = [
    path("", include("api.urls")),  # first, for it is asked most
    # Before allauth's own of the same names, which fail with 500 where the identity provider is away.
    path(
        f"accounts/oidc/{PROVIDER}/login/",
        if_the_provider_answers(openid_connect.login),
        {"provider_id": PROVIDER},
    ),
    path(
        f"accounts/oidc/{PROVIDER}/login/callback/",
        if_the_provider_answers(openid_connect.callback),
        {"provider_id": PROVIDER},
    ),
    # What allauth lists on three pages stands on one of ours.
    path("accounts/2fa/", RedirectView.as_view(pattern_name="security")),
    path("accounts/sessions/", RedirectView.as_view(pattern_name="security")),
    path("accounts/3rdparty/", RedirectView.as_view(pattern_name="security")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("console.urls")),
]

handler404 = "api.errors.page_not_found"
handler429 = "console.security.too_many_requests"
handler500 = "api.errors.server_error"
