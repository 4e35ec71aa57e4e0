"""Marks the words that somebody looked for."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from initiatives.search import Query

register = template.Library()


@register.filter
def marked(text: Any, query: Query | None) -> SafeString | str:
    """The text, with the words marked by which it is found."""
    text = str(text)
    if query is None:
        return text
    pieces = query.pieces(text)
    return format_html_join(
        "", "{}", ((format_html("<mark>{}</mark>", t) if found else t,) for t, found in pieces)
    )
