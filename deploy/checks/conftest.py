"""Settings of a home of the session's own; its PostgreSQL and Valkey start where a check needs them."""

import os
import tempfile
from pathlib import Path

import django

pytest_plugins = ["tests.system.fixtures"]  # an instance of `make up`, as the tests have it

HOME = Path(tempfile.mkdtemp(prefix="voxhouse-deploy-"))
for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PORT"):
    os.environ.pop(name, None)
os.environ.update(VOXHOUSE_HOME=str(HOME), DJANGO_SETTINGS_MODULE="config.settings", OMP_NUM_THREADS="1")
django.setup()
