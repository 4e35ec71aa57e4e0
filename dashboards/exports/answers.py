"""JSON for people and machines, and the 400 that names what was not understood."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import IO, Any

import brotli
from django.core.serializers.json import DjangoJSONEncoder
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext

from initiatives.selection import Selection

View = Callable[..., HttpResponse]
# Of more bytes than these the best compression takes too long.
LARGE = 100_000
# Among the encodings that are taken, and not "br;q=0".
BROTLI = re.compile(r"(?:^|,)\s*br\s*(?:,|$|;\s*q=(?!0(?:\.0*)?\s*(?:,|$)))", re.IGNORECASE)


def json_response(data: Any, status: int = 200) -> JsonResponse:
    """JSON that people can read, in UTF-8."""
    return JsonResponse(data, status=status, json_dumps_params={"ensure_ascii": False, "indent": 1})


def compact_json(data: Any) -> bytes:
    """JSON without spaces, in UTF-8: of hundreds of values that nobody reads line by line."""
    return json.dumps(
        data, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":")
    ).encode()


def takes_brotli(request: HttpRequest) -> bool:
    """Whether the answer may be compressed by Brotli, as every browser lets it."""
    return bool(BROTLI.search(request.headers.get("Accept-Encoding", "")))


def packed_well(text: bytes) -> bytes:
    """The text compressed by Brotli, to be kept: a few milliseconds for a fifth less than usual."""
    return brotli.compress(text, quality=5 if len(text) > LARGE else 10)


def refusal(selection: Selection) -> JsonResponse | None:
    """A 400 that names every parameter in error; None if there is none."""
    return refused(selection.errors)


def refused(errors: dict[str, list[str]]) -> JsonResponse | None:
    """A 400 with what is wrong, by parameter; None if nothing is."""
    return json_response({"errors": errors}, status=400) if errors else None


def unknown_parameters(request: HttpRequest, *known: str) -> dict[str, list[str]]:
    """What is wrong with the names of the parameters of an address that has no filters."""
    return {
        name: [gettext("There is no parameter of this name.")]
        for name in request.GET.keys() - set(known)
    }


def knows(*names: str) -> Callable[[View], View]:
    """A view of a machine format without filters: a 400 names the parameters that are not these."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            wrong = unknown_parameters(request, *names)
            return refused(wrong) or view(request, *args, **kwargs)

        return guarded

    return guard


def named(response: Any, file_name: str) -> HttpResponse:
    """The answer as a file of that name."""
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


def file_response(file: IO[bytes], media_type: str, file_name: str) -> HttpResponse:
    """A finished file, sent piece by piece and closed at the end."""
    size = file.seek(0, 2)
    file.seek(0)
    response = FileResponse(file, content_type=media_type)
    response["Content-Length"] = size
    return named(response, file_name)
