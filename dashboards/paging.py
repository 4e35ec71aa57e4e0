"""Which page of some rows is asked for."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest
from django.utils.translation import gettext

from initiatives.selection import Selection


def whole(
    request: HttpRequest,
    selection: Selection,
    name: str,
    usual: int,
    allowed: Container[int] | None,
) -> int:
    """A number of the page itself; what is none is noted among the errors, and the usual taken."""
    if len(set(request.GET.getlist(name))) > 1:
        selection.errors[name] = [gettext("Give one value only.")]
        return usual
    text = request.GET.get(name) or str(usual)
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    if number and (allowed is None or number in allowed):
        return number
    selection.errors[name] = [
        gettext("Enter a page number, 1 or more.")
        if allowed is None
        else gettext("Choose one of the numbers that are offered.")
    ]
    return usual


def page_of(rows: Any, size: int, number: int) -> Page:
    """The page of that number; 404 if there are fewer."""
    paginator: Paginator = Paginator(rows, size)
    if number > paginator.num_pages:
        raise Http404("no such page")
    return paginator.page(number)
