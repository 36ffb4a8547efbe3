"""Files as answers: made while they are sent, or stored, with byte ranges so that players can seek (RFC 9110, 14)."""

import re
from collections.abc import Generator
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from tts_engine.listen import file_pieces
from tts_engine.shelves.shelf import StoredFile, size_of
from tts_engine.streaming import streamed

# One range only: a list of ranges may be answered with the whole, and no audio player sends one.
_ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def file_response(file: StoredFile, request: Request, *, media_type: str, name: str, etag: str) -> HttpResponseBase:
    """The file, or the stretch of it that `Range` asks for; `etag` must change with the file's bytes."""
    described = {"Content-Type": media_type, **attachment(name)}
    if settings.AUDIO_ACCEL and isinstance(file, Path):  # nginx sends it, with ranges and an ETag of its own
        internal = settings.AUDIO_ACCEL + file.relative_to(settings.AUDIO_ROOT).as_posix()
        return HttpResponse(headers=described | {"X-Accel-Redirect": internal})
    headers = {**described, "Accept-Ranges": "bytes", "ETag": f'"{etag}"'}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return HttpResponse(status=304, headers=headers)
    size = size_of(file)
    wanted = request.headers.get("Range", "")
    if request.headers.get("If-Range", headers["ETag"]) != headers["ETag"]:
        wanted = ""  # the caller holds the beginning of other bytes: it needs the whole
    stretch = byte_range(wanted, size)
    if stretch is None:
        return StreamingHttpResponse(file_pieces(file), headers=headers | {"Content-Length": str(size)})
    start, end = stretch
    if start >= end:
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    headers |= {"Content-Range": f"bytes {start}-{end - 1}/{size}", "Content-Length": str(end - start)}
    return StreamingHttpResponse(file_pieces(file, start=start, length=end - start), status=206, headers=headers)


def streamed_response(pieces: Generator[bytes, None, None], *, media_type: str, name: str) -> StreamingHttpResponse:
    """What is made while it is sent, so that nobody knows its length yet."""
    return StreamingHttpResponse(streamed(pieces), headers={"Content-Type": media_type, **attachment(name)})


def attachment(name: str) -> dict[str, str]:
    """The headers of a file to be kept under that name, for old browsers and for others (RFC 6266)."""
    plain = name if name.isascii() else f"voxhouse.{name.rpartition('.')[2]}"
    told = "" if name.isascii() else f"; filename*=UTF-8''{quote(name)}"
    return {"Content-Disposition": f'attachment; filename="{plain}"{told}', "Cache-Control": "private"}


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """[start, end) of the wanted bytes, empty when it lies outside the file; None for the whole file."""
    match = _ONE_RANGE.fullmatch(header.strip())
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if first == "":
        return max(size - int(last), 0), size
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size
