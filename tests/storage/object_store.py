"""A server that speaks S3 and checks signatures: moto's, or with OBJECT_STORE=seaweedfs a real object store.

`make objects` installs the latter, SeaweedFS, and runs the tests against it.
"""

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.delivery import s3_server
from tests.delivery.s3_server import BUCKET, REGION

ACCESS_KEY_ID, SECRET_ACCESS_KEY = "voxhouse", "only-for-tests"
IDENTITIES = {
    "identities": [
        {
            "name": "voxhouse",
            "credentials": [{"accessKey": ACCESS_KEY_ID, "secretKey": SECRET_ACCESS_KEY}],
            "actions": ["Admin", "Read", "Write", "List"],
        }
    ]
}
PARTS = ("-s3.port", "-master.port", "-volume.port", "-filer.port")
GRPC = 10_000  # each part listens that much higher too


@dataclass(frozen=True)
class ObjectStore:
    port: int
    access_key_id: str
    secret_access_key: str

    @property
    def environment(self) -> dict[str, str]:
        """What leads a platform there."""
        return {
            "AUDIO_BUCKET": BUCKET,
            "AUDIO_S3_ENDPOINT": self._url,
            "AUDIO_S3_REGION": REGION,
            "AUDIO_S3_ACCESS_KEY_ID": self.access_key_id,
            "AUDIO_S3_SECRET_ACCESS_KEY": self.secret_access_key,
            "AUDIO_S3_ADDRESSING": "path",
        }

    @contextmanager
    def client(self, **config: Any) -> Iterator[Any]:
        import boto3
        from botocore.config import Config

        keys = {"aws_access_key_id": self.access_key_id, "aws_secret_access_key": self.secret_access_key}
        client = boto3.client("s3", endpoint_url=self._url, region_name=REGION, config=Config(**config), **keys)
        with closing(client):
            yield client

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running() -> Iterator[ObjectStore]:
    """Until the block ends, with one bucket in it."""
    if os.environ.get("OBJECT_STORE") == "seaweedfs":
        with _seaweedfs() as store:
            yield store
    else:
        with s3_server.running() as moto:
            yield ObjectStore(moto.port, moto.access_key_id, moto.secret_access_key)


@contextmanager
def _seaweedfs() -> Iterator[ObjectStore]:
    with tempfile.TemporaryDirectory(prefix="voxhouse-s3-") as folder:
        identities = Path(folder, "identities.json")
        identities.write_text(json.dumps(IDENTITIES))
        ports = _free_ports(len(PARTS))
        command = [
            *(str(Path(sys.executable).with_name("weed")), "server", "-s3", f"-dir={folder}"),
            *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.config={identities}", "-master.telemetry=false"),
            *("-volume.max=20", "-master.volumeSizeLimitMB=64"),
            *(f"{part}={port}" for part, port in zip(PARTS, ports, strict=True)),
        ]
        log = Path(folder, "log")
        with log.open("w") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603
        try:
            store = ObjectStore(ports[0], ACCESS_KEY_ID, SECRET_ACCESS_KEY)
            _make_bucket(store, process, log)
            yield store
        finally:
            process.kill()  # it takes its time to say good-bye, and its data is thrown away
            process.wait()


def _make_bucket(store: ObjectStore, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Once it answers."""
    from botocore.exceptions import BotoCoreError, ClientError

    with store.client(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=10) as client:
        deadline = time.monotonic() + 60
        while True:
            try:
                client.create_bucket(Bucket=BUCKET)
                client.put_object(Bucket=BUCKET, Key="trial", Body=b"")
                client.delete_object(Bucket=BUCKET, Key="trial")
            except (BotoCoreError, ClientError):
                assert process.poll() is None, log.read_text()[-2000:]
                assert time.monotonic() < deadline, log.read_text()[-2000:]
                time.sleep(0.1)
            else:
                return


def _free_ports(count: int) -> list[int]:
    return [port for port in random.sample(range(20_000, 30_000), 50) if _is_free(port) and _is_free(port + GRPC)][
        :count
    ]


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
