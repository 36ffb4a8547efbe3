from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "What is used and what it may be"

    def ready(self) -> None:
        # `reconcile` asks their checks once they are imported.
        from billing.limits import reconciliation  # noqa: F401
        from billing.usage import peaks  # noqa: F401
