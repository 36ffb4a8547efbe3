"""What a running platform tells of itself: a request is found by its id, secrets are found nowhere."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.system.identity_provider import CLIENT_SECRET
from tests.system.instance import Platform, until
from tests.system.trace_collector import TraceCollector

GUESSED_KEY, GUESSED_PASSWORD = "vox_" + "guessed" * 5 + "abc", "guessed-password"
KEY = re.compile(r"vox_[0-9A-Za-z]{20,}")


def events(platform: Platform, wanted: str) -> list[tuple[str, dict[str, Any]]]:
    """Of all logs the lines that name it, as `grep` finds them, each with whose log it is."""
    folder = platform.home / "logs"
    found = subprocess.run(["grep", "-r", wanted, str(folder)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    lines = (line.partition(".log:") for line in found.stdout.splitlines())
    return [(Path(file).name, json.loads(line)) for file, _, line in lines]


@pytest.fixture
def client(platform: Platform) -> Iterator[httpx.Client]:
    key = {"Authorization": f"Bearer {platform.api_key}"}
    with httpx.Client(base_url=platform.url, headers=key, timeout=60) as made:
        yield made


def test_grep_finds_a_request(platform: Platform, client: httpx.Client) -> None:
    """How it was asked for, that it waited, and how it was spoken: of web and worker, by its id alone."""
    text = "这句话在日志里。"
    asked = {"text": text, "emotion": "happy", "voice": "yunxi"}
    answer = client.get("/tts/download", params=asked).raise_for_status()
    id_ = answer.headers["x-request-id"]
    until(lambda: {event["event"] for _, event in events(platform, id_)} == {"queued", "spoken", "request"})
    told = {event["event"]: (name.rpartition("-")[0], event) for name, event in events(platform, id_)}
    assert {name: process for name, (process, _) in told.items()} == {
        "queued": "web",
        "spoken": "worker",
        "request": "web",
    }
    assert {event["request_id"] for _, event in told.values()} == {id_}
    _, spoken = told["spoken"]
    assert (spoken["text"], spoken["voice"], spoken["emotion"]) == (text, "yunxi", "happy")
    assert (spoken["characters"], spoken["hanzi"], spoken["sentences"]) == (8, 7, 1)
    assert spoken["audio_ms"] > 500
    assert spoken["queue_ms"] >= 0
    assert spoken["first_byte_ms"] > 0
    _, request = told["request"]
    assert (request["method"], request["path"], request["status"]) == ("GET", "/tts/download", 200)


def test_the_terminal_shows_text(platform: Platform, client: httpx.Client) -> None:
    """What the files have as JSON, behind the name of the process."""
    id_ = client.get("/v1/models").raise_for_status().headers["x-request-id"]
    until(lambda: [line for line in platform.lines if id_ in line])
    (line,) = [line for line in platform.lines if id_ in line]
    assert re.match(rf"web-[12]    \| \S+Z \[info     \] request \[access\] method=GET path=/v1/models .*{id_}", line)


def test_a_repeat_is_one_line(platform: Platform, client: httpx.Client) -> None:
    """No worker speaks it, so the request's own line tells of the speech."""
    asked = {"text": "这句话说两遍。", "voice": "yunxi"}
    client.get("/tts/download", params=asked).raise_for_status()
    id_ = client.get("/tts/download", params=asked).raise_for_status().headers["x-request-id"]
    until(lambda: events(platform, id_))
    ((_, line),) = events(platform, id_)
    assert (line["event"], line["cache"], line["text"]) == ("request", "hit", "这句话说两遍。")
    assert line["audio_ms"] > 500


def test_no_log_holds_a_secret(platform: Platform, client: httpx.Client) -> None:
    """Keys, passwords and cookies, right and wrong ones, wherever they were sent, and the secrets of the platform.

    Nor any key at all, whichever test has used it before.
    """
    made = json.loads(platform.manage("key", "create", "demo", "--name", "secret", "--json"))
    secrets = [platform.api_key, platform.password, made["key"], GUESSED_KEY, GUESSED_PASSWORD, CLIENT_SECRET]
    secrets.append((platform.home / "secret_key").read_text().strip())
    link = {"text": "链接里的话。"}
    for key in (made["key"], GUESSED_KEY):
        client.get("/tts/download", params={**link, "api_key": key}, headers={"Authorization": f"Bearer {key}"})
        client.get(f"/v1/nowhere/{'x' * 40}", headers={"Authorization": f"Basic {key}", "Cookie": f"sessionid={key}"})
    with httpx.Client(base_url=platform.url, timeout=60) as browser:
        for user, password in (("guessed", GUESSED_PASSWORD), (platform.user, platform.password)):
            form = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get("/accounts/login/").text)
            assert form
            who = {"login": user, "password": password, "csrfmiddlewaretoken": form[1]}
            browser.post("/accounts/login/", data=who, headers={"Referer": platform.url})
            secrets.append(form[1])
        assert browser.get("/history").status_code == 200
        secrets += browser.cookies.values()
        last = browser.get("/v1/history", headers={"Authorization": f"Bearer {made['key']}"}).headers["x-request-id"]
    until(lambda: events(platform, last))
    assert events(platform, "/accounts/login/")
    assert len(secrets) == len({secret for secret in secrets if len(secret) > 8}) > 8
    for file in (platform.home / "logs").iterdir():
        log = file.read_text()
        assert not [secret for secret in (*secrets, quote(link["text"])) if secret in log], file.name
        assert not KEY.search(log), file.name


def test_a_request_is_one_trace(platform: Platform, client: httpx.Client, trace_collector: TraceCollector) -> None:
    """Begun by its caller, through the web process and the queue to the worker that speaks it; no span has its text."""
    text, theirs = "这句话有一条线索。", "4bf92f3577b34da6a3ce929d0e0e4736"
    asked = {"text": text, "voice": "yunxi"}
    headers = {"traceparent": f"00-{theirs}-00f067aa0ba902b7-01"}
    answer = client.get("/tts/download", params=asked, headers=headers).raise_for_status()
    until(lambda: len(trace_collector.trace(theirs)) == 5)
    spans = {span.name: span for span in trace_collector.trace(theirs)}
    request = spans["GET /tts/download"]
    assert request.parent_span_id.hex() == "00f067aa0ba902b7"
    parents = {name: span.parent_span_id for name, span in spans.items() if span is not request}
    speak = spans["speak"].span_id
    assert parents == {"queue": request.span_id, "speak": request.span_id, "read": speak, "store": speak}
    assert spans["queue"].start_time_unix_nano <= spans["queue"].end_time_unix_nano
    assert spans["queue"].end_time_unix_nano <= spans["speak"].start_time_unix_nano
    told = {each.key: each.value for each in spans["speak"].attributes}
    assert told["voxhouse.request_id"].string_value == answer.headers["x-request-id"]
    assert told["voxhouse.audio_ms"].int_value > 500
    assert trace_collector.services == {"voxhouse"}
    sent = b"".join(span.SerializeToString() for span in trace_collector.spans)
    for secret in (text, quote(text), platform.api_key):
        assert secret.encode() not in sent
    until(lambda: len(events(platform, theirs)) == 2)
    assert {event["event"] for _, event in events(platform, theirs)} == {"spoken", "request"}


def metrics(platform: Platform) -> dict[tuple[str, ...], float]:
    """Each sample's value by its name and the values of its labels, in the order of their names."""
    families = text_string_to_metric_families(httpx.get(f"{platform.url}/metrics").raise_for_status().text)
    samples = [sample for family in families for sample in family.samples]
    return {(one.name, *(one.labels[label] for label in sorted(one.labels))): one.value for one in samples}


def test_all_processes_are_one_to_prometheus(platform: Platform, client: httpx.Client) -> None:
    """Whichever of the web processes is asked: what the workers spoke and what both web processes answered."""
    before = metrics(platform)
    asked = {"text": "数一数，一共几句。", "voice": "yunyang"}
    for _ in range(2):
        client.get("/tts/download", params=asked).raise_for_status()
    assert client.get("/v1/nowhere").status_code == 404

    def more(*sample: str) -> float:
        return metrics(platform).get(sample, 0) - before.get(sample, 0)

    least = {
        ("voxhouse_http_responses_total", "404"): 1,
        ("voxhouse_rtf_count", "yunyang"): 1,
        ("voxhouse_http_responses_total", "200"): 2,
        ("voxhouse_queue_seconds_count", "yunyang"): 1,
        ("voxhouse_first_audio_seconds_bucket", "+Inf", "yunyang"): 1,
        ("voxhouse_sentences_total", "spoken", "yunyang"): 1,
        ("voxhouse_speeches_total", "hit", "yunyang"): 1,
        ("voxhouse_speeches_total", "miss", "yunyang"): 1,
        ("voxhouse_batch_sentences_count", "kokoro"): 1,
        ("voxhouse_model_audio_seconds_total", "kokoro"): 0.5,
        ("voxhouse_model_busy_seconds_total", "kokoro"): 0.001,
    }
    # Each process tells when it is time.
    until(lambda: all(more(*sample) >= figure for sample, figure in least.items()))
