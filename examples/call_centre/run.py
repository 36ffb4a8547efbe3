"""An insurer calls its customers back: from the CRM's list to recordings in the call centre, and what a call costs.

Plays CRM and call centre on this machine against a running platform; docs/guides/call-centre.md explains each step.

    WEBHOOK_ALLOW_NETWORKS=127.0.0.0/8 WEBHOOK_ALLOW_HTTP=true make up
    set -a; . var/demo.env
    scopes='--scope speech --scope usage --scope webhooks'
    VOXHOUSE_API_KEY=$(.venv/bin/python manage.py key create demo $scopes | head -n 1)
    .venv/bin/python examples/call_centre/run.py
"""

import argparse
import json
import os
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from uuid import uuid4

from receiver import PASSWORD, Insurer, listening

HERE = Path(__file__).resolve().parent
RATE = 8000  # Hz, and bytes a second of mu-law
ARTICLE = {"a cloud's, in the article": 0.15, "its own server's, in the article": 0.002}  # yuan a call
WAIT = 600.0  # s, for the last recording


class Voxhouse:
    """The platform's API, as a program of the insurer's calls it."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        self._key = key

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return self._ask(method, path, None if body is None else json.dumps(body).encode(), "application/json")

    def upload(self, path: str, file: Path, job: dict[str, Any]) -> Any:
        """A form of two parts: the file, and the job's members as JSON."""
        edge = uuid4().hex
        parts = [
            (f'name="job"\r\n\r\n{json.dumps(job)}').encode(),
            f'name="file"; filename="{file.name}"\r\n\r\n'.encode() + file.read_bytes(),
        ]
        body = b"".join(b"--%s\r\nContent-Disposition: form-data; %s\r\n" % (edge.encode(), part) for part in parts)
        return self._ask("POST", path, body + b"--%s--\r\n" % edge.encode(), f"multipart/form-data; boundary={edge}")

    def _ask(self, method: str, path: str, body: bytes | None, content_type: str) -> Any:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": content_type}
        request = urllib.request.Request(self._url + path, body, headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                sys.exit(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--csv", type=Path, default=HERE / "customers.csv", help="a row a customer")
    asked.add_argument("--template", type=Path, default=HERE / "template.txt", help="what to say, with {columns}")
    asked.add_argument("--voice", default="xiaoxiao")
    options = asked.parse_args()
    voxhouse = Voxhouse(os.environ["VOXHOUSE_URL"], os.environ["VOXHOUSE_API_KEY"])
    with tempfile.TemporaryDirectory() as folder:
        insurer = Insurer(Path(folder))
        with listening(insurer) as address:
            call_back(voxhouse, insurer, address, options)


def call_back(voxhouse: Voxhouse, insurer: Insurer, address: str, options: argparse.Namespace) -> None:
    where = {"type": "http", "url": f"{address}/recordings", "headers": {"Authorization": PASSWORD}}
    destination = voxhouse.call("POST", "/v1/destinations", where)
    webhook = voxhouse.call("POST", "/v1/webhooks", {"url": f"{address}/crm", "events": ["job.delivered"]})
    insurer.secret = webhook["secret"]
    try:
        tried = voxhouse.call("POST", f"/v1/destinations/{destination['id']}/test")
        print(f"Call centre: test file {'arrived' if tried['delivered'] else tried}")
        job = draft(voxhouse, options, destination["id"])
        voxhouse.call("POST", f"/v1/jobs/{job['id']}/start")
        delivered = insurer.wait_for("job.delivered", seconds=WAIT)
        print(f"CRM: told, signature verified: {delivered['delivered']} delivered, {delivered['failed']} failed")
        tell_recordings(insurer)
        tell_cost(voxhouse, job)
        if delivered["delivered"] != job["rows"]:
            sys.exit("Not every recording arrived; GET /v1/destinations/{id}/deliveries says why.")
    finally:
        voxhouse.call("DELETE", f"/v1/webhooks/{webhook['id']}")
        voxhouse.call("DELETE", f"/v1/destinations/{destination['id']}")


def draft(voxhouse: Voxhouse, options: argparse.Namespace, destination: str) -> Any:
    """A job that nothing is billed for yet; what it will say and bill."""
    members = {
        "model": "tts-1",
        "voice": options.voice,
        "template": options.template.read_text(encoding="utf-8").strip(),
        "response_format": "mulaw",
        "sample_rate": RATE,
        "destination": destination,
    }
    job = voxhouse.upload("/v1/jobs/files", options.csv, members)
    print(f"Preview: {job['rows']} calls, {job['characters']} characters")
    for row in job["preview"]:
        print(f"  {row['file_name']}: {row['text']}")
    return job


def tell_recordings(insurer: Insurer) -> None:
    files = sorted(insurer.folder.glob("*.ulaw"))
    print(f"Call centre: {len(files)} recordings, 8 kHz mu-law")
    for file in files:
        print(f"  {file.name}: {file.stat().st_size / RATE:.1f} s")


def tell_cost(voxhouse: Voxhouse, job: Any) -> None:
    """What a call costs: at vendors by their own rules, as the draft foretold; here, as it was; in the article."""
    costs = {}
    for word in ("default", "cheapest", "dearest"):
        if found := (job["cost"] or {}).get(word):
            free = "" if found["cost"] else ", within its free quota"
            costs[f"{word} of the price book, {found['offer']}{free}"] = found["cost"] / 1e6 / job["rows"]
    own = voxhouse.call("GET", "/v1/savings")["own_cost_a_call"] if costs else None
    print("A call costs")
    for what, yuan in {**costs, **ARTICLE}.items():
        print(f"  ¥{yuan:.6f}  {what}")
    if own is None:
        print("  Say what this server costs, and it stands here: manage.py own_cost demo --busy-hour 2.05")
    else:
        print(f"  ¥{own / 1e6:.6f}  here, this month's calls")


if __name__ == "__main__":
    main()
