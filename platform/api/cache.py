"""`DELETE /v1/cache`: have everything spoken anew from now on."""

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.door import Door, StrictSerializer, TextField, actor_of, caller_of
from tts_engine import cache


class PurgeQuery(StrictSerializer):
    voice = TextField(required=False, max_length=100, help_text="only what it spoke; it need not be installed any more")


class CacheDoor(Door):
    scope = "admin"

    @extend_schema(operation_id="purge_cache", parameters=[PurgeQuery], responses={200: OpenApiTypes.OBJECT})
    def delete(self, request: Request) -> Response:
        """Delete your team's cached sentences and find none of its results any more; the history stays."""
        query = PurgeQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        voice: str | None = query.validated_data.get("voice")
        if voice:
            voice = settings.VOICE_ALIASES.get(voice, voice)
        deleted = cache.purge(tenant_id=caller_of(request).tenant_id, voice=voice, actor=actor_of(request))
        return Response({"object": "cache", "voice": voice, "sentences_deleted": deleted})
