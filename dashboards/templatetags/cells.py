"""The cells of a table, of which a page may have thousands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboards.columns import Column

register = template.Library()


@register.simple_tag
def cells(columns: Iterable[Column], row: Any) -> SafeString:
    """What the columns draw of the row: a cell each, a dash where there is nothing."""
    return format_html_join("", '<td{} data-label="{}">{}</td>', _cells(columns, row))


def _cells(columns: Iterable[Column], row: Any) -> Iterator[tuple[Any, Any, Any]]:
    for column in columns:
        drawn = column.drawn(row)
        classes = "blank" if drawn == "" else column.classes
        attribute = format_html(' class="{}"', classes) if classes else ""
        yield attribute, column.label, "–" if drawn == "" else drawn


@register.simple_tag
def drawn(column: Column, row: Any) -> Any:
    """What a column draws of the row."""
    return column.drawn(row)
