"""The main navigation, which every page has twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.template.context import Context
from django.utils.translation import gettext_lazy as _

from partners.history.moment import path_to

register = template.Library()

EVERYBODY = [
    ("initiative_list", _("Initiatives")),
    ("alliance_list", _("Alliances")),
    ("summit_list", _("Summits")),
    ("country_list", _("Countries")),
    ("bloc_list", _("Blocs")),
    ("organisation_list", _("Organisations")),
    ("funding", _("Funding")),
    ("import_list", _("Imports")),
]
EDITORS = [("review", _("Review")), ("enter", _("Enter"))]


@dataclass(frozen=True, slots=True)
class Link:
    """A part of the site; `here` as `aria-current` says it: "page", "true" within it, else ""."""

    url: str
    text: str
    here: str


@register.simple_tag(takes_context=True)
def navigation(context: Context) -> list[Link]:
    """The parts of the site for whoever reads it; without a request, nobody is anywhere."""
    perms: Any = context.get("perms")
    path = getattr(context.get("request"), "path", "")
    parts = EVERYBODY + EDITORS if perms and "desk.edit" in perms else EVERYBODY
    found = []
    for route, text in parts:
        url = path_to(route)
        here = "page" if url == path else "true" if url in path else ""
        found.append(Link(url, str(text), here))
    return found
