"""News documents made up for tests, and what the database holds after they were imported."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models

from initiatives.models import Article, Record, Statement, statement_models
from initiatives.news.models import ImportDocument, ImportOutcome, ImportRun, Proposal
from partners.history.changes import Change
from partners.models import Organisation
from tests import cast

SAID = "Kenya and Brazil announced the test programme in 2024."


def last_change() -> dt.datetime:
    """When the last change was made, as the database says: SQLite's own clock counts whole ms."""
    return Change.objects.newest_first()[0].at


# --- Documents -----------------------------------------------------------------------------------


def document(
    *records: Any, brief: str = "", article: str = "test-article", **changes: Any
) -> dict[str, Any]:
    """A document with these records; without a brief, it says all their quotes."""
    return {
        "format": "accord.news/1",
        "publisher": {"missing": "not found"},
        "article": {
            "key": article,
            "title": f"Made up for a test: {article}",
            "published": "2024-06",
            "language": "en",
        },
        "brief": brief or " ".join(dict.fromkeys([SAID, *quotes(records)])),
        "records": list(records),
        **changes,
    }


def quotes(part: Any) -> Iterator[str]:
    if isinstance(part, list | tuple):
        for item in part:
            yield from quotes(item)
    elif isinstance(part, dict):
        for name, item in part.items():
            if name == "quote":
                yield from [item] if isinstance(item, str) else item.values()
            else:
                yield from quotes(item)


def initiative(key: str = "test-programme", **fields: Any) -> dict[str, Any]:
    return {
        "type": "initiative",
        "key": key,
        "title": f"Initiative {key}",
        "kind": "programme",
        "summary": "Made up for a test.",
        "sectors": ["computing"],
        **fields,
    }


def alliance(key: str = "test-alliance", **fields: Any) -> dict[str, Any]:
    return {
        "type": "alliance",
        "key": key,
        "title": f"Alliance {key}",
        "summary": "Made up for a test.",
        "sectors": ["computing"],
        **fields,
    }


def summit(key: str = "1st-test-summit", **fields: Any) -> dict[str, Any]:
    return {
        "type": "summit",
        "key": key,
        "title": f"Summit {key}",
        "series": "Test Summit",
        "summary": "Made up for a test.",
        "sectors": ["computing"],
        **fields,
    }


def organisation(key: str = "test-bank", **fields: Any) -> dict[str, Any]:
    return {
        "type": "organisation",
        "key": key,
        "name": f"Organisation {key}",
        "kind": "bank",
        **fields,
    }


def partner(quote: str = SAID, **fields: Any) -> dict[str, Any]:
    return {"role": "member", "quote": quote, **(fields or {"country": "Kenya"})}


def step(status: str = "announced", date: str = "2024", quote: str = SAID) -> dict[str, Any]:
    return {"status": status, "date": date, "quote": quote}


def held(date: str, quote: str = SAID) -> dict[str, Any]:
    return {"event": "held", "date": date, "quote": quote}


def amount(low: Any = 10, high: Any = 10, currency: str = "USD", **fields: Any) -> dict[str, Any]:
    return {
        "low": low,
        "high": high,
        "qualifier": "exactly",
        "currency": currency,
        "words": "ten dollars",
        **fields,
    }


def money(key: str = "share", amount: Any = None, **fields: Any) -> dict[str, Any]:
    return {
        "key": key,
        "amount": amount or globals()["amount"](),
        "rung": "announced",
        "quote": SAID,
        **fields,
    }


def in_words(words: str, currency: str = "") -> dict[str, Any]:
    """An amount that Accord reads from its words."""
    return {"words": words, **({"currency": currency} if currency else {})}


def part_of(record: str, quote: str = SAID) -> dict[str, Any]:
    return {"record": record, "quote": quote}


def figure(low: Any = 10, high: Any = 10, **fields: Any) -> dict[str, Any]:
    value = {"low": low, "high": high, "qualifier": "exactly", "words": "ten"}
    return {
        "key": "laboratories",
        "what": "joint laboratories",
        "unit": "laboratories",
        "value": value,
        "quote": SAID,
        **fields,
    }


# --- Imports -------------------------------------------------------------------------------------


def as_bytes(content: dict[str, Any] | bytes) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def imported(*contents: dict[str, Any] | bytes, publish: bool = True) -> ImportRun:
    """The finished run over documents (as objects or as bytes), imported in this process."""
    files = [(f"document-{n}.json", as_bytes(content)) for n, content in enumerate(contents)]
    return cast.import_files(*files, publish=publish)


def results(run: ImportRun) -> dict[str, str]:
    """What became of each record, by its key."""
    rows = ImportOutcome.objects.filter(document__run=run).order_by("pk")
    return dict(rows.values_list("key", "result"))


def problems(run: ImportRun) -> dict[str, str]:
    """Why records were rejected, by the place in the file."""
    rows = ImportOutcome.objects.filter(document__run=run).order_by("pk")
    return {p["place"]: p["reason"] for row in rows for p in row.problems}


def the_document(run: ImportRun) -> ImportDocument:
    return run.documents.get()


# --- What the database holds ---------------------------------------------------------------------


def tables() -> dict[str, list[Any]]:
    """Every row of everything but the imports themselves, letter by letter."""
    left_out = {ImportRun, ImportDocument, ImportOutcome}
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values_list())
        for label in ("partners", "initiatives", "funding", "news")
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
        if model not in left_out
    }


def facts() -> dict[str, list[str]]:
    """The same without row numbers and times: equal if two imports wrote the same."""
    found: dict[str, list[str]] = {
        "record": [_line(r, sectors=sorted(s.slug for s in r.sectors.all())) for r in _records()],
        "organisation": [
            _line(o, names=sorted(n.folded for n in o.names.all()))
            for o in Organisation.objects.all()
        ],
        "article": [_line(article) for article in Article.objects.all()],
        "proposal": [_line(proposal) for proposal in Proposal.objects.all()],
        "outcome": [_line(outcome) for outcome in ImportOutcome.objects.all()],
        "document": [_line(d, leave=WORK) for d in ImportDocument.objects.all()],
    }
    for model in statement_models():
        found[model.__name__] = [_statement(s) for s in model.objects.all()]
    return {name: sorted(lines) for name, lines in found.items()}


WORK = ("content", "owner", "lease_until", "attempts", "started_at", "finished_at")
TIMES = ("recorded_at", "created_at", "changed_at")


def _records() -> Iterator[Any]:
    for record in Record.objects.all():
        yield getattr(record, record.type)


def _line(row: models.Model, leave: tuple[str, ...] = (), **more: Any) -> str:
    values = {
        field.name: _plain(getattr(row, field.name))
        for field in row._meta.concrete_fields
        if not field.primary_key and field.name not in (*TIMES, "supersedes", "run", *leave)
    }
    return json.dumps(values | more, sort_keys=True, default=str, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, models.Model):
        return next(
            (
                getattr(value, name)
                for name in ("slug", "iso3", "key", "name")
                if hasattr(value, name)
            ),
            str(value),
        )
    return value


def _statement(statement: Statement) -> str:
    evidence = sorted(
        _line(c.evidence, values=c.values, text=c.evidence.article.text_hash)
        for c in statement.carried.select_related("evidence__article")
    )
    return _line(statement, evidence=evidence)
