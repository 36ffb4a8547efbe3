"""Every address of the platform, by room."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("api.urls")),
    path("", include("console.urls")),
]

handler404 = "api.errors.page_not_found"
