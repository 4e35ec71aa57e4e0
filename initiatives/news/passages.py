"""The article of a document, and the passages of it that carry statements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from initiatives.models import Article, Evidence, Statement
from initiatives.news.format import FORMAT, NewsDocument
from initiatives.news.plan import PlannedStatement


class Passages:
    """The passages of one document. Those that a trusted import brings are accepted."""

    def __init__(self, news: NewsDocument, publisher: dict[str, Any], trusted: bool) -> None:
        self.news = news
        self.trusted = trusted
        self.article = self._find_article(publisher)
        # By where they stand and who said them. Imports wait for each other: nobody adds one meanwhile.
        self._there = {(p.start, p.end, p.claimant): p for p in self.article.passages.all()}
        self._accepted: set[int] = set()  # that waited for this import to accept them
        # By statement that was there, the passages that carry it now.
        self._carrying: dict[tuple[Any, int], set[int]] = {}

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

    def _passage(self, quote: str, claimant: str) -> Evidence:
        """The passage of the article with those words, said by `claimant`."""
        start = self.news.brief.index(quote)
        where = (start, start + len(quote), claimant)
        passage = self._there.get(where)
        if passage is None:
            passage = self._there[where] = Evidence.objects.create(
                article=self.article,
                start=start,
                end=start + len(quote),
                claimant=claimant,
                words=quote,
                made_by=Evidence.MadeBy.IMPORT,
                maker=FORMAT,
                state=Evidence.State.ACCEPTED if self.trusted else Evidence.State.PROPOSED,
            )
        elif self.trusted and passage.state == Evidence.State.PROPOSED:
            passage.state = Evidence.State.ACCEPTED
            passage.save()
            self._accepted.add(passage.pk)
        return passage

    def carry(self, statement: Statement, row: PlannedStatement) -> None:
        """Point a statement that was just written at its passages."""
        carries, claimant = statement.carries_model(), row.data.get("claimant", "")
        carries.objects.bulk_create(
            carries(statement=statement, evidence=self._passage(quote, claimant), values=values)
            for quote, values in quoted_values(row.data["quote"])
        )

    def attach(self, statement: Statement, row: PlannedStatement) -> bool:
        """Point a statement that was there at its passages; whether one was new or newly accepted."""
        carries = statement.carries_model()
        known = {carried.evidence_id for carried in statement.carried.all()}
        # The document may say it twice.
        there = self._carrying.setdefault((carries, statement.pk), known)
        new = False
        for quote, values in quoted_values(row.data["quote"]):
            passage = self._passage(quote, row.data.get("claimant", ""))
            if passage.pk not in there:
                carries.objects.create(statement=statement, evidence=passage, values=values)
            new = new or passage.pk not in there or passage.pk in self._accepted
            there.add(passage.pk)
        return new


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
