"""A change of the dictionary through the whole platform: web processes, a real worker, the real voice, the cache."""

import json
from typing import Any

import httpx

from tests.system.instance import Platform

TEXT = "用ABC。"


def test_a_change_counts_from_the_next_request_on(platform: Platform) -> None:
    """Spoken anew at once, in whichever process; taken back, the first result is good again."""
    platform.manage("tenant", "create", "says-otherwise")
    scopes = [part for scope in ("speech", "admin") for part in ("--scope", scope)]
    key = json.loads(platform.manage("key", "create", "says-otherwise", "--json", *scopes))["key"]

    def ask(method: str, path: str, **body: Any) -> httpx.Response:
        """Each on a connection of its own, so that both web processes are met."""
        headers = {"Authorization": f"Bearer {key}"}
        answer = httpx.request(method, f"{platform.url}/v1{path}", json=body or None, headers=headers, timeout=120)
        return answer.raise_for_status()

    def speak() -> httpx.Response:
        return ask("POST", "/audio/speech", model="tts-1", voice="alloy", input=TEXT, response_format="pcm")

    as_written = speak()
    ask("PUT", "/dictionary/entries/ABC", replacement="一二三四五六七八九十")
    otherwise = speak()
    assert otherwise.headers["x-cache"] == "miss"
    assert len(otherwise.content) > 1.5 * len(as_written.content)
    assert {speak().content for _ in range(4)} == {otherwise.content}
    assert otherwise.headers["x-billed-characters"] == as_written.headers["x-billed-characters"]
    ask("DELETE", "/dictionary/entries/ABC")
    again = speak()
    assert (again.headers["x-cache"], again.content) == ("hit", as_written.content)
