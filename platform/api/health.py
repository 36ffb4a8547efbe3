"""`/healthz`: the process is alive. `/readyz`: it can do its work."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis.exceptions import RedisError

from tts_engine import presence


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database, broker and a worker with its voice are there, else 503; the body says which is not."""
    broker, workers = _broker_and_workers()
    checks = {"database": _database(), "broker": broker, "worker": bool(workers)}
    ready = all(checks.values())
    return JsonResponse({"ready": ready, "checks": checks, "workers": workers}, status=200 if ready else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _broker_and_workers() -> tuple[bool, list[str]]:
    try:
        return True, presence.workers()
    except RedisError:
        return False, []
