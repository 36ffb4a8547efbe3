"""What pages may do in a browser, beside the content security policy."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

# The studio plays audio and copies texts; nothing here sees, hears, locates or charges anybody.
_UNUSED = ("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone")
_UNUSED_TOO = ("midi", "payment", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking")
POLICIES = {
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in (*_UNUSED, *_UNUSED_TOO)),
    "Cross-Origin-Resource-Policy": "same-origin",  # no other site takes in what is served to whoever is signed in
}


@sync_and_async_middleware
def browser_policies(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware: the policies on every answer to a browser. Of both kinds, so that it changes no thread."""

    def with_policies(response: HttpResponse) -> HttpResponse:
        for name, value in POLICIES.items():
            response.headers.setdefault(name, value)
        return response

    if iscoroutinefunction(get_response):

        async def waiting(request: HttpRequest) -> HttpResponse:
            return with_policies(await get_response(request))

        return waiting
    return lambda request: with_policies(get_response(request))
