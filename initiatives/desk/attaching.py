"""Tying statements to the words of an article that carry them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext

from initiatives.desk.sheets import Mistake, TypedArticle, Wrong, in_one_line
from initiatives.missing import Missing
from initiatives.models import Article, Evidence, Publisher
from initiatives.models.evidence import hash_text


def hold_of(typed: TypedArticle) -> Article | None:
    """The article that was named or pasted, not yet stored if it is new; None of neither.

    A text that is stored already is that article, under whatever title it is pasted again. Wrong if
    there is no such article, or what was pasted has no title.
    """
    if typed.text:
        same = Article.objects.filter(text_hash=hash_text(typed.text)).order_by("pk").first()
        if same:
            return same
        if not typed.title:
            raise Wrong([Mistake("article-title", gettext("this is missing"))])
        return _new(typed)
    if typed.stored is None:
        return None
    found = Article.objects.select_related("publisher__country").filter(pk=typed.stored).first()
    if found is None:
        raise Wrong([Mistake("article", gettext("there is no such article"))])
    return found


def _new(typed: TypedArticle) -> Article:
    publisher = None
    if typed.publisher:
        called = Publisher.objects.select_related("country").filter(name__iexact=typed.publisher)
        publisher = called.first() or Publisher(name=typed.publisher)
    return Article(
        title=typed.title,
        url=typed.url,
        publisher=publisher,
        publisher_missing="" if publisher else Missing.NOT_LOOKED,
        published=typed.published,
        published_missing="" if typed.published else Missing.NOT_LOOKED,
        language=typed.language or "en",
        text=typed.text,
        copied=True,
    )


class Attaching:
    """Finds passages in one article and ties statements to them; `maker` is who marks them."""

    def __init__(self, article: Article | None, maker: str) -> None:
        self.article = article
        self.maker = maker[:100]

    def not_found(self, passages: list[str], stored: Any) -> Iterator[str]:
        """Why passages that do not carry the stored statement yet cannot be found, as sentences."""
        known = _carrying(stored)
        for words in passages:
            if words in known:
                continue
            if self.article is None:
                yield gettext("choose the article that says so, or paste its text")
            elif self._span(words) is None:
                shown = words if len(words) <= 80 else f"{words[:79]}…"
                reason = gettext("the article does not have the words “%(words)s”")
                yield reason % {"words": shown}

    def attach(
        self, statement: Any, before: Any, passages: list[str] | None, claimant: str | None
    ) -> bool:
        """Have these passages carry the statement, said by `claimant`; whether anything changed.

        `before` is the statement that it was or corrects: of the passages that carry that, those
        are kept which are named, or all if `passages` is None. A claimant of None stays who it is;
        another one is the claimant of all of them.
        """
        same = before is not None and statement.pk == before.pk
        if same and passages is None and claimant is None:
            return False
        there = list(before.carried.all()) if before is not None else []
        wanted: list[tuple[Evidence, list[str]]] = []
        for carried in there:
            evidence = carried.evidence
            if passages is not None and in_one_line(evidence.words) not in passages:
                continue
            if claimant is not None and claimant != evidence.claimant:
                span = (evidence.start, evidence.end)
                evidence = self._passage(evidence.article, span, claimant)
            wanted.append((evidence, carried.values))
        known = _carrying(before)
        if claimant is None:
            claimant = there[0].evidence.claimant if there else ""
        new = [words for words in dict.fromkeys(passages or []) if words not in known]
        wanted += [(self._passage(self.article, self._span(w), claimant), []) for w in new]
        changed = False
        for evidence, values in wanted:
            _row, created = statement.carries_model().objects.get_or_create(
                statement=statement, evidence=evidence, defaults={"values": values}
            )
            changed |= created
        for carried in there if same else []:
            if all(carried.evidence != evidence for evidence, _values in wanted):
                carried.delete()
                changed = True
        return changed

    def _span(self, words: str) -> tuple[int, int] | None:
        """Where the words stand first in the article, however their lines are broken there."""
        assert self.article
        pattern = r"\s+".join(map(re.escape, words.split()))
        found = re.search(pattern, self.article.text) if pattern else None
        return found.span() if found else None

    def _passage(
        self, article: Article | None, span: tuple[int, int] | None, claimant: str
    ) -> Evidence:
        """The accepted passage there: an editor has just read it."""
        assert article and span
        start, end = span
        passage, _created = Evidence.objects.get_or_create(
            article=article,
            start=start,
            end=end,
            claimant=claimant,
            defaults={
                "words": article.text[start:end],
                "made_by": Evidence.MadeBy.EDITOR,
                "maker": self.maker,
            },
        )
        if passage.state != Evidence.State.ACCEPTED:
            passage.state = Evidence.State.ACCEPTED
            passage.save()
        return passage


def _carrying(statement: Any) -> set[str]:
    """The words that carry a statement already, each passage in one line; none of None."""
    carried = statement.carried.all() if statement is not None else ()
    return {in_one_line(one.evidence.words) for one in carried}
