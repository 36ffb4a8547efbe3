"""The price book: vendors' list prices and exchange rates. Both are added to, never changed."""

import tempfile
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.errors import BillingError
from billing.price_book.rules import TEN_THOUSAND_HANZI, billed_units, list_cost
from billing.price_book.schema import book_of
from billing.price_book.selectors import latest_rates, price_books
from billing.price_book.services import exchange_rate_add, price_book_load
from billing.savings.replay import offers
from console.operators.forms import PriceBookForm, RateForm
from console.operators.guard import operators_only
from console.team import actor_of


@operators_only
@require_http_methods(["GET", "HEAD", "POST"])
def prices(request: HttpRequest) -> HttpResponse:
    """The newest book, those before it, the rates; a POST says in `do` whether a book or a rate is added."""
    do = request.POST.get("do")
    book = PriceBookForm(request.POST, request.FILES) if do == "book" else PriceBookForm()
    rate = RateForm(request.POST) if do == "rate" else RateForm()
    if book.is_bound and book.is_valid() and _loaded(request, book):
        return redirect("operators_prices")
    if rate.is_bound and rate.is_valid() and _added(request, rate):
        return redirect("operators_prices")
    page = {"book_form": book, "rate_form": rate, "rates": latest_rates(), **_newest()}
    return render(request, "console/operators_prices.html", page, status=400 if book.errors or rate.errors else 200)


def _newest() -> dict[str, Any]:
    versions = list(price_books())
    if not versions:
        return {"versions": []}
    newest = book_of(versions[-1].content)
    listed = [
        {"offer": offer, "cost": list_cost(offer.price, billed_units(offer.price, TEN_THOUSAND_HANZI), offer.pack)}
        for offer in offers(newest.prices)
    ]
    return {"versions": versions[::-1], "book": newest, "listed": listed}


def _loaded(request: HttpRequest, form: PriceBookForm) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "price_book.yaml"
        path.write_bytes(form.cleaned_data["file"].read())
        try:
            stored, new = price_book_load(path, actor=actor_of(request))
        except BillingError as refusal:
            form.add_error("file", str(refusal))
            return False
    told = _("Version {version} is in force from {day}.") if new else _("Version {version} was there already.")
    messages.success(request, told.format(version=stored.version, day=stored.in_force_from))
    return True


def _added(request: HttpRequest, form: RateForm) -> bool:
    data = form.cleaned_data
    try:
        rate = exchange_rate_add(currency=data["currency"], yuan=data["yuan"], day=data["day"], actor=actor_of(request))
    except BillingError as refusal:
        form.refuse(refusal)
        return False
    messages.success(request, _("The rate is added: {rate}").format(rate=rate))
    return True
