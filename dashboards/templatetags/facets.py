"""The choices of a filter, of which a page may have hundreds."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape  # Django's own looks for lazy text first, which takes longer than escaping
from urllib.parse import quote

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from django.utils.translation import get_language, gettext, ngettext

from initiatives.facets import Choice, Facet

register = template.Library()


@register.simple_tag
def facet_choices(facet: Facet, choices: Iterable[Choice], kept: str = "") -> SafeString:
    """A box to tick for each choice, and its count, which leads to exactly those records.

    `kept` is a query string that stays beside the filters.
    """
    others = escape("".join(f"{part}&" for part in (facet.others, kept) if part))
    name, chosen, language = facet.name, facet.chosen, get_language()
    rows: list[str] = []
    for choice in choices:
        draw = _known_choice if choice.count else _choice
        before, behind = draw(name, choice, choice.value in chosen, language)
        rows += (before, others, behind)
    return mark_safe("".join(rows))


@register.simple_tag
def facet_left_out(facet: Facet) -> SafeString:
    """A box to tick for each choice that can be left out."""
    gone = {choice.value for choice in facet.left_out}
    boxes = (
        (_known_box if c.count else _box)(facet.without, c.value, c.label, c.value in gone)
        for c in facet.to_leave_out
    )
    return mark_safe("".join(f'<div class="facet__choice">{box}</div>' for box in boxes))


def _choice(name: str, choice: Choice, chosen: bool, language: str | None) -> tuple[str, str]:
    """What is drawn of a choice, before and behind the query string of the other filters."""
    none = "" if choice.count else " facet__choice--none"
    records = ngettext("%(n)s record", "%(n)s records", choice.count) % {"n": choice.count}
    said = gettext("%(choice)s alone: %(records)s") % {"choice": choice.label, "records": records}
    return (
        f'<div class="facet__choice{none}">{_box(name, choice.value, choice.label, chosen)}'
        '<a class="facet__count" href="?',
        f'{escape(f"{name}={quote(choice.value)}")}" aria-label="{escape(said)}">{choice.count}</a></div>',
    )


def _box(name: str, value: str, label: str, checked: bool) -> str:
    ticked = " checked" if checked else ""
    return (
        f'<label><input type="checkbox" id="facet-{escape(name)}-{slugify(value)}" name="{escape(name)}" '
        f'value="{escape(value)}"{ticked}><span class="facet__name">{escape(label)}</span></label>'
    )


# Kept is what is drawn of values that records have; without any it is what a stranger has sent.
_known_choice = lru_cache(maxsize=20_000)(_choice)
_known_box = lru_cache(maxsize=20_000)(_box)
