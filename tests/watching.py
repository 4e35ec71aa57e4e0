"""Saved views as their owners use them, and a mail server that keeps what it is given."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

from aiosmtpd.controller import Controller
from django.contrib.auth.models import User
from django.test import Client

from dashboards.watching.models import SavedView
from tests.reading import body, page, plain


def reader(name: str = "test-reader", email: str = "") -> Client:
    """A browser of somebody with an account and no role, logged in."""
    user, _new = User.objects.get_or_create(username=name)
    User.objects.filter(pk=user.pk).update(email=email)
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    return client


def save(client: Client, address: str, name: str = "A view", **more: str) -> Any:
    """The answer to the form that keeps a view."""
    return client.post("/views/new/", {"address": address, "name": name, **more})


def saved(client: Client, address: str, name: str = "A view", **more: str) -> SavedView:
    """A view that was kept through the form."""
    response = save(client, address, name, **more)
    assert response.status_code == 302, plain(body(response))[:1500]
    return SavedView.objects.latest("pk")


def edit(client: Client, view: SavedView, **fields: str) -> Any:
    """The answer to the form that alters a view; boxes that are not named are empty."""
    return client.post(f"/views/{view.key}/edit/", {"name": view.name, **fields})


def asked_for(address: str) -> str:
    """The page that asks for a name for what stands at an address."""
    return f"/views/new/?address={quote(address)}"


def told(client: Client, view: SavedView, asked: str = "") -> list[tuple[str, str]]:
    """The changes on the page of a view, the latest first: title, and all that it says of it."""
    text = page(client, f"/views/{view.key}/changes/{asked}")
    parts = text.split('<li class="history__change section">')[1:]
    found = []
    for part in parts:
        title = re.search(r'<h2 class="history__head">(.*?)</h2>', part, re.S)
        assert title
        found.append((plain(title[1]), plain(part.split("</ol>")[0])))
    return found


def titles(client: Client, view: SavedView, asked: str = "") -> list[str]:
    """The titles of those changes."""
    return [title for title, _ in told(client, view, asked)]


class Sink:
    """A mail server: what it took, and for whom it takes nothing."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refused: set[str] = set()

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, _: Any
    ) -> str:  # noqa: N802 - aiosmtpd's name
        if address in self.refused:
            return "451 not now"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        read: Any = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append(read)
        return "250 taken"


@contextmanager
def mail_server() -> Iterator[tuple[Sink, str]]:
    """A mail server of this machine, and its address as EMAIL_URL."""
    sink = Sink()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield sink, f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()
