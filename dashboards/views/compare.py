"""Several selections side by side."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboards import comparing
from dashboards.as_of import answers_as_of
from dashboards.comparing import Side
from dashboards.freshness import unless_unchanged
from dashboards.views.funding import totals
from initiatives.funding.rollup import Rung
from partners.models import Bloc


@require_safe
@answers_as_of
@unless_unchanged
def compare(request: HttpRequest) -> HttpResponse:
    """Two to four selections in columns; with fewer, the form that asks for them."""
    sides, errors = comparing.sides_of(request.GET)
    blocs = list(Bloc.objects.all())
    context: dict[str, Any] = {
        "sides": sides,
        "errors": errors,
        "slots": [_slot(name, sides, blocs) for name in comparing.NAMES],
    }
    if errors:
        return render(request, "compare.html", context, status=400)
    if len(sides) > 1:
        context |= {
            "money": _money(sides),
            "overlaps": comparing.overlaps(sides),
            "together": comparing.together(sides),
            "compared": comparing.compared(sides),
        }
    return render(request, "compare.html", context)


def _slot(name: str, sides: list[Side], blocs: list[Bloc]) -> dict[str, Any]:
    """A field of the form: what may be chosen for a side, a filter that is no bloc among it."""
    side = next((side for side in sides if side.name == name), None)
    asked = side.own_query if side else ""
    choices = [(f"bloc={bloc.slug}", str(bloc)) for bloc in blocs]
    if side and asked not in dict(choices):
        choices.insert(0, (asked or "q=", side.selection.words))
    return {"name": name, "chosen": asked or ("q=" if side else ""), "choices": choices}


def _money(sides: list[Side]) -> list[dict[str, Any]]:
    """What counts on each rung of each side, a row for each rung that one of them has."""
    found = [{row["rung_value"]: row for row in totals(side.selection)} for side in sides]
    return [
        {
            "rung": rung.label,
            "value": rung.value,
            "cells": [
                (side, rows.get(rung.value)) for side, rows in zip(sides, found, strict=True)
            ],
        }
        for rung in Rung
        if any(rung.value in rows for rows in found)
    ]
