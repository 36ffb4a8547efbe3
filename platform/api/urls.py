"""The doors of the API."""

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView

from api import (
    cache,
    catalog,
    destinations,
    health,
    history,
    organization,
    preview,
    savings,
    simple,
    speech,
    usage,
    webhooks,
)

urlpatterns = [
    path("v1/audio/speech", speech.SpeechDoor.as_view()),
    path("v1/audio/voices", catalog.VoicesDoor.as_view()),
    path("v1/models", catalog.ModelsDoor.as_view()),
    path("v1/models/<str:name>", catalog.ModelDoor.as_view()),
    path("v1/text/preview", preview.PreviewDoor.as_view()),
    path("v1/history", history.HistoryDoor.as_view()),
    path("v1/history/<uuid:synthesis_id>", history.SynthesisDoor.as_view()),
    path("v1/history/<uuid:synthesis_id>/audio", history.AudioDoor.as_view()),
    path("v1/cache", cache.CacheDoor.as_view()),
    path("v1/savings", savings.SavingsDoor.as_view()),
    path("v1/usage", usage.UsageDoor.as_view()),
    path("v1/usage/statement", usage.StatementDoor.as_view()),
    path("v1/organization/usage/audio_speeches", organization.SpeechUsageDoor.as_view()),
    path("v1/webhooks", webhooks.WebhooksDoor.as_view()),
    path("v1/webhooks/<uuid:webhook_id>", webhooks.WebhookDoor.as_view()),
    path("v1/webhooks/<uuid:webhook_id>/rotate", webhooks.WebhookRotateDoor.as_view()),
    path("v1/webhooks/<uuid:webhook_id>/test", webhooks.WebhookTestDoor.as_view()),
    path("v1/webhooks/<uuid:webhook_id>/deliveries", webhooks.DeliveriesDoor.as_view()),
    path("v1/webhooks/<uuid:webhook_id>/deliveries/<int:delivery_id>/replay", webhooks.ReplayDoor.as_view()),
    path("v1/destinations", destinations.DestinationsDoor.as_view()),
    path("v1/destinations/<uuid:destination_id>", destinations.DestinationDoor.as_view()),
    path("v1/destinations/<uuid:destination_id>/test", destinations.DestinationTestDoor.as_view()),
    path("v1/destinations/<uuid:destination_id>/deliveries", destinations.FileDeliveriesDoor.as_view()),
    path("v1/destinations/<uuid:destination_id>/deliveries/replay", destinations.FailedReplayDoor.as_view()),
    path(
        "v1/destinations/<uuid:destination_id>/deliveries/<int:delivery_id>/replay",
        destinations.FileReplayDoor.as_view(),
    ),
    path("tts", simple.SimpleDoor.as_view()),
    path("tts/download", simple.SimpleDownloadDoor.as_view()),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("docs", SpectacularSwaggerView.as_view(url_name="openapi"), name="docs"),
]
