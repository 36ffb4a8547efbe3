"""`Idempotency-Key` over HTTP: a request sent again is billed once and answered alike."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from tests.system.instance import Platform

BODY = {"model": "tts-1", "voice": "xiaoxiao", "input": "只算一次。", "response_format": "pcm", "cache": False}


def send(platform: Platform, key: str, path: str = "/v1/audio/speech", **changed: object) -> httpx.Response:
    body = {"text": "只算一次。"} if path == "/tts" else BODY
    headers = {"Authorization": f"Bearer {platform.api_key}", "Idempotency-Key": key}
    return httpx.post(f"{platform.url}{path}", json={**body, **changed}, headers=headers, timeout=120)


def rows(platform: Platform, text: str) -> list[dict[str, object]]:
    answer = httpx.get(
        f"{platform.url}/v1/history", params={"text": text}, headers={"Authorization": f"Bearer {platform.api_key}"}
    )
    found: list[dict[str, object]] = answer.raise_for_status().json()["data"]
    return found


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/tts"])
def test_the_answer_is_replayed(platform: Platform, path: str) -> None:
    """The same bytes under the first one's request id, marked as a replay; another body is 422."""
    key = str(uuid4())
    first, again = send(platform, key, path), send(platform, f'"{key}"', path)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert again.headers["x-request-id"] == first.headers["x-request-id"]
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    other = send(platform, key, path, speed=1.5)
    assert other.status_code == 422
    assert (other.json().get("error") or other.json())["code"] == "idempotency_key_reused"


def test_fifty_at_once_are_billed_once(platform: Platform) -> None:
    """One is spoken; whoever comes meanwhile is told 409 and when to ask again, whoever comes later hears it."""
    key, text = str(uuid4()), "五十个人同时说这一句话。"
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: send(platform, key, input=text), range(50)))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 409}
    assert statuses[200] >= 1
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    waiting = [answer for answer in answers if answer.status_code == 409]
    assert all(answer.json()["error"]["code"] == "idempotency_key_in_use" for answer in waiting)
    assert all(answer.headers["retry-after"] == "1" for answer in waiting)
    assert [row["billed_characters"] for row in rows(platform, text)] == [len(text)]


@pytest.mark.parametrize("key", ["", "钥匙".encode().decode("latin-1"), "a" * 256, 'a"b'])
def test_what_is_no_key_is_refused(platform: Platform, key: str) -> None:
    """Empty, too long or not visible ASCII: 400 that names the header."""
    answer = httpx.post(
        f"{platform.url}/v1/audio/speech",
        json=BODY,
        headers={b"Authorization": f"Bearer {platform.api_key}".encode(), b"Idempotency-Key": key.encode("latin-1")},
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, "Idempotency-Key", "invalid_idempotency_key")
