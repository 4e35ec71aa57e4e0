"""A cast to remember, and the seed records.

Kenya, China and Brazil are countries of the reference data. BRICS has China and Brazil, Kenya is
in no bloc of the cast. The initiatives below are made up for tests and say so in their titles.
"""

from __future__ import annotations

import copy
import io
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db.models.base import ModelState
from django.utils import timezone

from initiatives.derive import derive
from initiatives.funding.counting import recount
from initiatives.funding.models import Funding
from initiatives.models import (
    Article,
    Carries,
    Evidence,
    Framework,
    Initiative,
    Label,
    Labelling,
    Participation,
    Record,
    Sector,
    Statement,
    StatusStep,
)
from initiatives.news.models import ImportRun
from initiatives.news.requesting import request_import
from initiatives.news.tasks import import_document
from partners.dates import PartialDate
from partners.models import Bloc, Country

SEEDS = sorted((settings.BASE_DIR / "fixtures" / "news").glob("*.json"))


def load_reference() -> None:
    """Countries, blocs, sectors and labels, as `make run` loads them."""
    call_command("load_reference", stdout=io.StringIO())


def import_files(*files: tuple[str, bytes], publish: bool = True) -> ImportRun:
    """Import (name, bytes) pairs in this process, without a queue; the finished run."""
    run = request_import(files, publish=publish)
    for document in run.documents.all():
        import_document(document.pk)
    return ImportRun.objects.prefetch_related("documents__outcomes").get(pk=run.pk)


def import_seeds() -> ImportRun:
    """The seed news, published."""
    return import_files(*((path.name, path.read_bytes()) for path in SEEDS))


def country(code: str) -> Country:
    return Country.objects.get(iso3=code)


def sector(slug: str) -> Sector:
    return Sector.objects.get(slug=slug)


def slug_of_bloc(short_name: str) -> str:
    return Bloc.objects.get(short_name=short_name).slug


def article(text: str = "Test article: the words of this test stand here.") -> Article:
    """A plainly made-up article with that text."""
    return Article.objects.create(
        key="test-article", title="Test article", language="en", text=text, publisher_missing="not applicable"
    )  # fmt: skip


def carry(statement: Statement, words: str = "", claimant: str = "") -> Statement:
    """Give a statement an accepted passage, of its own test article."""
    source = Article.objects.filter(key="test-article").first() or article()
    words = words or source.text
    start = source.text.index(words)
    evidence, _ = Evidence.objects.get_or_create(
        article=source,
        start=start,
        end=start + len(words),
        claimant=claimant,
        defaults={"words": words, "made_by": Evidence.MadeBy.EDITOR},
    )
    carries: type[Carries] = type(statement)._meta.get_field("carried").related_model
    carries.objects.create(statement=statement, evidence=evidence)
    return statement


def initiative(
    slug: str,
    countries: tuple[str, ...] = (),
    blocs: tuple[str, ...] = (),
    sectors: tuple[str, ...] = (),
    began: str = "",
    status: str = "announced",
    **fields: Any,
) -> Initiative:
    """A published test initiative; `began` is the EDTF date of its one status step."""
    record = Initiative.objects.create(
        slug=slug,
        title=fields.pop("title", f"Test initiative {slug}"),
        kind=fields.pop("kind", Initiative.Kind.PROGRAMME),
        state=fields.pop("state", Record.State.PUBLISHED),
        **fields,
    )
    record.sectors.set(Sector.objects.filter(slug__in=sectors))
    for code in countries:
        Participation.objects.create(record=record, country=country(code), role="member")
    for bloc in blocs:
        Framework.objects.create(record=record, bloc=Bloc.objects.get(slug=bloc))
    if began:
        StatusStep.objects.create(record=record, status=status, date=PartialDate.parse(began))
    derive(record)
    return record


def label(record: Initiative, slug: str) -> Labelling:
    """The record officially bears the label."""
    return Labelling.objects.create(record=record, label=Label.objects.get(slug=slug))


def money(
    record: Initiative,
    key: str,
    low: int | None,
    high: int | None = None,
    currency: str = "USD",
    rung: str = "disbursed",
    period: str = "",
    **fields: Any,
) -> Funding:
    """A statement about money; exactly `low` unless `high` or a qualifier says otherwise."""
    missing = fields.pop("missing", "" if low is not None else "undisclosed")
    qualifier = fields.pop("qualifier", "exactly")
    if high is None and qualifier == "exactly":
        high = low
    funding = Funding.objects.create(
        record=record,
        key=key,
        low=None if low is None else Decimal(low),
        high=None if high is None else Decimal(high),
        qualifier=qualifier,
        currency=currency if low is not None else "",
        missing=missing,
        rung=rung,
        period=PartialDate.parse(period) if period else None,
        words=fields.pop("words", f"{low} {currency}"),
        **fields,
    )
    recount([record.pk])
    return funding


def retire(statement: Statement, because: str = "withdrawn by its publisher") -> None:
    """Take a statement back."""
    statement.retired_at = timezone.now()
    statement.retired_because = because
    statement.save()
    recount([statement.record_id])


def supersede(statement: Any, **values: Any) -> Any:
    """Retire a statement for one with other values; what pointed at the old one still does."""
    retire(statement, "corrected")
    new = copy.copy(statement)
    new.pk = None
    new._state = ModelState()
    new.retired_at, new.retired_because, new.supersedes = None, "", statement
    for name, value in values.items():
        setattr(new, name, value)
    new.save()
    recount([new.record_id])
    return new
