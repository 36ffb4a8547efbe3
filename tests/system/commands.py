"""The commands of `manage.py`, one after the other in one process: each in its own would import Django anew.

Reads lines of JSON, each the arguments of a command, and writes for each a line of its exit status, output and errors.
"""

import contextlib
import io
import json
import os
import sys
from pathlib import Path

import manage


def run(arguments: list[str]) -> tuple[object, str, str]:
    """As `manage.py` with these arguments."""
    output, errors = io.StringIO(), io.StringIO()
    sys.argv = ["manage.py", *arguments]
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            manage.main()
        except SystemExit as end:
            return end.code, output.getvalue(), errors.getvalue()
    return 0, output.getvalue(), errors.getvalue()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(manage.__file__).parent / "platform"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
        sys.stdout.flush()
