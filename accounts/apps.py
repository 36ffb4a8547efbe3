from django.apps import AppConfig
from django.http import HttpRequest


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Who may use the platform"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_out

        from accounts.visits import visit_end

        def end(request: HttpRequest | None, **_: object) -> None:
            """Whoever signs out leaves the team they visit, which its trail is to say."""
            if request is not None:
                visit_end(request)

        user_logged_out.connect(end, dispatch_uid="visit_end", weak=False)
