"""The web process: `uvicorn config.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_django = get_asgi_application()  # sets Django up, which what follows needs

from django.conf import settings  # noqa: E402

from api.body_limit import BodyLimit  # noqa: E402

application = BodyLimit(_django, most=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
