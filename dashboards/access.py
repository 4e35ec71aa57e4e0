"""Who may do what: two permissions of the desk, given to people through groups.

Anyone reads what is published. An *editor* enters records, edits drafts and reviews; a *chief
editor* also publishes, withdraws, merges, reverts and undoes; an administrator may do everything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

EDIT = "desk.edit"
PUBLISH = "desk.publish"

View = Callable[..., HttpResponse]


def needs(permission: str) -> Callable[[View], View]:
    """A view for those who have the permission: others get 403, strangers the way to log in."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.has_perm(permission):
                return view(request, *args, **kwargs)
            if request.user.is_authenticated:
                raise PermissionDenied
            return redirect_to_login(request.get_full_path())

        return guarded

    return guard


# What a form carries that is no part of what it asks for.
NOT_ASKED = ("csrfmiddlewaretoken", "username", "password")


def form_token(request: HttpRequest) -> str:
    """What tells one sending of a form from another: the same only if one person sends the same
    content to the same address under the same token again. Empty if the form has no token.
    """
    if not request.POST.get("token"):
        return ""
    asked = sorted((n, values) for n, values in request.POST.lists() if n not in NOT_ASKED)
    said = json.dumps([request.POST["token"], request.user.pk, request.path, asked])
    return hashlib.sha256(said.encode()).hexdigest()
