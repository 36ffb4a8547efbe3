"""The guide's example does what the guide says, against the running platform."""

import os
import subprocess
import sys

from tests.system.instance import ROOT, Platform


def test_the_example_of_the_guide(platform: Platform) -> None:
    """CSV and template, job, preview, delivery by PUT, a webhook that verifies, and what a call costs."""
    platform.manage("own_cost", "demo", "--busy-hour", "2.05")
    scopes = ("--scope", "speech", "--scope", "usage", "--scope", "webhooks")
    key = platform.manage("key", "create", "demo", *scopes).splitlines()[0]
    access = {"VOXHOUSE_URL": platform.url, "VOXHOUSE_API_KEY": key}
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(ROOT / "examples/call_centre/run.py")],
        env={**os.environ, **access},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for told in (
        "test file arrived",
        "Preview: 4 calls",
        "POL-2026-0003: 尊敬的重庆的李娜，您的保单P20260003将于2027年1月15日到期，请及时续保。",
        "signature verified: 4 delivered, 0 failed",
        "4 recordings, 8 kHz mu-law",
        "POL-2026-0004.ulaw: ",
        "¥0.150000  a cloud's, in the article",
        "¥0.002000  its own server's, in the article",
        "default of the price book, aliyun-sambert",
        "here, this month's calls",
    ):
        assert told in done.stdout
