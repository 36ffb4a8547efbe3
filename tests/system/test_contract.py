"""Every door answers as the OpenAPI document says, whatever it is asked; `make schemathesis` asks far more."""

import subprocess
from pathlib import Path

from bench.contract import key_of_all_scopes, schemathesis, team
from tests.system.instance import Platform

EXAMPLES = 2  # calls of each operation


def test_every_door_answers_as_documented(platform: Platform, tmp_path: Path) -> None:
    """No 5xx, no status, content type or body that the document does not have."""
    team(platform.manage)
    key = key_of_all_scopes(platform.manage)
    command = schemathesis(platform.url, key, examples=EXAMPLES, seed=1, phases="fuzzing")
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)  # noqa: S603
    assert done.returncode == 0, done.stdout
