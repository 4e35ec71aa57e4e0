"""How many independent sources say something. Pure rules.

Two articles are one source if they are

- texts under one key, or at one address: one article, read twice;
- printed by one publisher, who says the same thing twice;
- copies of one text: the same, or nearly the same once case, accents and punctuation are left
  aside, or one within the other, as an agency's report within a newspaper's page.

That an article is a copy of a copy makes it one source with the first. Articles without a publisher
are told apart by their texts alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Protocol

from rapidfuzz import fuzz

from partners.names import fold

# Percent of the letters that copies share, after an editor's touch of headline or punctuation.
ALIKE = 90
# A text of fewer letters stands within another by chance.
LEAST_COPIED = 40


class Printed(Protocol):
    """What is asked of an article."""

    key: str
    url: str
    text: str

    @property
    def publisher_id(self) -> int | None: ...


def independent_sources(articles: Iterable[Printed]) -> int:
    """How many of the articles do not repeat one another."""
    read = [(article, fold(article.text)) for article in articles]
    source = list(range(len(read)))  # of each article, the first that is one source with it
    for (one, (first, text)), (other, (second, copy)) in combinations(enumerate(read), 2):
        if source[one] != source[other] and (_same(first, second) or copied(text, copy)):
            joined, left = sorted((source[one], source[other]))
            source = [joined if number == left else number for number in source]
    return len(set(source))


def _same(first: Printed, second: Printed) -> bool:
    return (
        first.key == second.key
        or (bool(first.url) and first.url == second.url)
        or (first.publisher_id is not None and first.publisher_id == second.publisher_id)
    )


def copied(first: str, second: str) -> bool:
    """Whether two folded texts are copies of one, whole or in part."""
    short, long = sorted((first, second), key=len)
    if short == long or (len(short) >= LEAST_COPIED and short in long):
        return True
    return fuzz.ratio(first, second, score_cutoff=ALIKE) >= ALIKE
