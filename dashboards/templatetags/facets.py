"""The choices of a filter, of which a page may have hundreds."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext, ngettext

from initiatives.facets import Choice, Facet

register = template.Library()

_ROW = (
    '<div class="facet__choice{}"><label><input type="checkbox" id="facet-{}-{}" name="{}" value="{}"{}>'
    '<span class="facet__name">{}</span></label>'
    '<a class="facet__count" href="?{}" aria-label="{}">{}</a></div>'
)
_LEFT_OUT = (
    '<div class="facet__choice"><label><input type="checkbox" id="facet-{}-{}" name="{}" value="{}"{}>'
    '<span class="facet__name">{}</span></label></div>'
)


@register.simple_tag
def facet_choices(facet: Facet, choices: Iterable[Choice]) -> SafeString:
    """A box to tick for each choice, and its count, which leads to exactly those records."""
    return format_html_join(
        "",
        _ROW,
        (
            (
                "" if choice.count else " facet__choice--none",
                facet.name,
                slugify(choice.value),
                facet.name,
                choice.value,
                SafeString(" checked") if choice.selected else "",
                choice.label,
                choice.alone,
                _only(choice),
                choice.count,
            )
            for choice in choices
        ),
    )


@register.simple_tag
def facet_left_out(facet: Facet) -> SafeString:
    """A box to tick for each choice that can be left out."""
    return format_html_join(
        "",
        _LEFT_OUT,
        (
            (
                facet.without,
                slugify(choice.value),
                facet.without,
                choice.value,
                SafeString(" checked") if choice.selected else "",
                choice.label,
            )
            for choice in facet.to_leave_out
        ),
    )


def _only(choice: Choice) -> str:
    counted = ngettext("%(n)s record", "%(n)s records", choice.count) % {"n": choice.count}
    return gettext("%(choice)s alone: %(records)s") % {"choice": choice.label, "records": counted}
