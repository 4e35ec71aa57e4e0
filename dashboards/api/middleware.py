"""What is the same for every address of the API, even for one that there is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

PREFIX = "/api/"
METHODS = "GET, HEAD, OPTIONS"


def for_programs(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Scripts of any site may read the API, without cookies; what goes wrong before a view is
    reached is told in JSON too.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return get_response(request)
        # A browser asks so before it sends If-None-Match, say, from another site.
        asks_first = request.method == "OPTIONS"
        response = HttpResponse(status=204) if asks_first else get_response(request)
        if response.status_code >= 400 and "json" not in response["Content-Type"]:
            _as_json(response)
        response["Access-Control-Allow-Origin"] = "*"
        if asks_first:
            response["Allow"] = response["Access-Control-Allow-Methods"] = METHODS
            response["Access-Control-Allow-Headers"] = "*"
            response["Access-Control-Max-Age"] = "86400"
        else:
            response["Access-Control-Expose-Headers"] = "ETag, Retry-After"
        return response

    return answer


def _as_json(response: HttpResponse) -> None:
    phrase = HTTPStatus(response.status_code).phrase
    name = "address" if response.status_code == HTTPStatus.NOT_FOUND else "request"
    response.content = json.dumps({"errors": {name: [phrase]}}).encode()
    response["Content-Type"] = "application/json"
    response["Content-Length"] = str(len(response.content))
