"""The account of whoever is logged in, and what keeps others out of it."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.views import PasswordChangeView
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PasswordChange(SuccessMessageMixin, PasswordChangeView):
    """Somebody's own password; sessions that were begun with the old one end."""

    template_name = "registration/password.html"
    success_url = reverse_lazy("overview")
    success_message = _("Your password has been changed.")


def client_address(request: HttpRequest) -> str | None:
    """The address that wrong passwords are counted for; None where the server knows none.

    Behind a trusted proxy it is the one that the proxy added, the last: those before it are what
    the client said itself. Of an IPv6 address only the network counts, since one machine has the
    whole of it to choose from.
    """
    said = [request.META.get("REMOTE_ADDR", "")]
    if settings.TRUST_PROXY:
        said.append(request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2])
    for text in reversed(said):
        try:
            address = ip_address(text.strip())
        except ValueError:
            continue
        if isinstance(address, IPv6Address):
            if address.ipv4_mapped:
                return str(address.ipv4_mapped)
            return str(ip_network((int(address), 64), strict=False).network_address)
        return str(address)
    return None


def locked_out(
    request: HttpRequest, response: HttpResponse, credentials: dict[str, Any]
) -> HttpResponse:
    """429, and when to try again: shown in the place of any login form, the admin's included.

    A page that asked for the password because a session had ended (401) stays: it holds what was
    typed.
    """
    tried = AccessAttempt.objects.filter(
        username=credentials["username"], ip_address=client_address(request)
    )
    last = tried.order_by("-attempt_time").values_list("attempt_time", flat=True).first()
    until = (last or timezone.now()) + settings.AXES_COOLOFF_TIME
    left = max(int((until - timezone.now()).total_seconds()), 0) + 1
    if response.status_code == 401:
        response.status_code = 429
    else:
        context = {"until": until, "minutes": -(-left // 60)}
        response = render(request, "registration/locked.html", context, status=429)
    response["Retry-After"] = str(left)
    return response
