"""A sheet that was typed into while somebody else changed the record."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import QueryDict

from dashboards.forms.entering import Section, SheetForm, Shown
from initiatives.news.publishing import SECTIONS


def brought_up_to_date(form: SheetForm, record: Any, version: int) -> QueryDict:
    """The fields of a form, where those that nobody touched say what the record says by now.

    What was typed stays. A row whose statement was corrected shows the correction; one that
    somebody took away stays only if something was typed into it, as a new row.
    """
    data = form.data
    assert data is not None
    data = data.copy()
    now = Shown.of(record)
    data["version"], data["token"] = str(version), str(uuid.uuid4())
    for name, value in now.about.items():
        if name in form.about.fields and name not in form.about.changed_data:
            data.setlist(
                name, [str(v) for v in value] if isinstance(value, list) else [_said(value)]
            )
    for section in form.sections:
        _rows_up_to_date(data, section, now.rows.get(section.name, {}), record)
    return data


def _rows_up_to_date(
    data: QueryDict, section: Section, now: dict[str, dict[str, Any]], record: Any
) -> None:
    corrected = _corrections(record, section.name)
    there = set()
    for row in section.rows:
        statement = row["statement"].value() or ""
        while statement and statement not in now and statement in corrected:
            statement = corrected[statement]
        touched = set(row.changed_data) - {"statement"}
        if row.stored is None and not statement:
            continue
        if statement not in now:
            data[row.add_prefix("statement")] = ""
            if not touched:
                for name in [n for n in data if n.startswith(f"{row.prefix}-")]:
                    del data[name]
            continue
        there.add(statement)
        _put_row(data, row.prefix or "", now[statement], touched)
    number = max((int(row.number) for row in section.rows), default=-1)
    for statement in now.keys() - there:
        number += 1
        _put_row(data, f"{section.name}-{number}", now[statement], set())


def _put_row(data: QueryDict, prefix: str, texts: dict[str, Any], touched: set[str]) -> None:
    for name, value in texts.items():
        if name not in touched:
            texts_ = value if isinstance(value, list) else [_said(value)]
            data.setlist(f"{prefix}-{name}", texts_)


def _corrections(record: Any, section: str) -> dict[str, str]:
    """Which statement corrected which, of one section of the record."""
    model: Any = SECTIONS[section]
    pairs = model.objects.about(record).exclude(supersedes=None).values_list("supersedes_id", "pk")
    return {str(old): str(new) for old, new in pairs}


def _said(value: Any) -> str:
    return "" if value is None else str(value)
