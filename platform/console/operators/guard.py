"""Who may open the operators' pages."""

from functools import wraps
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from accounts.models import User
from console.team import View


def operators_only(view: View) -> View:
    """For whom Django calls staff; whoever else is signed in gets 403 and a page that says so."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not cast(User, request.user).is_staff:
            return render(request, "console/operators_only.html", status=403)
        return view(request, *args, **kwargs)

    return guarded
