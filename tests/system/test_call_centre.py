"""The guide's example does what the guide says, against the running platform."""

import os
import subprocess
import sys
from pathlib import Path

from tests.system.instance import ROOT, Platform

EXAMPLE = ROOT / "examples/call_centre"


def test_the_example_of_the_guide(platform: Platform, tmp_path: Path) -> None:
    """CSV and template, job, preview, delivery by PUT, a webhook that verifies, and what a call costs."""
    platform.manage("own_cost", "demo", "--busy-hour", "2.05")
    scopes = ("--scope", "speech", "--scope", "usage", "--scope", "webhooks")
    key = platform.manage("key", "create", "demo", *scopes).splitlines()[0]
    short = tmp_path / "customers.csv"  # a title and two rows are enough to speak here
    short.write_text("".join(f"{line}\n" for line in (EXAMPLE / "customers.csv").read_text().splitlines()[::2]))
    access = {"VOXHOUSE_URL": platform.url, "VOXHOUSE_API_KEY": key}
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(EXAMPLE / "run.py"), "--csv", str(short)],
        env={**os.environ, **access},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for told in (
        "test file arrived",
        "Preview: 2 calls",
        "POL-2026-0002: 尊敬的王芳女士，您的保单P20260002将于2026年12月9日到期，请及时续保。",
        "signature verified: 2 delivered, 0 failed",
        "2 recordings, 8 kHz mu-law",
        "POL-2026-0004.ulaw: ",
        "¥0.150000  a cloud's, in the article",
        "¥0.002000  its own server's, in the article",
        "default of the price book, aliyun-sambert",
        "here, this month's calls",
    ):
        assert told in done.stdout
