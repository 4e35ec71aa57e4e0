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
        self._found: dict[tuple[str, str], Evidence] = {}
        self._accepted: set[int] = set()  # that waited for this import to accept them

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
        asked = (quote, claimant)
        if asked not in self._found:
            start = self.news.brief.index(quote)
            passage, _created = Evidence.objects.get_or_create(
                article=self.article,
                start=start,
                end=start + len(quote),
                claimant=claimant,
                defaults={
                    "words": quote,
                    "made_by": Evidence.MadeBy.IMPORT,
                    "maker": FORMAT,
                    "state": Evidence.State.ACCEPTED if self.trusted else Evidence.State.PROPOSED,
                },
            )
            if self.trusted and passage.state == Evidence.State.PROPOSED:
                passage.state = Evidence.State.ACCEPTED
                passage.save()
                self._accepted.add(passage.pk)
            self._found[asked] = passage
        return self._found[asked]

    def attach(self, statement: Statement, row: PlannedStatement) -> bool:
        """Point the statement at its passages; whether one was new or newly accepted."""
        carries = statement.carries_model()
        new = False
        for quote, values in quoted_values(row.data["quote"]):
            passage = self._passage(quote, row.data.get("claimant", ""))
            _row, created = carries.objects.get_or_create(
                statement=statement, evidence=passage, defaults={"values": values}
            )
            new = new or created or passage.pk in self._accepted
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
