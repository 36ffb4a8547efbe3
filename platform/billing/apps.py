from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "What is used and what it may be"
