"""Full-text search of records: titles, other names, partners, summaries, and what articles said.

A record is found by the beginnings of its words, whatever their case and accents, every word of the
search somewhere in it. The text index is the database's own (FTS5 in SQLite, a GIN index over
`tsvector` in PostgreSQL) and is brought up to date behind the changes. What they have touched since
is read and compared here, so that an answer is always that of now; of the past, everything is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice

from django.db import connection, transaction
from pyroaring import BitMap

from initiatives.index import Index
from initiatives.keeping import Version, reading
from initiatives.keys import in_database, key_set
from initiatives.models import (
    Participation,
    Record,
    SearchState,
    statement_models,
)
from initiatives.touched import records_naming, records_touched
from partners.history.changes import DataVersion
from partners.history.moment import asked_moment
from partners.models import OrganisationName
from partners.names import fold

TABLE = "initiatives_search"
# Where words stand, the most telling first: what is found there comes first.
PARTS = ("title", "names", "summary", "said")
WEIGHTS = "ABCD"
# What PostgreSQL can hold of a text: words of 2,046 bytes, at 16,383 places.
LONGEST = 200
MOST = {"title": 500, "names": 2_000, "summary": 1_500, "said": 12_000}
CHUNK = 1_000
# Chinese and Japanese are written without spaces: each of their characters is a word.
_IDEOGRAPH = re.compile(r"([\u3005\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared."""
    return [word[:LONGEST] for word in _IDEOGRAPH.sub(r" \1 ", fold(text)).split()]


# What is marked as one: a word, or an ideograph.
_WORD = re.compile(rf"{_IDEOGRAPH.pattern}|(?:(?!{_IDEOGRAPH.pattern})[^\W_]|[\u0300-\u036f])+")


@dataclass(frozen=True)
class Document:
    """The words of a record, by the part in which they stand."""

    record: int
    title: list[str]
    names: list[str]
    summary: list[str]
    said: list[str]

    def part(self, name: str) -> list[str]:
        """The words of one part."""
        return getattr(self, name)


@dataclass(frozen=True)
class Query:
    """What somebody looks for: phrases, each the words of one word as it was typed."""

    text: str

    @cached_property
    def phrases(self) -> list[list[str]]:
        """The words to look for; empty if the text has none."""
        return [words for word in fold(self.text).split() if (words := words_of(word))]

    def matches(self, document: Document, parts: Iterable[str] = PARTS) -> bool:
        """Whether every phrase stands in one of the parts of the document."""
        texts = [f" {' '.join(document.part(name))} " for name in parts]
        return bool(self.phrases) and all(
            any(f" {' '.join(phrase)}{_end(phrase)}" in text for text in texts)
            for phrase in self.phrases
        )

    def begin_in(self, text: str) -> bool:
        """Whether each phrase stands in the text."""
        words = f" {' '.join(words_of(text))} "
        return all(f" {' '.join(phrase)}{_end(phrase)}" in words for phrase in self.phrases)

    def pieces(self, text: str) -> Iterator[tuple[str, bool]]:
        """The text in pieces, and whether each is what was looked for."""
        starts = {word for phrase in self.phrases for word in phrase}
        end = 0
        for match in _WORD.finditer(text):
            words = words_of(match[0])
            if words and any(words[0].startswith(start) for start in starts):
                yield text[end : match.start()], False
                yield match[0], True
                end = match.end()
        yield text[end:], False

    def for_sqlite(self, parts: Iterable[str]) -> str:
        """The query in the language of FTS5."""
        asked = " AND ".join(
            f'"{" ".join(phrase)}"{"" if _end(phrase) else " *"}' for phrase in self.phrases
        )
        return f"{{{' '.join(parts)}}} : ({asked})"

    def for_postgresql(self, parts: Iterable[str]) -> str:
        """The query in the language of `tsquery`."""
        weights = "".join(WEIGHTS[PARTS.index(name)] for name in parts)
        asked = []
        for phrase in self.phrases:
            starts = "" if _end(phrase) else "*"
            words = [f"'{word}':{weights}" for word in phrase]
            words[-1] = f"'{phrase[-1]}':{starts}{weights}"
            asked.append(f"({' <-> '.join(words)})")
        return " & ".join(asked)


def _end(phrase: list[str]) -> str:
    """What must follow: a word may go on, an ideograph is whole."""
    return " " if _IDEOGRAPH.fullmatch(phrase[-1]) else ""


# --- Finding ---------------------------------------------------------------------------------------


def found(text: str, index: Index, parts: tuple[str, ...] = PARTS) -> BitMap:
    """The records, published or not, that have every word of the text in one of the parts.

    As of the version of the index, whatever is written meanwhile; asked once of each version.
    """
    return index.found.ask((text, parts), lambda: _found(Query(text), parts, index.version))


def _found(query: Query, parts: tuple[str, ...], version: Version) -> BitMap:
    if not query.phrases:
        return BitMap()
    if asked_moment() is not None:
        return _read(query, parts, None)
    # The text index may be behind the version, and may be brought beyond it while it is read.
    before, held, after = _upto(), _held(query, parts), _upto()
    first, last = min(before, version[0]), max(after, version[0])
    if before and first == last:
        return held
    # Before it has been filled everything is read.
    touched = _told_anew(first, last) if before else None
    with reading(version):
        read = _read(query, parts, touched)
    return read if touched is None else (held - BitMap(touched)) | read


def _told_anew(after: int, until: int) -> set[int]:
    """The records whose words the changes may have altered."""
    touched = records_touched(after, until)
    return touched | records_naming(touched)


def _upto() -> int:
    return SearchState.objects.filter(pk=1).values_list("number", flat=True).first() or 0


def _number() -> int:
    return DataVersion.objects.filter(pk=1).values_list("number", flat=True).first() or 0


def _held(query: Query, parts: tuple[str, ...]) -> BitMap:
    """What the text index has."""
    # As one text: a row for each would take ten times as long where there are many.
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"SELECT string_agg(record::text, ',') FROM {TABLE} WHERE words @@ %s::tsquery",  # noqa: S608 - our name
                [query.for_postgresql(parts)],
            )
        else:
            cursor.execute(
                f"SELECT group_concat(rowid) FROM {TABLE} WHERE {TABLE} MATCH %s",  # noqa: S608 - our name
                [query.for_sqlite(parts)],
            )
        (keys,) = cursor.fetchone()
    return key_set(keys)


def _read(query: Query, parts: tuple[str, ...], records: Iterable[int] | None) -> BitMap:
    """What is found by reading the records; all of them, or only those."""
    return BitMap([d.record for d in documents(records) if query.matches(d, parts)])


# --- Documents -------------------------------------------------------------------------------------


def documents(records: Iterable[int] | None = None) -> Iterator[Document]:
    """The words of all records, or of those that are still there, some at a time."""
    rows = Record.objects.order_by("pk")
    if records is not None:
        rows = rows.filter(pk__in=in_database(records))
    fields = ("pk", "title", "aliases", "summary")
    told = rows.values_list(*fields).iterator(chunk_size=CHUNK)
    while some := list(islice(told, CHUNK)):
        keys = [row[0] for row in some]
        partners, said = _partners(keys), _said(keys)
        for key, title, aliases, summary in some:
            yield Document(
                key,
                words_of(title)[: MOST["title"]],
                words_of(" ".join([*aliases, *partners[key]]))[: MOST["names"]],
                words_of(summary)[: MOST["summary"]],
                words_of(" ".join(said[key]))[: MOST["said"]],
            )


def quotes(query: Query, records: Iterable[int]) -> dict[int, str]:
    """For each of the records whose passages have words that are looked for, the one with most."""
    found = {}
    wanted = [words[0] for words in query.phrases]
    for record, passages in _said(list(records)).items():

        def hits(passage: str) -> int:
            words = words_of(passage)
            return sum(any(word.startswith(start) for word in words) for start in wanted)

        best = max(passages, key=hits, default="")
        if best and hits(best):
            found[record] = best
    return found


def _partners(records: list[int]) -> dict[int, list[str]]:
    """The names of the organisations that take part, by record."""
    found: dict[int, list[str]] = defaultdict(list)
    taking_part = Participation.objects.current().filter(record__in=in_database(records))
    bodies: dict[int, list[int]] = defaultdict(list)
    for record, body in taking_part.exclude(organisation=None).values_list(
        "record", "organisation"
    ):
        bodies[body].append(record)
    names = OrganisationName.objects.filter(organisation__in=in_database(bodies))
    for body, name in names.order_by("pk").values_list("organisation", "name"):
        for record in bodies[body]:
            found[record].append(name)
    return found


def _said(records: list[int]) -> dict[int, list[str]]:
    """The accepted passages that carry what is stated now, each once, by record."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    keys = in_database(records)
    asked, times = _saying(keys.sql)
    with connection.cursor() as cursor:
        cursor.execute(asked, [*keys.params] * times)
        for record, passage, words in cursor.fetchall():
            found[record][passage] = words
    return defaultdict(list, {record: list(said.values()) for record, said in found.items()})


@cache
def _saying(keys: str) -> tuple[str, int]:
    """The question for them, and how often it asks for the keys: of all kinds of statement at once.

    By hand: each page of a search asks it, and building nine queries takes longer than answering them.
    """
    asked = []
    for n, kind in enumerate(statement_models()):
        said, carried = kind._meta.db_table, kind.carries_model()._meta.db_table
        named, public = "", ""
        if kind.NAMES:
            named = f'JOIN "initiatives_record" named ON named.id = said.{kind.NAMES}_id'
            public = "AND named.state = 'published'"
        asked.append(
            f"SELECT {n} AS kind, carried.id AS number, said.record_id, passage.id AS passage_id, passage.words "  # noqa: S608
            f'FROM "{said}" said JOIN "{carried}" carried ON carried.statement_id = said.id '
            'JOIN "initiatives_evidence" passage ON passage.id = carried.evidence_id '
            f"{named} WHERE said.record_id IN ({keys}) "
            f"AND said.retired_at IS NULL AND passage.state = 'accepted' {public}"
        )
    every = " UNION ALL ".join(asked)
    whole = f"SELECT record_id, passage_id, words FROM ({every}) found ORDER BY kind, number"  # noqa: S608
    return whole, len(asked)


# --- Keeping the text index ------------------------------------------------------------------------


def catch_up() -> int:
    """Bring the text index up to the last change; how many records were read for it."""
    if _upto() == _number():
        return 0
    with transaction.atomic():
        state, _new = SearchState.objects.select_for_update().get_or_create(pk=1)
        version = DataVersion.objects.filter(pk=1).first()
        if version is None or version.writing or state.number == version.number:
            return 0
        touched = _told_anew(state.number, version.number) if state.number else None
        count = _rewrite(touched)
        state.number = version.number
        state.save()
        return count


def _rewrite(records: set[int] | None) -> int:
    key = "record" if connection.vendor == "postgresql" else "rowid"
    with connection.cursor() as cursor:
        if records is None:
            cursor.execute(f"DELETE FROM {TABLE}")  # noqa: S608 - our own name
        else:
            keys = in_database(records)
            cursor.execute(f"DELETE FROM {TABLE} WHERE {key} IN ({keys.sql})", keys.params)  # noqa: S608
        count = 0
        told = documents(records)
        while some := list(islice(told, CHUNK)):
            count += len(some)
            if connection.vendor == "postgresql":
                cursor.executemany(
                    f"INSERT INTO {TABLE} (record, words) VALUES (%s, %s::tsvector)",  # noqa: S608
                    [(d.record, _vector(d)) for d in some],
                )
            else:
                cursor.executemany(
                    f"INSERT INTO {TABLE} (rowid, {', '.join(PARTS)}) VALUES (%s, %s, %s, %s, %s)",  # noqa: S608
                    [(d.record, *(" ".join(d.part(name)) for name in PARTS)) for d in some],
                )
    return count


def _vector(document: Document) -> str:
    """The document as a `tsvector`: each word with its places and weights.

    PostgreSQL counts places up to 16,383, and 256 of one word.
    """
    places: dict[str, list[str]] = defaultdict(list)
    place = 0
    for weight, name in zip(WEIGHTS, PARTS, strict=True):
        for word in document.part(name):
            place = min(place + 1, 16_383)
            if len(places[word]) < 256:
                places[word].append(f"{place}{weight}")
        place += 1  # no phrase goes over the end of a part
    return " ".join(f"'{word}':{','.join(at)}" for word, at in places.items())
