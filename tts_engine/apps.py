from django.apps import AppConfig


class EngineConfig(AppConfig):
    name = "tts_engine"

    def ready(self) -> None:
        from tts_engine import reconciliation  # noqa: F401 - billing asks its check once it is imported
