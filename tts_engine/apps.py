from django.apps import AppConfig


class EngineConfig(AppConfig):
    name = "tts_engine"

    def ready(self) -> None:
        from tts_engine import reconciliation, usage  # noqa: F401 - billing asks their checks once they are imported
