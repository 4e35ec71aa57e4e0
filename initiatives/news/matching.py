"""From the names in a document to the partners and records they mean.

Nothing is written here. A name that means nothing is a problem of its record, with its place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext

from initiatives.funding.models import Funding
from initiatives.models import PartOf, Record, Statement, Summit
from initiatives.news.format import Problem
from initiatives.news.money import relate
from initiatives.news.names import Names, above
from initiatives.news.plan import Planned, PlannedStatement, Reference, Sibling
from initiatives.news.spoken import read_amounts
from initiatives.news.statements import STATEMENTS
from partners.names import fold


class Matcher(Names):
    """Finds what each record of one document is to become."""

    def plan(self) -> list[Planned]:
        """Every record of the document; those with problems are to be rejected."""
        planned: list[Planned] = []
        seen: set[str] = set()
        for raw in self.news.records:
            self.problems, self.needs = list(raw.problems), []
            item = Planned(raw, self.problems, needs=self.needs)
            if not self.problems:
                if raw.key in seen:
                    reason = gettext("the key “%(key)s” stands twice in the file")
                    self.problem(f"{raw.place}/key", reason % {"key": raw.key})
                else:
                    seen.add(raw.key)
                    self._plan_record(item)
            planned.append(item)
        _check_siblings(planned)
        _drop_parts_of_themselves(planned)
        _point_past_duplicates(planned)
        _reject_dependents(planned)
        return planned

    def _plan_record(self, item: Planned) -> None:
        data, place = item.raw.data, item.raw.place
        if item.raw.type == "organisation":
            self._plan_organisation(item)
            return
        item.existing = known = self.stored.record(item.raw.key)
        if known and known.type != item.raw.type:
            reason = gettext("“%(key)s” is already the key of another kind of record (%(type)s)")
            values = {"key": item.raw.key, "type": known.get_type_display()}
            self.problem(f"{place}/key", reason % values)
        if known and known.state == Record.State.WITHDRAWN:
            self.problem(f"{place}/key", gettext("the record was withdrawn"))
        if not item.existing:
            item.duplicate_of = self.stored.called_like(item.raw)
        item.fields = {
            name: data[name] for name in ("title", "summary", "kind", "ordinal") if name in data
        }
        item.fields["aliases"] = data.get("aliases", [])
        if "series" in data:
            item.fields["series"] = data["series"]
            if not fold(data["series"]):
                reason = gettext("the name “%(name)s” has no letter") % {"name": data["series"]}
                self.problem(f"{place}/series", reason)
        for n, slug in enumerate(data["sectors"]):
            if slug in self.sectors:
                item.sectors.append(self.sectors[slug])
            else:
                reason = gettext("unknown sector “%(name)s”") % {"name": slug}
                self.problem(f"{place}/sectors/{n}", reason)
        if known and known.slug != item.raw.key:
            _describe_as_it_is(item, known)
        elif known and self.stored.has_taken_in(known):
            _describe_as_merged(item, known)
        for name, (model, build) in STATEMENTS.items():
            for where, part in self._parts(name, data, f"{place}/{name}"):
                self._check_quote(model, part, where)
                fields = build(self, part, where)
                item.statements.append(PlannedStatement(model, where, part, fields))
        if item.raw.type == "initiative":
            relate(self, item)

    def _parts(
        self, name: str, data: dict[str, Any], place: str
    ) -> Iterable[tuple[str, dict[str, Any]]]:
        """The rows of one list of a record with their places; amounts of money in numbers."""
        rows = data.get(name, [])
        if name != "funding":
            return [(f"{place}/{n}", row) for n, row in enumerate(rows)]
        found, problems = read_amounts(rows, place, self.printed_in)
        self.problems += problems
        return found

    def _plan_organisation(self, item: Planned) -> None:
        data, place = item.raw.data, item.raw.place
        known = self.stored.organisations.get(item.raw.key)
        item.existing = known if known and known.slug == item.raw.key else None
        others = ((f"aliases/{n}", a) for n, a in enumerate(item.raw.aliases))
        for where, name in [("name", item.raw.title), *others]:
            folded = fold(name)
            if not folded:
                reason = gettext("the name “%(name)s” has no letter") % {"name": name}
                self.problem(f"{place}/{where}", reason)
            holder = self.stored.names.get(folded[:500])
            if holder and item.existing and holder.organisation_id == item.existing.pk:
                holder = None
            if holder and where == "name" and not item.existing:
                item.duplicate_of = holder.organisation
            elif holder and not item.duplicate_of:
                reason = gettext("the name “%(name)s” already belongs to “%(other)s”")
                values = {"name": name, "other": holder.organisation}
                self.problem(f"{place}/{where}", reason % values)
            if self._own_organisations.get(folded) != item.raw.key:
                reason = gettext("another organisation of the file is called “%(name)s”")
                self.problem(f"{place}/{where}", reason % {"name": name})
        item.fields = {"name": data["name"], "kind": data["kind"]}
        if "country" in data:
            item.fields["country"] = self.country(data["country"], f"{place}/country")
        if "parent" in data:
            item.fields["parent"] = self.organisation(data["parent"], f"{place}/parent")

    # Forms that the schema cannot say.

    def _check_quote(self, model: type[Statement], part: dict[str, Any], place: str) -> None:
        """A quote per value must name values that the statement has."""
        if isinstance(part["quote"], dict):
            known = {"amount", "value", "provider", "recipient", "record", *model.VALUES}
            for name in part["quote"].keys() - known:
                reason = gettext("unknown value “%(name)s”") % {"name": name}
                self.problem(f"{place}/quote/{name}", reason)


def _describe_as_it_is(item: Planned, record: Record) -> None:
    """Leave the text of a record that was merged: how it is described was decided then."""
    item.fields = {"aliases": list(record.aliases)}
    item.sectors = list(record.sectors.all())


def _describe_as_merged(item: Planned, record: Record) -> None:
    """A record that others were merged into has their sectors too, and its titles as names."""
    if fold(item.fields["title"]) in {fold(alias) for alias in record.aliases}:
        item.fields["title"] = record.title
    known = {sector.pk for sector in item.sectors}
    item.sectors += [sector for sector in record.sectors.all() if sector.pk not in known]


def _drop_parts_of_themselves(planned: list[Planned]) -> None:
    """Leave out that a record is part of one that it was merged with."""
    known = {item.raw.key: item.existing for item in planned if item.existing}
    for item in planned:
        kept = []
        for row in item.statements:
            whole = row.fields.get("whole")
            whole = known.get(whole.key) if isinstance(whole, Reference) else whole
            merged = isinstance(whole, Record) and item.existing and whole.pk == item.existing.pk
            if not merged or row.data["record"] == item.raw.key:
                kept.append(row)
        item.statements = kept


def _check_siblings(planned: list[Planned]) -> None:
    """What may be there only once: a summit of a series and ordinal, in the file or before it."""
    seen: dict[tuple[str, int], str] = {}
    for item in planned:
        ordinal = item.fields.get("ordinal")
        if item.raw.type != "summit" or item.problems or ordinal is None or item.duplicate_of:
            continue
        slot = (fold(item.fields["series"]), ordinal)
        other = seen.setdefault(slot, item.raw.key)
        stored = (
            Summit.objects.filter(series__slug=series_slug(item.fields["series"]), ordinal=ordinal)
            .exclude(slug=item.raw.key)
            .first()
        )
        if other != item.raw.key or stored:
            reason = gettext("“%(other)s” is already number %(n)s of this series")
            values = {"other": stored or other, "n": ordinal}
            item.problems.append(Problem(f"{item.raw.place}/ordinal", reason % values))


def series_slug(name: str) -> str:
    """The slug of a summit series, for any script: its folded name, words joined by dashes."""
    return fold(name).replace(" ", "-")[:500]


def _point_past_duplicates(planned: list[Planned]) -> None:
    """Money of a record that is there already under another key is money of that one."""
    known = {item.raw.key: item.duplicate_of for item in planned if item.duplicate_of}
    for item in planned:
        for row in item.statements:
            target = row.fields.get("part_of")
            if not isinstance(target, Sibling) or target.record not in known:
                continue
            home = known[target.record]
            stored = Funding.objects.current().filter(record=home.pk, key=target.key).first()
            row.fields["part_of"] = stored
            if stored is None:
                reason = gettext("there is no funding “%(key)s” in “%(record)s”")
                values = {"key": target.key, "record": home}
                item.problems.append(Problem(f"{row.place}/part_of/funding", reason % values))


def _reject_dependents(planned: list[Planned]) -> None:
    """Reject what refers to a rejected record, or to itself in a circle, until nothing changes."""
    _reject_circles(planned)
    while True:
        standing = {item.raw.key for item in planned if not item.problems}
        fell = False
        for item in planned:
            if item.problems:
                continue
            for place, key in item.needs:
                if key not in standing:
                    reason = gettext("“%(key)s” of this file was rejected") % {"key": key}
                    item.problems.append(Problem(place, reason))
                    fell = True
        if not fell:
            return


def _reject_circles(planned: list[Planned]) -> None:
    wholes = defaultdict(set)
    stored = PartOf.objects.current().values_list("record__slug", "whole__slug")
    for part, whole in stored if any(_part_rows(item) for item in planned) else []:
        wholes[part].add(whole)
    # What is there already under another key is that record.
    there = ((item.raw.key, item.duplicate_of or item.existing) for item in planned)
    slugs = {key: record.slug for key, record in there if record}
    rows = [
        (item, row, _slug_of_whole(row, slugs))
        for item in planned
        if not item.problems and not item.duplicate_of
        for row in _part_rows(item)
    ]
    for item, _row, whole in rows:
        wholes[slugs.get(item.raw.key, item.raw.key)].add(whole)
    for item, row, whole in rows:
        if slugs.get(item.raw.key, item.raw.key) in above(whole, wholes):
            place = f"{row.place}/record"
            item.problems.append(Problem(place, gettext("it would be part of itself")))


def _slug_of_whole(row: PlannedStatement, slugs: dict[str, str]) -> str:
    whole = row.fields.get("whole")
    key = whole.slug if isinstance(whole, Record) else row.data["record"]
    return slugs.get(key, key)


def _part_rows(item: Planned) -> list[PlannedStatement]:
    return [row for row in item.statements if row.model is PartOf]
