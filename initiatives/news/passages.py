"""The article of a document, and the passages of it that carry statements."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from initiatives.funding.plain_rows import insert, insert_new
from initiatives.models import Article, Evidence, Statement
from initiatives.news.format import FORMAT, NewsDocument
from initiatives.news.plan import PlannedStatement

CARRIES = ("statement_id", "evidence_id", "values")


Where = tuple[int, int, str]  # begin, end, and who said so


@dataclass(slots=True)
class Known:
    """A passage that is stored, as far as an import asks."""

    pk: int
    state: str


class Passages:
    """The passages of one document, kept until `write`. Those of a trusted import are accepted."""

    def __init__(self, news: NewsDocument, publisher: dict[str, Any], trusted: bool) -> None:
        self.news = news
        self.trusted = trusted
        self.article = self._find_article(publisher)
        # By where they stand and who said them. Imports wait for each other: nobody adds one meanwhile.
        self._there: dict[Where, Evidence | Known] = {
            (start, end, claimant): Known(number, state)
            for number, state, start, end, claimant in self.article.passages.values_list(
                "pk", "state", "start", "end", "claimant"
            )
        }
        self._accepted: set[int] = set()  # that waited for this import to accept them
        self._new: list[Evidence] = []
        self._carries: dict[Any, list[tuple[Statement, Evidence | Known, list[str]]]]
        self._carries = defaultdict(list)
        # By identity of the statement: what is new has no number.
        self._carrying: dict[int, list[Evidence | Known]] = defaultdict(list)
        self._supported: set[int] = set()

    def _find_article(self, publisher: dict[str, Any]) -> Article:
        """The article with this text; a changed brief is a new row under the same key."""
        meta = self.news.article
        new = Article(
            key=meta["key"],
            title=meta["title"],
            author=meta.get("author", ""),
            url=meta.get("url", ""),
            language=meta["language"],
            text=self.news.brief,
            **publisher,
        )
        if isinstance(meta["published"], dict):
            new.published_missing = meta["published"]["missing"]
        else:
            new.published = meta["published"]
        same = Article.objects.filter(key=new.key).order_by("-recorded_at")
        found = next((a for a in same if a.text == new.text), None)
        if found is None:
            new.save()
        return found or new

    def carry(self, statement: Statement, row: PlannedStatement) -> None:
        """Point a statement that is new at its passages."""
        self._point(statement, row, set())

    def attach(self, statement: Statement, row: PlannedStatement, carriers: set[int]) -> bool:
        """Point a statement that is there at its passages, beside those that carry it already;
        whether one was new or newly accepted.
        """
        return self._point(
            statement, row, carriers | set(map(_mark, self._carrying[id(statement)]))
        )

    def states(self, statement: Statement) -> set[str]:
        """The states of the passages of this document at which it is to point from now on."""
        return {passage.state for passage in self._carrying[id(statement)]}

    def support(self, statement: Statement) -> bool:
        """Whether an accepted passage of this document carries the statement, now or before."""
        return id(statement) in self._supported

    def write(self) -> None:
        """Write the passages that are new, and what they carry, once."""
        insert_new(Evidence, self._new)
        for model, rows in self._carries.items():
            insert(model, CARRIES, [(row.pk, said.pk, json.dumps(v)) for row, said, v in rows])
        self._new.clear()
        self._carries.clear()

    def _point(self, statement: Statement, row: PlannedStatement, there: set[Any]) -> bool:
        news = False
        for quote, values in quoted_values(row.data["quote"]):
            passage = self._passage(quote, row.data.get("claimant", ""))
            mark = _mark(passage)
            if mark not in there:
                self._carries[statement.carries_model()].append((statement, passage, values))
                self._carrying[id(statement)].append(passage)
            if passage.state == Evidence.State.ACCEPTED:
                self._supported.add(id(statement))
            news = news or mark not in there or passage.pk in self._accepted
            there.add(mark)
        return news

    def _passage(self, quote: str, claimant: str) -> Evidence | Known:
        """The passage of the article with those words, said by `claimant`."""
        start = self.news.begin_of(quote)
        where = (start, start + len(quote), claimant)
        passage = self._there.get(where)
        if passage is None:
            passage = self._there[where] = Evidence(
                article=self.article,
                start=start,
                end=start + len(quote),
                claimant=claimant,
                words=quote,
                made_by=Evidence.MadeBy.IMPORT,
                maker=FORMAT,
                state=Evidence.State.ACCEPTED if self.trusted else Evidence.State.PROPOSED,
            )
            self._new.append(passage)
        elif self.trusted and passage.state == Evidence.State.PROPOSED:
            passage.state = Evidence.State.ACCEPTED
            Evidence.objects.filter(pk=passage.pk).update(state=passage.state)
            self._accepted.add(passage.pk)
        return passage


def _mark(passage: Evidence | Known) -> Any:
    """By what it is known again: its number, or where it stands in this article."""
    if isinstance(passage, Known) or passage.pk:
        return passage.pk
    return passage.start, passage.end, passage.claimant


def quoted_values(quote: Any) -> Iterator[tuple[str, list[str]]]:
    """(words, names of the values they carry) of a `quote` of the format; [] means all values."""
    if isinstance(quote, str):
        if quote:
            yield quote, []
        return
    by_words: dict[str, list[str]] = {}
    for value, words in quote.items():
        by_words.setdefault(words, []).append(value)
    yield from by_words.items()
