"""Does every door of the API answer as the OpenAPI document says?

Lets Schemathesis make calls from the document, good and bad ones, to a platform of its own, as a team of its
own whose key has all scopes: no 5xx, no status, content type or body that the document does not have.
Ends with 1, and with the calls that show it, where there is one.

    python -m bench.contract [--examples 50] [--seed 1]
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable

from bench.instance import running

MAIN = "from schemathesis.cli import schemathesis; schemathesis()"
TEAM = "contract"
SCOPES = ("speech", "history", "usage", "webhooks", "admin")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
# Texts that take minutes to speak would find a queue that is full, and 503: short ones are as good here.
LIMITS = (("--max-text", "20"), ("--requests-per-minute", "100000"))
# A key with which all calls are made must not be switched off or replaced by one of them.
ENDING = ("revoke_key", "reroll_key")
SECONDS = 60  # that one answer may take; a text may have to be spoken


def team(manage: Callable[..., str]) -> None:
    """A new one that may say little at once, and all day; `manage` runs the platform's commands."""
    manage("plan", "create", TEAM, *(word for limit in LIMITS for word in limit))
    manage("tenant", "create", TEAM, "--plan", TEAM)


def key_of_all_scopes(manage: Callable[..., str]) -> str:
    """A new one of that team."""
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    key: str = json.loads(manage("key", "create", TEAM, *scopes, "--json"))["key"]
    return key


def schemathesis(
    url: str, key: str, *, examples: int, seed: int, phases: str = "coverage,fuzzing", ending: bool = False
) -> list[str]:
    """The command that checks the platform at `url`: all operations but those that end keys, or these alone."""
    which = "--include-operation-id" if ending else "--exclude-operation-id"
    return [
        *(sys.executable, "-c", MAIN, "run", f"{url}/openapi.json", "--url", url),
        *("--header", f"Authorization: Bearer {key}", "--checks", ",".join(CHECKS), "--phases", phases),
        *(word for name in ENDING for word in (which, name)),
        *("--max-examples", str(examples), "--seed", str(seed), "--request-timeout", str(SECONDS)),
        *("--generation-database", "none", "--warnings", "off", "--continue-on-failure", "--no-color"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Check the API against its OpenAPI document.")
    parser.add_argument("--examples", type=int, default=50, help="calls that are drawn for each operation, at most")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with running(QUEUE_LONGEST="3600") as instance:
        team(instance.manage)
        failed = False
        for ending in (False, True):
            key = key_of_all_scopes(instance.manage)
            command = schemathesis(instance.url, key, examples=asked.examples, seed=asked.seed, ending=ending)
            failed |= subprocess.run(command, check=False, cwd=instance.home).returncode != 0  # noqa: S603
    sys.exit(failed)


if __name__ == "__main__":
    main()
