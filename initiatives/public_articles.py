"""Which articles anyone may read, in memory: those of which a passage carries something published.

To say so of one article costs a look; of all of them, reading every passage. So the set is kept
for each data version, and after a change only the articles that it may have touched are read again.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q
from pyroaring import BitMap

from initiatives.keeping import MOST_TOUCHED, Kept, Version, version_read
from initiatives.keys import in_database
from initiatives.models import Article, Evidence, all_public_articles, statement_models
from initiatives.touched import records_touched
from partners.history.versions import versions

KEPT = 4


def public_articles() -> BitMap:
    """The keys of the articles that anyone may read, as of the version that is read."""
    return _kept.at(version_read())


def _built(version: Version) -> BitMap:
    return BitMap(key for (key,) in all_public_articles().values_list("evidence__article"))


def _renewed(base: BitMap, before: Version, version: Version) -> BitMap | None:
    records = records_touched(*sorted((before[0], version[0])))
    if len(records) > MOST_TOUCHED:
        return None
    touched = BitMap(_articles_of(records))
    now = Article.objects.filter(pk__in=in_database(touched)).published()
    return (base - touched) | BitMap(now.values_list("pk", flat=True))


def _articles_of(records: Iterable[int]) -> Iterable[int]:
    """The articles of passages that ever carried anything about one of the records."""
    for kind in statement_models():
        about = Q(record_id__in=in_database(records))
        if kind.NAMES:
            about |= Q(**{f"{kind.NAMES}_id__in": in_database(records)})
        said = versions()[kind].objects.filter(about).values("row")
        carrying = versions()[kind.carries_model()].objects.filter(statement_id__in=said)
        passages = versions()[Evidence].objects.filter(row__in=carrying.values("evidence_id"))
        yield from passages.order_by().values_list("article_id", flat=True)


_kept = Kept(_built, _renewed, KEPT)
