"""What goes wrong, as JSON that names the parameter, or what else of the request is wrong."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import Http404
from django.utils.translation import gettext, ngettext
from rest_framework.exceptions import APIException, MethodNotAllowed, NotAcceptable, Throttled
from rest_framework.response import Response
from rest_framework.views import exception_handler

Errors = dict[str, list[str]]


class Refused(APIException):
    """A 400: what is wrong, by parameter."""

    status_code = 400

    def __init__(self, errors: Errors) -> None:
        super().__init__("refused")
        self.errors = errors


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to what a view raised; None of what nobody expected, which is a 500."""
    if isinstance(error, SuspiciousOperation):  # more parameters than Django reads
        error = Refused({"parameters": [gettext("This cannot be read: there are too many.")]})
    response = exception_handler(error, context)
    if response is not None:
        response.data = {"errors": _told(error, context)}
    return response


def _told(error: Exception, context: dict[str, Any]) -> Errors:
    match error:
        case Refused():
            return error.errors
        case Http404():
            # The part of the address that leads nowhere.
            name = next((n for n in context["kwargs"] if isinstance(n, str)), "address")
            return {name: [gettext("There is nothing of this name.")]}
        case MethodNotAllowed():
            return {"method": [gettext("This address is read with GET.")]}
        case NotAcceptable():
            return {"Accept": [gettext("There is no answer of this media type.")]}
        case Throttled(wait=seconds):
            again = ngettext("Ask again in %(n)s second.", "Ask again in %(n)s seconds.", seconds)
            return {"rate": [again % {"n": seconds}]}
    return {"request": [str(error)]}
