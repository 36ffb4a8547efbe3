"""The API guide's examples do what they promise, as they are printed on the page."""

import html
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import soundfile
from standardwebhooks import Webhook

from tests.system.instance import Platform

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the example of Standard Webhooks
CODE = re.compile(r'<code translate="no">(.*?)</code>', re.DOTALL)


def guide(platform: Platform) -> list[str]:
    """Every piece of code that the demo member sees there."""
    with httpx.Client(base_url=platform.url, follow_redirects=True) as browser:
        form = browser.get("/accounts/login/?next=/guide").text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
        assert token is not None
        who = {"login": platform.user, "password": platform.password}
        page = browser.post("/accounts/login/", data={**who, "next": "/guide", "csrfmiddlewaretoken": token[1]})
    return [html.unescape(code) for code in CODE.findall(page.raise_for_status().text)]


@pytest.fixture(scope="module")
def printed(platform: Platform) -> list[str]:
    return guide(platform)


@pytest.fixture(scope="module")
def key(platform: Platform) -> str:
    """Of a team of its own, with every scope: what the examples make stays there."""
    platform.manage("tenant", "create", "guide")
    scopes = ("speech", "history", "usage", "webhooks", "admin")
    made = platform.manage("key", "create", "guide", *(word for scope in scopes for word in ("--scope", scope)))
    return made.split()[0]


def run(command: list[str], *, key: str, folder: Path, code: str) -> str:
    environment = {**os.environ, "VOXHOUSE_API_KEY": key}
    done = subprocess.run(  # noqa: S603
        command, input=code, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_line_of_curl_works(printed: list[str], key: str, tmp_path: Path) -> None:
    """Speech, style, voices, preview, jobs, history, usage, dictionary, webhooks: each is answered with 2xx."""
    curls = [code for code in printed if code.startswith("curl ")]
    assert len(curls) == 10
    for code in curls:
        # Refusals end the script; the receiver of nobody stands for one that has a name in the public network.
        here = code.replace("curl ", "curl --silent --show-error --fail-with-body ")
        here = here.replace("https://crm.example.org/", "http://127.0.0.1:9/")
        run(["bash", "-e"], key=key, folder=tmp_path, code=here)
    assert soundfile.info(tmp_path / "hello.mp3").duration > 1
    assert soundfile.info(tmp_path / "style.wav").duration > 1
    assert soundfile.info(tmp_path / "again.wav").duration > 0.5
    assert "-->" in (tmp_path / "again.srt").read_text()


def test_the_python_works(printed: list[str], key: str, tmp_path: Path) -> None:
    """With OpenAI's own package."""
    (code,) = (code for code in printed if "from openai" in code)
    run([sys.executable, "-"], key=key, folder=tmp_path, code=code)
    assert soundfile.info(tmp_path / "hello.mp3").duration > 1


def test_the_check_of_webhooks_tells_genuine_from_forged(printed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that was signed with the secret passes, and the same with one more byte does not."""
    now, body = datetime.now(UTC), '{"type":"webhook.test"}'
    monkeypatch.setenv("VOXHOUSE_WEBHOOK_SECRET", SECRET)
    (code,) = (code for code in printed if "standardwebhooks" in code)
    room: dict[str, object] = {}
    exec(code, room)  # noqa: S102
    is_genuine = room["is_genuine"]
    assert callable(is_genuine)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", now, body),
    }
    assert is_genuine(body.encode(), headers)
    assert not is_genuine(body.encode() + b" ", headers)


def test_the_page_has_this_instance_s_address_and_the_key_s_end(platform: Platform) -> None:
    """Nothing is left to be filled in but the key itself, the one that was made last."""
    newest = platform.manage("key", "create", "demo").split()[0]
    printed = guide(platform)
    assert f"export VOXHOUSE_API_KEY=vox_…{newest[-4:]}" in printed
    assert all(platform.url in code for code in printed if "/v1/" in code)
