"""A team's program hears from the running platform: through its door, its database and a real worker."""

import json

import httpx

from tests.system.instance import Platform, until
from tests.webhooks.receiver import listening


def test_a_quota_alert_arrives(platform: Platform) -> None:
    """Spoken, settled, and told within seconds, signed with the secret that the door gave."""
    made = "Plan.objects.create(name='ten', characters_per_period=10, requests_per_minute=60, concurrent_requests=9,"
    platform.python(f"from billing.models import Plan; {made} max_text_characters=99)")
    platform.manage("tenant", "create", "listens", "--plan", "ten")
    key = json.loads(platform.manage("key", "create", "listens", "--json", "--scope", "speech", "--scope", "webhooks"))
    with (
        listening() as receiver,
        httpx.Client(base_url=platform.url, headers={"Authorization": f"Bearer {key['key']}"}, timeout=60) as client,
    ):
        webhook = client.post("/v1/webhooks", json={"url": receiver.url, "events": ["quota.alert"]}).json()
        spoken = client.post("/v1/audio/speech", json={"model": "tts-1", "voice": "alloy", "input": "八个字的一句话。"})
        assert spoken.status_code == 200
        until(lambda: receiver.received)
        told = receiver.received[0].verified(webhook["secret"])
        assert (told["type"], told["data"]["percent"], told["data"]["used"]) == ("quota.alert", 80, 8)

        def logged() -> bool:
            (delivery,) = client.get(f"/v1/webhooks/{webhook['id']}/deliveries").json()["data"]
            return bool(delivery["status"] == "delivered")

        until(logged)
        client.delete(f"/v1/webhooks/{webhook['id']}").raise_for_status()
