#!/usr/bin/env python
"""Django's command line, with `platform/` as a source root."""

import os
import sys
from pathlib import Path


def main() -> None:
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError
    from redis import RedisError

    try:
        # A command needs one connection, and an error at once rather than after a pool's patience.
        settings.DATABASES["default"].get("OPTIONS", {}).pop("pool", None)
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Settings: {error}")
    except (OperationalError, RedisError) as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(f"{str(error).splitlines()[0]}\nIs Voxhouse running? `make up` starts its database and broker.")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent / "platform"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
