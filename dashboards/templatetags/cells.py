"""The rows of a table, of which a page may have hundreds, of a dozen cells each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from dashboards.columns import Column
from dashboards.templatetags.search import marked
from initiatives.search import Query

register = template.Library()

_HEAD = '<th scope="row"><a class="table__title quiet" href="{}">{}</a>{}</th>'
_BENEATH = '<span class="table__sub">{}</span>'
_SAID = '<span class="table__sub"><q class="table__said">{}</q></span>'


@register.simple_tag
def table_rows(
    rows: Iterable[Any],
    beneath: Iterable[Column],
    beside: Iterable[Column],
    looked_for: Query | None,
) -> SafeString:
    """A row of the table for each: its title, which leads to its page, and what the columns draw.

    A dash where there is nothing. What was looked for is marked.
    """
    labels = [(column, conditional_escape(str(column.label))) for column in beside]
    return mark_safe(
        "".join(
            f"<tr>{_head(row, beneath, looked_for)}{''.join(_cells(labels, row))}</tr>\n"
            for row in rows
        )
    )


def _head(row: Any, beneath: Iterable[Column], looked_for: Query | None) -> SafeString:
    drawn = (column.drawn(row) for column in beneath)
    under = [format_html(_BENEATH, marked(text, looked_for)) for text in drawn if text]
    if said := getattr(row, "said", ""):
        under.append(format_html(_SAID, marked(said, looked_for)))
    title = marked(str(row), looked_for)
    return format_html(_HEAD, row.get_absolute_url(), title, mark_safe("".join(under)))


def _cells(columns: list[tuple[Column, SafeString]], row: Any) -> Iterable[str]:
    for column, label in columns:
        drawn = column.drawn(row)
        classes = "blank" if drawn == "" else column.classes
        attribute = f' class="{classes}"' if classes else ""
        text = "–" if drawn == "" else conditional_escape(drawn)
        yield f'<td{attribute} data-label="{label}">{text}</td>'
