"""The main navigation, which every page has twice."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language
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


@register.simple_tag(takes_context=True)
def navigation(context: Context) -> SafeString:
    """The parts of the site for whoever reads it; without a request, nobody is anywhere."""
    perms: Any = context.get("perms")
    path = getattr(context.get("request"), "path", "")
    parts = EVERYBODY + EDITORS if perms and "desk.edit" in perms else EVERYBODY
    return _links(tuple(_here(path_to(route), path) for route, _text in parts), get_language())


def _here(url: str, path: str) -> str:
    """Whether a part is where the page is, as `aria-current` says it: "true" within it."""
    return "page" if url == path else "true" if url in path else ""


@lru_cache(maxsize=1_000)
def _links(here: tuple[str, ...], language: str | None) -> SafeString:
    """The first so many parts, drawn once for each place that a page can have among them."""
    shown = zip(EVERYBODY + EDITORS, here, strict=False)
    parts = [{"url": path_to(route), "text": text, "here": place} for (route, text), place in shown]
    return render_to_string("partials/nav_links.html", {"parts": parts})
