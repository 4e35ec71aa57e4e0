"""People with a role, and a client through which each uses the site."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from dashboards.management.commands.make_roles import GROUPS, make_group

PASSWORD = "a-long-test-password"
ROLES = ("editor", "chief editor", "administrator")


def person(role: str, name: str = "") -> User:
    """Somebody with the role, made when first asked for; without a name, one for each role."""
    name = name or f"test-{role.replace(' ', '-')}"
    user, new = User.objects.get_or_create(username=name)
    if new:
        user.set_password(PASSWORD)
        user.is_staff = True
        user.is_superuser = role == "administrator"
        user.save()
        user.groups.set([make_group(role, GROUPS[role])])
    return user


def client_of(role: str = "", name: str = "", **options: Any) -> Client:
    """A browser of somebody with the role, logged in; without a role, of a stranger."""
    client = Client(**options)
    if role:
        client.force_login(person(role, name))
    return client
