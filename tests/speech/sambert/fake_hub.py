"""A ModelScope hub of one model, on this machine: the three requests that a download makes, over real HTTP.

    /api/v1/models/<id>/revisions                           its branches and tags
    /api/v1/models/<id>/repo/files?Revision=                what a revision holds
    /api/v1/models/<id>/repo?Revision=&FilePath=            one file; of large ones, any range

As on the real hub, a listing names the last commit of each file and none of the whole, and only files in
large-file storage (here: checkpoints) honour Range.
"""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Content = Mapping[str, bytes]  # by path


@dataclass(frozen=True)
class Asked:
    """A request for a file, and how many of its bytes left."""

    path: str
    revision: str
    start: int
    sent: int


@dataclass
class FakeHub:
    """The model's history, oldest commit first, and what to do wrong."""

    model_id: str
    commits: list[Content] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)  # to commits
    cut: dict[str, int] = field(default_factory=dict)  # of a file, the bytes after which the line goes dead
    corrupt: set[str] = field(default_factory=set)  # files that are sent with another first byte
    listed_size: dict[str, int] = field(default_factory=dict)  # what the listing says instead of the truth
    dates: dict[int, int] = field(default_factory=dict)  # of commits whose author's clock was wrong
    merged: bool = False  # no file was last changed by the newest commit, or any other that has them all
    private: bool = False
    asked: list[Asked] = field(default_factory=list)
    requests: int = 0
    url: str = ""

    def commit(self, content: Content) -> str:
        self.commits.append(content)
        return _hash(len(self.commits) - 1)

    @contextmanager
    def serving(self) -> Iterator["FakeHub"]:
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self)) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            self.url = f"http://127.0.0.1:{server.server_port}"
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()

    def at(self, revision: str) -> int | None:
        """The place in history that a branch, tag or hash means."""
        hashes = [_hash(place) for place in range(len(self.commits))]
        wanted = hashes[-1] if revision == "master" else self.tags.get(revision, revision)
        return hashes.index(wanted) if wanted in hashes else None

    def listing(self, place: int) -> list[dict[str, object]]:
        return [self._entry(path, content, place) for path, content in self.commits[place].items()]

    def _entry(self, path: str, content: bytes, place: int) -> dict[str, object]:
        changed = place
        while changed and (self.merged or self.commits[changed - 1].get(path) == content):
            changed -= 1
        return {
            "Path": path,
            "Name": path.rpartition("/")[2],
            "Type": "blob",
            "Size": self.listed_size.get(path, len(content)),
            "Sha256": hashlib.sha256(content).hexdigest(),
            "Revision": _hash(changed),
            "CommittedDate": self.dates.get(changed, 1_670_000_000 + changed),
        }


def _hash(place: int) -> str:
    return hashlib.sha1(str(place).encode(), usedforsecurity=False).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, hub: FakeHub, *args: object) -> None:
        self.hub = hub
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        hub = self.hub
        hub.requests += 1
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        what = url.path.removeprefix(f"/api/v1/models/{hub.model_id}/")
        place = hub.at(query.get("Revision", "master"))
        if hub.private:
            self._answer(None, 403)
        elif what == "revisions":
            names = {"Branches": ["master"], "Tags": list(hub.tags)}
            shape = {kind: [{"Revision": name} for name in kind_names] for kind, kind_names in names.items()}
            self._answer({"RevisionMap": shape})
        elif what == "repo/files" and place is not None:
            self._answer({"Files": hub.listing(place)})
        elif what == "repo" and place is not None and query["FilePath"] in hub.commits[place]:
            self._send_file(query["FilePath"], query["Revision"], hub.commits[place][query["FilePath"]])
        else:
            self._answer(None, 404)

    def _answer(self, data: object, status: int = 200) -> None:
        body = json.dumps({"Code": status, "Data": data, "Success": status == 200, "Message": "信息不存在"}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_file(self, path: str, revision: str, content: bytes) -> None:
        start = 0
        if path.endswith(".pth") and (asked := self.headers["Range"]):
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if path in self.hub.corrupt:
            content = bytes([content[0] ^ 1]) + content[1:]
        sent = content[start : self.hub.cut.get(path)]
        self.hub.asked.append(Asked(path, revision, start, len(sent)))
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(sent)  # HTTP/1.0: the connection closes here, whatever was promised

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what was asked is kept."""
