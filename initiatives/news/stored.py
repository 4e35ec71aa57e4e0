"""What is there already of what a document names: read at once, however many records it has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from django.db.models import Value
from django.db.models.functions import Upper

from initiatives.funding.models import Funding
from initiatives.keys import in_database
from initiatives.models import RECORD_MODELS, ConcreteRecord, Record, Statement
from initiatives.news.format import NewsDocument, RawRecord
from partners.models import Bloc, Country, Organisation, OrganisationName
from partners.names import fold


class Stored:
    """Rows that the records of a document may mean, by how the document calls them."""

    def __init__(self, news: NewsDocument) -> None:
        self.readable = [raw for raw in news.records if not raw.problems]
        self.publisher = news.publisher

    # Partners.

    @cached_property
    def countries(self) -> dict[str, Country]:
        """By each name that the document uses."""
        printed_in = self.publisher.get("country")
        return Country.objects.called(
            self._said("country") | ({printed_in} if printed_in else set())
        )

    @cached_property
    def blocs(self) -> dict[str, Bloc]:
        """By each name that the document uses."""
        return Bloc.objects.called(self._said("bloc"))

    @cached_property
    def organisations(self) -> dict[str, Organisation]:
        """By each name that the document uses, or the key under which it describes one."""
        described = {raw.key for raw in self.readable if raw.type == "organisation"}
        return Organisation.objects.called(self._said("organisation", "parent") | described)

    @cached_property
    def names(self) -> dict[str, OrganisationName]:
        """The names of organisations that those that the document describes are called by, folded."""
        described = [raw for raw in self.readable if raw.type == "organisation"]
        called = {fold(name)[:500] for raw in described for name in [raw.title, *raw.aliases]}
        found = OrganisationName.objects.filter(folded__in=called).select_related("organisation")
        return {name.folded: name for name in found} if called else {}

    # Records.

    def record(self, slug: str) -> Any:
        """What the record with that key is now: that into which it was merged at last."""
        if slug not in self._slugs:  # no word of the document
            named = Record.objects.filter(slug=slug).first()
            return named.merged_at_last.concrete() if named else None
        named = self._by_slug.get(slug)
        return self._meant[named.merged_at_last.pk] if named else None

    def called_like(self, raw: RawRecord) -> Any:
        """A record of that type, of a summit with that number, which has that title; or None."""
        same: list[Any] = [r for r in self._by_title[raw.title.upper()] if r.type == raw.type]
        if raw.type == "summit":
            same = [summit for summit in same if summit.ordinal == raw.data.get("ordinal")]
        return same[0] if same else None

    @cached_property
    def _slugs(self) -> set[str]:
        """The keys of the document, and those that it names."""
        keys = {raw.key for raw in self.readable if raw.type != "organisation"}
        return keys | self._said("record")

    @cached_property
    def _by_slug(self) -> dict[str, Record]:
        named = Record.objects.filter(slug__in=self._slugs).select_related("merged_into")
        return {record.slug: record for record in named}

    @cached_property
    def _meant(self) -> dict[int, ConcreteRecord]:
        """By number, each as one object however often it is meant."""
        return {r.pk: r for r in _whole(r.merged_at_last for r in self._by_slug.values())}

    @cached_property
    def _by_title(self) -> dict[str, list[ConcreteRecord]]:
        new = [raw for raw in self.readable if raw.type in RECORD_MODELS]
        titles = {raw.title for raw in new if raw.key not in self._by_slug}
        capitals = [Upper(Value(title)) for title in sorted(titles)]
        same = Record.objects.alias(capitals=Upper("title")).filter(capitals__in=capitals)
        found: dict[str, list[ConcreteRecord]] = defaultdict(list)
        for record in _whole(same) if titles else ():
            found[record.title.upper()].append(record)
        return found

    def has_taken_in(self, record: Record) -> bool:
        """Whether others were merged into the record."""
        return record.pk in self._merged_into

    @cached_property
    def _merged_into(self) -> set[int]:
        merged = Record.objects.filter(merged_into__in=in_database(set(self._meant)))
        return {key for key in merged.values_list("merged_into", flat=True) if key}

    # Statements.

    def said(self, record: Record, model: Any) -> list[Any]:
        """The statements of that kind about it, as they were recorded.

        Always the same list, to which what the document adds may be appended.
        """
        known = self._statements[model]
        if record.pk not in known:
            keys = {record.pk, *self._meant} - known.keys()
            known.update({key: [] for key in keys})
            rows = model.objects.filter(record__in=in_database(keys)).order_by("pk")
            rows = rows.defer("recorded_at", "retired_because")  # nothing asks for them
            if model is Funding:
                rows = rows.select_related("restates", "supersedes", "part_of")
            for row in rows:
                known[row.record_id].append(row)
            carries = model.carries_model().objects.order_by()
            pairs = carries.filter(statement__record__in=in_database(keys))
            for statement, passage in pairs.values_list("statement_id", "evidence_id"):
                self._carriers[model, statement].add(passage)
        return known[record.pk]

    def carriers(self, statement: Statement) -> set[int]:
        """The numbers of the passages that carry a statement of those that `said` gave."""
        return self._carriers.get((type(statement), statement.pk), set())

    @cached_property
    def _statements(self) -> dict[Any, dict[int, list[Any]]]:
        return defaultdict(dict)

    @cached_property
    def _carriers(self) -> dict[Any, set[int]]:
        return defaultdict(set)

    # The document.

    def _said(self, *names: str) -> set[str]:
        """Every text that stands under one of these names, in any record."""
        return set().union(*(self._texts[name] for name in names))

    @cached_property
    def _texts(self) -> dict[str, set[str]]:
        """By the name under which they stand, all texts of the records."""
        found: dict[str, set[str]] = defaultdict(set)
        _collect([raw.data for raw in self.readable], found)
        return found


def _whole(records: Iterable[Record]) -> Iterator[ConcreteRecord]:
    """The initiatives, alliances and summits that the records are, in the order of their titles."""
    keys: dict[str, set[int]] = defaultdict(set)
    for record in records:
        keys[record.type].add(record.pk)
    for type_, some in keys.items():
        rows: Any = RECORD_MODELS[type_].objects.filter(pk__in=in_database(some))
        yield from rows.prefetch_related("sectors")


def _collect(value: Any, found: dict[str, set[str]]) -> None:
    """Add the texts of a record, but for its quotes, to those of their names."""
    if isinstance(value, list):
        for item in value:
            _collect(item, found)
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str):
                found[name].add(item)
            elif name != "quote":
                _collect(item, found)
