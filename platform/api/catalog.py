"""`GET /v1/models` and `GET /v1/audio/voices`: what may be asked for."""

from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.door import Door
from api.errors import UnknownModel
from tts_engine.services import catalog
from tts_engine.speech.voice import Range

RELEASED = 1764028800  # 2025-11-25, in seconds: OpenAI's shape wants a date


def model_names() -> list[str]:
    """The families of voices here, then the names that unchanged OpenAI clients send."""
    families = sorted({entry.info.family for entry in catalog().entries()})
    return [*families, *settings.MODEL_ALIASES]


def require_model(name: str) -> None:
    """Raise UnknownModel unless there is a model of that name."""
    if name not in settings.MODEL_ALIASES and name not in model_names():  # which looks into the voices' folder
        raise UnknownModel(f"The model '{name}' does not exist here. There are: {', '.join(model_names())}.")


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": RELEASED, "owned_by": "voxhouse"}


class ModelsDoor(Door):
    scope = "speech"
    speaks_openai = True

    @extend_schema(operation_id="list_models", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The models, in OpenAI's shape."""
        return Response({"object": "list", "data": [_model(name) for name in model_names()]})


class ModelDoor(Door):
    scope = "speech"
    speaks_openai = True

    @extend_schema(operation_id="retrieve_model", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, name: str) -> Response:
        """One model, in OpenAI's shape."""
        require_model(name)
        return Response(_model(name))


def _range(bounds: Range | None) -> dict[str, float] | None:
    return None if bounds is None else {"low": bounds.low, "high": bounds.high}


class VoicesDoor(Door):
    scope = "speech"
    speaks_openai = True

    @extend_schema(operation_id="list_voices", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The voices, what each can honour, and the aliases under which OpenAI's names reach them."""
        voices = [
            {
                "id": entry.id,
                "name": entry.speaker.name,
                "gender": entry.speaker.gender,
                "family": entry.info.family,
                "sample_rate": entry.info.sample_rate,
                "emotions": list(entry.info.emotions),
                "emotion_intensity": _range(entry.info.emotion_intensity),
                "speed": _range(entry.info.speed),
                "pitch": _range(entry.info.pitch),
                "blends": entry.info.blends,
                "ipa": bool(entry.info.ipa),
                "aliases": sorted(alias for alias, voice in settings.VOICE_ALIASES.items() if voice == entry.id),
            }
            for entry in catalog().entries()
        ]
        return Response({"voices": voices, "default": settings.DEFAULT_VOICE})
