"""Synthetic news documents in the format that is imported; plainly none of them is real."""

from __future__ import annotations

import datetime as dt
import json
import random
from typing import Any

from benchmarks.records import KINDS, STEPS, WORDS
from benchmarks.statements import BLOCS, COUNTRIES, CURRENCIES, RUNGS, SECTORS, STATEMENTS, Lot


class Documents:
    """Documents one after the other, the same in every run: initiatives, a body that takes part in
    them, and a sentence of the article for each statement.
    """

    def __init__(self, names: dict[str, list[str]], initiatives: int) -> None:
        self.initiatives = initiatives
        self.random = random.Random(3)
        self.names = {
            kind: Lot({name: 1 / (n + 1) for n, name in enumerate(some)})
            for kind, some in names.items()
        }
        self.number = 0

    def document(self) -> bytes:
        """The next one."""
        self.number += 1
        n = self.number
        self.said: list[str] = []
        body = {
            "type": "organisation",
            "key": f"benchmark-body-{n}",
            "name": f"Benchmark body {n}",
            "kind": "agency",
            "country": self._drawn(self.names["country"]),
        }
        records = [
            self._initiative(self.initiatives * n + m, body["key"]) for m in range(self.initiatives)
        ]
        return json.dumps(
            {
                "format": "accord.news/1",
                "publisher": {"missing": "not found"},
                "article": {
                    "key": f"benchmark-article-{n}",
                    "title": f"Benchmark article {n}",
                    "published": "2024-06",
                    "language": "en",
                },
                "brief": " ".join(self.said),
                "records": [body, *records],
            }
        ).encode()

    def _initiative(self, n: int, body: str) -> dict[str, Any]:
        day = dt.date(2024 - min(int(self.random.expovariate(0.2)), 24), 1, 1)
        began = (day + dt.timedelta(days=self.random.randrange(365))).isoformat()
        countries = self._some("country", COUNTRIES)
        status = self._drawn(STEPS)
        return {
            "type": "initiative",
            "key": f"benchmark-initiative-{n}",
            "title": f"Benchmark {self._words(6)} {n}",
            "summary": f"{self._words(18)}.",
            "kind": self._drawn(KINDS),
            "sectors": self._some("sector", SECTORS),
            "partners": [
                *({"role": "member", "country": c, "quote": self._sentence()} for c in countries),
                {"role": "implementer", "organisation": body, "quote": self._sentence()},
            ],
            "blocs": [
                {"bloc": bloc, "quote": self._sentence()} for bloc in self._some("bloc", BLOCS)
            ],
            "status": [{"status": status, "date": began, "quote": self._sentence()}]
            if status
            else [],
            "funding": [self._money(m, began) for m in range(self._drawn(STATEMENTS))],
        }

    def _money(self, n: int, date: str) -> dict[str, Any]:
        low = round(self.random.lognormvariate(14, 2.5)) + 1
        return {
            "key": f"sum-{n}",
            "amount": {
                "low": low,
                "high": low,
                "qualifier": "exactly",
                "currency": self._drawn(CURRENCIES),
                "words": f"{low}",
            },
            "rung": self._drawn(RUNGS),
            "period": date[:4],
            "quote": self._sentence(),
        }

    def _sentence(self) -> str:
        self.said.append(f"Sentence {len(self.said)}: {self._words(10)}.")
        return self.said[-1]

    def _some(self, kind: str, how_many: Lot) -> list[str]:
        return sorted({self._drawn(self.names[kind]) for _ in range(self._drawn(how_many))})

    def _words(self, count: int) -> str:
        return " ".join(self.random.choices(WORDS.things, cum_weights=WORDS.up_to, k=count))

    def _drawn(self, lot: Lot) -> Any:
        return self.random.choices(lot.things, cum_weights=lot.up_to)[0]
