"""The rows of a table, of which a page may have hundreds, of a dozen cells each; and its columns."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from dashboards.columns import Column
from dashboards.templatetags.search import marked
from initiatives.search import Query

register = template.Library()


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
    labels = [(column, _safe(column.label)) for column in beside]
    return mark_safe(
        "".join(
            f"<tr>{_head(row, beneath, looked_for)}{''.join(_cells(labels, row))}</tr>\n"
            for row in rows
        )
    )


@register.simple_tag
def column_choices(choices: Iterable[tuple[Column, bool]]) -> SafeString:
    """A box to tick for each column that a table could have; that of the title stays ticked."""
    language = get_language()
    return mark_safe("".join(_box(column, shown, language) for column, shown in choices))


@lru_cache(maxsize=1_000)
def _box(column: Column, shown: bool, language: str | None) -> str:
    ticked = f"{' checked' if shown else ''}{' disabled' if column.name == 'title' else ''}"
    name = _safe(column.name)
    box = f'<input type="checkbox" id="column-{name}" name="columns" value="{name}"{ticked}>'
    return f"<label>{box} {_safe(column.label)}</label>"


def _head(row: Any, beneath: Iterable[Column], looked_for: Query | None) -> str:
    drawn = (column.drawn(row) for column in beneath)
    under = [_safe(marked(text, looked_for)) for text in drawn if text]
    if said := getattr(row, "said", ""):
        under.append(f'<q class="table__said">{_safe(marked(said, looked_for))}</q>')
    link = f'<a class="table__title quiet" href="{_safe(row.get_absolute_url())}">'
    below = "".join(f'<span class="table__sub">{text}</span>' for text in under)
    return f'<th scope="row">{link}{_safe(marked(str(row), looked_for))}</a>{below}</th>'


def _cells(columns: list[tuple[Column, str]], row: Any) -> Iterable[str]:
    for column, label in columns:
        drawn = column.drawn(row)
        classes = "blank" if drawn == "" else column.classes
        attribute = f' class="{classes}"' if classes else ""
        text = "–" if drawn == "" else _safe(drawn)
        yield f'<td{attribute} data-label="{label}">{text}</td>'


def _safe(text: Any) -> str:
    """As `conditional_escape`, without its look for lazy text, which takes longer than escaping."""
    return text if isinstance(text, SafeString) else escape(str(text))
