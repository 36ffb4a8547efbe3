"""Streaming to callers who read slowly or go away, over real HTTP."""

import json
import socket
import time
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.system.instance import Platform, until

LONG = "今天天气很好，我们去公园走走吧。" * 6
BUFFER = 4096  # bytes the caller's side takes in before it reads


def ask(platform: Platform, text: str) -> socket.socket:
    """A streamed WAV, of which nothing has been read."""
    address = urlsplit(platform.url)
    body = json.dumps({"model": "tts-1", "voice": "alloy", "input": text, "response_format": "wav"}).encode()
    caller = socket.socket()
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    caller.settimeout(120)
    caller.connect((address.hostname, address.port))
    head = (
        f"POST /v1/audio/speech HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {platform.api_key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    caller.sendall(head.encode() + body)
    return caller


def newest(platform: Platform) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {platform.api_key}"}
    rows = httpx.get(f"{platform.url}/v1/history", headers=headers, timeout=60).raise_for_status().json()["data"]
    row: dict[str, Any] = rows[0]
    return row


def test_who_reads_slowly_holds_up_nobody(platform: Platform) -> None:
    """The worker is done before the caller has read a tenth; what comes then is the whole of it."""
    with closing(ask(platform, LONG)) as caller:
        assert caller.recv(12).startswith(b"HTTP/1.1 200")
        until(lambda: newest(platform)["status"] == "done", seconds=120)
        row, received = newest(platform), bytearray()
        while piece := caller.recv(65536):
            received += piece
    sent_ms = len(received) / (24_000 * 2) * 1000
    assert row["audio_ms"] <= sent_ms <= row["audio_ms"] * 1.1  # chunked encoding and the head add a little


def test_who_hangs_up_is_billed_for_what_had_begun(platform: Platform) -> None:
    """The connection is closed after the first audio: it is spoken to its end and billed, once."""
    caller = ask(platform, f"{LONG}挂断。")
    assert caller.recv(12).startswith(b"HTTP/1.1 200")
    caller.close()
    time.sleep(0.5)
    until(lambda: newest(platform)["status"] == "done", seconds=120)
    assert newest(platform)["billed_characters"] == len(LONG) + 3
