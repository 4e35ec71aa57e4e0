"""`manage.py make_roles`: the three groups that people are given a role by."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand
from django.db import transaction

# Our apps, in which a role holds exactly what is declared here.
APPS = ("partners", "initiatives", "funding", "news", "desk")
WRITES = ("add", "change", "delete")
# What chief editors keep in the admin. Records and what is said of them change through the desk.
KEPT = {
    "partners": ("source", "bloc", "membership", "organisation", "organisationname"),
    "initiatives": ("publisher", "label", "sector", "summitseries"),
}

SEES = {f"{app}.view_*" for app in ("partners", "initiatives", "funding", "news")}
EDITS = SEES | {"desk.edit", "news.add_importrun"}
# The permissions of each group; `*` stands for every model. Administrators may do everything.
GROUPS: dict[str, set[str]] = {
    "editor": EDITS,
    "chief editor": EDITS
    | {"desk.publish"}
    | {f"{app}.{verb}_{model}" for app, kept in KEPT.items() for verb in WRITES for model in kept},
    "administrator": set(),
}


class Command(BaseCommand):
    """Make the groups, or bring them up to date; can be run any number of times."""

    help = "Make the groups editor, chief editor and administrator with their permissions."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them and say so."""
        with transaction.atomic():
            for name, rights in GROUPS.items():
                group = make_group(name, rights)
                self.stdout.write(f"{group.name}: {group.permissions.count()} permissions")


def make_group(name: str, rights: set[str]) -> Group:
    """The group with exactly these rights in our apps; what it may do in other apps stays."""
    group, _ = Group.objects.get_or_create(name=name)
    ours = Permission.objects.filter(content_type__app_label__in=APPS)
    wanted = {
        permission
        for permission in ours.select_related("content_type")
        if {f"{permission.content_type.app_label}.{permission.codename}", _any_model(permission)}
        & rights
    }
    held = set(ours.filter(group=group))
    group.permissions.remove(*held - wanted)
    group.permissions.add(*wanted - held)
    return group


def _any_model(permission: Permission) -> str:
    return f"{permission.content_type.app_label}.{permission.codename.partition('_')[0]}_*"
