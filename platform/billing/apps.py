from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "What is used and what it may be"

    def ready(self) -> None:
        from billing.limits import reconciliation  # noqa: F401 - `reconcile` asks its check once it is imported
