"""Signatures as Amazon's own documentation works them out, and as another implementation does."""

from datetime import UTC, datetime

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as OtherCredentials

from tts_engine.delivery.sigv4 import Credentials, signed

EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
MAY_24 = datetime(2013, 5, 24, tzinfo=UTC)
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("method", "path", "headers", "sha256", "signature"),
    [
        (
            "GET",
            "/test.txt",
            {"Range": "bytes=0-9"},
            NOTHING,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test%24file.text",
            {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
    ],
    ids=["get", "put"],
)
def test_the_examples_of_the_documentation(
    method: str, path: str, headers: dict[str, str], sha256: str, signature: str
) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html"""
    url = f"https://examplebucket.s3.amazonaws.com{path}"
    sent = signed(method, url, headers, sha256=sha256, credentials=EXAMPLE, at=MAY_24)
    assert sent["Authorization"].endswith(f",Signature={signature}")
    assert sent["x-amz-content-sha256"] == sha256
    assert sent["x-amz-date"] == "20130524T000000Z"


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.cn-north-1.amazonaws.com.cn/bucket/a%20b/%E5%8F%B7%2B1.wav",
        "http://127.0.0.1:9000/bucket/~a-b_c.d",
        "https://bucket.oss-cn-hangzhou.aliyuncs.com/x",
    ],
)
def test_another_implementation_agrees(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Amazon's own package signs the same request the same."""
    headers = {"Content-Type": "audio/wav", "x-amz-meta-voxhouse-job": " seven "}
    ours = signed("PUT", url, headers, sha256=NOTHING, credentials=EXAMPLE, at=MAY_24)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: MAY_24)
    theirs = AWSRequest("PUT", url, headers={**headers, "X-Amz-Content-SHA256": NOTHING}, data=b"")
    keys = OtherCredentials(EXAMPLE.access_key_id, EXAMPLE.secret_access_key)
    S3SigV4Auth(keys, "s3", EXAMPLE.region).add_auth(theirs)
    assert ours["Authorization"].replace(",", ", ") == theirs.headers["Authorization"]


def test_a_secret_is_in_no_log() -> None:
    """Whatever prints the keys prints one of them."""
    assert EXAMPLE.secret_access_key not in repr(EXAMPLE)
