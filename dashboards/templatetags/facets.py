"""The choices of a filter, of which a page may have hundreds."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape  # Django's own looks for lazy text first, which takes longer than escaping

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from django.utils.translation import get_language, gettext, ngettext

from initiatives.facets import Choice, Facet

register = template.Library()

_BOX = (
    '<label><input type="checkbox" id="facet-{}-{}" name="{}" value="{}"{}>'
    '<span class="facet__name">{}</span></label>'
)
_COUNT = '<a class="facet__count" href="?{}" aria-label="{}">{}</a>'


@register.simple_tag
def facet_choices(facet: Facet, choices: Iterable[Choice]) -> SafeString:
    """A box to tick for each choice, and its count, which leads to exactly those records."""
    alone = escape(gettext("%(choice)s alone: %(records)s"))
    language = get_language()
    rows = []
    for choice in choices:
        none = "" if choice.count else " facet__choice--none"
        said = alone % {"choice": escape(choice.label), "records": _records(choice.count, language)}
        count = _COUNT.format(escape(choice.alone), said, choice.count)
        rows.append(f'<div class="facet__choice{none}">{_box(facet.name, choice)}{count}</div>')
    return mark_safe("".join(rows))


@register.simple_tag
def facet_left_out(facet: Facet) -> SafeString:
    """A box to tick for each choice that can be left out."""
    boxes = (_box(facet.without, choice) for choice in facet.to_leave_out)
    return mark_safe("".join(f'<div class="facet__choice">{box}</div>' for box in boxes))


def _box(name: str, choice: Choice) -> SafeString:
    return _drawn(name, choice.value, choice.label, choice.selected)


@lru_cache(maxsize=20_000)
def _drawn(name: str, value: str, label: str, checked: bool) -> SafeString:
    ticked = SafeString(" checked") if checked else ""
    return format_html(_BOX, name, slugify(value), name, value, ticked, label)


@lru_cache(maxsize=20_000)
def _records(count: int, language: str | None) -> str:
    return escape(ngettext("%(n)s record", "%(n)s records", count) % {"n": count})
