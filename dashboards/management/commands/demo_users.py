"""`manage.py demo_users`: the three groups, and one login for each to try Accord with."""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from dashboards.management.commands.make_roles import GROUPS, make_group

USERS = {
    "demo-editor": "editor",
    "demo-chief": "chief editor",
    "demo-admin": "administrator",
}
HERE = ("localhost", "127.0.0.1", "::1")


class Command(BaseCommand):
    """Make the groups and the demo logins; the passwords are random and kept in var/."""

    help = "Make the groups and, on a local site, one demo login for each; print the logins."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `--force`, for a demonstration on another address."""
        parser.add_argument(
            "--force", action="store_true", help="also when SITE_URL is not this machine"
        )

    def handle(self, *args: Any, force: bool = False, **options: Any) -> None:
        """Make what is missing and print the logins."""
        with transaction.atomic():
            groups = {name: make_group(name, rights) for name, rights in GROUPS.items()}
            if urlsplit(settings.SITE_URL).hostname not in HERE and not force:
                self.stdout.write("No demo logins: SITE_URL is not this machine.")
                return
            path = Path(settings.VAR_DIR) / "demo-logins.txt"
            passwords, mark = read(path)
            users = {user.username: user for user in User.objects.filter(username__in=USERS)}
            # Checking a password is slow on purpose, so the file remembers what it was checked with.
            if set(passwords) != set(USERS) or mark != digest(users):
                passwords = {name: passwords.get(name) or new_password() for name in USERS}
                users = {
                    name: make_user(name, passwords[name], groups[group])
                    for name, group in USERS.items()
                }
                write(path, passwords, digest(users))
        self.stdout.write(f"Demo logins (kept in {path}):")
        for name, group in USERS.items():
            self.stdout.write(f"  {group:<14} {name:<12} {passwords[name]}")


def make_user(name: str, password: str, group: Group) -> User:
    """The demo user with this password, in this group alone."""
    user, _ = User.objects.get_or_create(username=name)
    user.is_active = user.is_staff = True
    user.is_superuser = group.name == "administrator"
    user.set_password(password)
    user.save()
    user.groups.set([group])
    return user


def new_password() -> str:
    """A password nobody can guess, without letters that look alike."""
    return "-".join(
        "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(4))
        for _ in range(4)
    )


def digest(users: dict[str, User]) -> str:
    """Changes when a user or its stored password does."""
    facts = sorted((user.username, user.password, user.is_active) for user in users.values())
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def read(path: Path) -> tuple[dict[str, str], str]:
    """The passwords in the file, and the mark that says what they were made for."""
    passwords, mark = {}, ""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        lines = []
    for line in lines:
        words = line.split()
        if line.startswith("# mark "):
            mark = words[-1]
        elif len(words) == 2 and words[0] in USERS:
            passwords[words[0]] = words[1]
    return passwords, mark


def write(path: Path, passwords: dict[str, str], mark: str) -> None:
    """Keep the passwords where only this user of the machine can read them."""
    lines = ["# Demo logins of this checkout; delete the file to get new passwords."]
    lines += [f"{name} {password}" for name, password in passwords.items()]
    lines += [f"# mark {mark}", ""]
    path.unlink(missing_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CommandError(f"The demo logins cannot be kept in {path}: {error}") from error
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines))
