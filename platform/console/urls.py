"""The pages of the console."""

from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from console import views


class Favicon(RedirectView):
    """Browsers ask for it by this name beside pages that name no icon, an audio file for one."""

    permanent = True

    def get_redirect_url(self, *_args: object, **_kwargs: object) -> str:
        return static("favicon.svg")


urlpatterns = [
    path("", views.studio, name="studio"),
    path("favicon.ico", Favicon.as_view()),
]
