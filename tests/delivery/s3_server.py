"""A server that speaks S3 and checks every signature and permission: moto's, in a process of its own.

Run as a program it prints its port and a user's keys as one line of JSON, and ends with its standard input.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

BUCKET, REGION = "calls", "cn-east-1"
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
MADE_UNSIGNED = 4  # requests that make the user, its policy, its keys and the bucket


@dataclass(frozen=True)
class Bucket:
    port: int
    access_key_id: str
    secret_access_key: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def members(self) -> dict[str, Any]:
        """What a destination is made of that leads there."""
        keys = {"access_key_id": self.access_key_id, "secret_access_key": self.secret_access_key}
        return {"kind": "s3", "url": self.url, "bucket": BUCKET, "region": REGION, "prefix": "保单/", **keys}

    def client(self, service: str = "s3") -> Any:
        import boto3

        keys = {"aws_access_key_id": self.access_key_id, "aws_secret_access_key": self.secret_access_key}
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **keys)


@contextmanager
def running() -> Iterator[Bucket]:
    environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(MADE_UNSIGNED)}
    command = [sys.executable, __file__]
    with subprocess.Popen(  # noqa: S603
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield Bucket(**json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()


def main() -> None:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    maker = Bucket(port, "made", "unsigned")
    iam = maker.client("iam")
    iam.create_user(UserName="voxhouse")
    iam.put_user_policy(UserName="voxhouse", PolicyName="all", PolicyDocument=json.dumps(POLICY))
    keys = iam.create_access_key(UserName="voxhouse")["AccessKey"]
    maker.client().create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    told = {"port": port, "access_key_id": keys["AccessKeyId"], "secret_access_key": keys["SecretAccessKey"]}
    print(json.dumps(told), flush=True)  # noqa: T201
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
