"""Synthetic initiatives with all that a list shows and searches; plainly none of them is real.

To what `statements` makes: titles and summaries of invented words, a beginning, kind and status,
organisations among the partners, and two sources for each.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from itertools import product
from typing import Any

from benchmarks.statements import CHUNK, STATEMENTS, Batch, Generator, Lot

KINDS = Lot(
    {
        "agreement": 30,
        "project": 25,
        "programme": 20,
        "platform": 8,
        "framework": 7,
        "fund": 4,
        "network": 4,
        "joint-laboratory": 2,
    }
)
STEPS = Lot(
    {
        "announced": 30,
        "signed": 25,
        "under-way": 20,
        "completed": 10,
        "proposed": 7,
        "": 5,
        "suspended": 2,
        "cancelled": 1,
    }
)
PRECISION = Lot({"day": 45, "month": 25, "year": 27, "": 3})
BODIES = Lot({0: 45, 1: 40, 2: 15})
SYLLABLES = ("ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "zo")
# The n-th is 1/n as likely as the first, as in any language.
WORDS = Lot({"".join(w): 1 / (n + 1) for n, w in enumerate(product(SYLLABLES, repeat=3))})
COMMON_WORD = WORDS.things[10]


def fill(last: int, progress: Callable[[int], Any]) -> None:
    """So many initiatives in an empty database; memory does not grow with them."""
    made = Records()
    while made.record < last:
        batch = Batch()
        for _ in range(min(CHUNK, last - made.record)):
            made.initiative(batch, STATEMENTS.things[-1])
        batch.write()
        progress(made.record)


class Records(Generator):
    """Initiatives one after the other, with their words, dates, partners, money and sources."""

    def __init__(self) -> None:
        super().__init__(0)
        self.more = random.Random(1)
        self.before: Any = None  # who takes part in the one before

    def initiative(self, batch: Batch, most: int) -> None:
        """One initiative with everything about it."""
        from initiatives.models import Initiative, Record

        super().initiative(batch, most)
        record = batch.rows[Record][-1]
        record.title = f"Benchmark {self._words(6)} {record.pk}"
        record.summary = f"{self._words(18)}."
        record.search_text = f"{record.title} {record.summary}".lower()
        record.began = self._date()
        about = batch.rows[Initiative][-1]
        about.kind = self._drawn(KINDS)
        about.status = self._drawn(STEPS)
        self._steps(batch, record, about.status)
        self._bodies(batch, record)
        self._sources(batch, record)

    def _steps(self, batch: Batch, record: Any, status: str) -> None:
        from initiatives.models import StatusStep

        if status:
            batch.add(
                StatusStep(
                    record_id=record.pk, status=status, date=record.began, fingerprint="step"
                )
            )

    def _bodies(self, batch: Batch, record: Any) -> None:
        from initiatives.models import Participation

        chosen = {self._drawn(self.organisations) for _ in range(self._drawn(BODIES))}
        for n, body in enumerate(sorted(chosen)):
            batch.add(
                Participation(
                    record_id=record.pk,
                    organisation_id=body,
                    role="implementer",
                    fingerprint=f"body-{n}",
                )
            )

    def _sources(self, batch: Batch, record: Any) -> None:
        """An article of its own, which also says something of the record before it."""
        from initiatives.models import Article, Evidence, Participation

        said = [f"{self._words(12).capitalize()}." for _ in range(2)]
        batch.add(
            Article(
                pk=record.pk,
                key=f"benchmark-article-{record.pk}",
                title=f"Benchmark article {record.pk}",
                language="en",
                published=record.began,
                text=" ".join(said),
                text_hash=f"{record.pk}",
            )
        )
        carries = Participation.carries_model()
        starts = (0, len(said[0]) + 1)
        taking_part = [p for p in batch.rows[Participation][-8:] if p.record_id == record.pk]
        for n, (start, words) in enumerate(zip(starts, said, strict=True)):
            key = 2 * record.pk + n
            batch.add(
                Evidence(
                    pk=key,
                    article_id=record.pk,
                    start=start,
                    end=start + len(words),
                    words=words,
                    made_by="import",
                )
            )
            carried = taking_part[0] if n == 0 else self.before or taking_part[-1]
            batch.add(carries(statement=carried, evidence_id=key))
        self.before = taking_part[0]

    def _date(self) -> str | None:
        year = 2024 - min(int(self.more.expovariate(0.2)), 24)
        day = dt.date(year, 1, 1) + dt.timedelta(days=self.more.randrange(365))
        text = {"day": day.isoformat(), "month": f"{day:%Y-%m}", "year": f"{year}", "": None}
        return text[self._drawn(PRECISION)]

    def _words(self, count: int) -> str:
        return " ".join(self.more.choices(WORDS.things, cum_weights=WORDS.up_to, k=count))

    def _drawn(self, lot: Lot) -> Any:
        return self.more.choices(lot.things, cum_weights=lot.up_to)[0]
