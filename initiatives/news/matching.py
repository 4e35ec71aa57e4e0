"""From the names in a document to the partners and records they mean.

Nothing is written here. A name that means nothing is a problem of its record, with its place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pycountry
from django.utils.translation import gettext

from initiatives.funding.models import Funding
from initiatives.funding.rollup import Money, Recurs, roll_up
from initiatives.models import (
    Figure,
    Framework,
    Initiative,
    KeyDate,
    Label,
    Labelling,
    Outcome,
    Participation,
    PartOf,
    Record,
    Sector,
    Statement,
    StatusStep,
    Summit,
)
from initiatives.news.format import NewsDocument, Problem, RawRecord
from partners.dates import PartialDate
from partners.models import Bloc, Country, Organisation, OrganisationName
from partners.names import UnknownName, fold

# How one statement about money may point at another of its record.
RELATIONS = ("restates", "part_of")


@dataclass(frozen=True, slots=True)
class Reference:
    """A record or organisation that this document brings: resolved when it has been written."""

    key: str


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another statement about money of the same record: resolved when it has been written."""

    key: str


@dataclass(slots=True)
class PlannedStatement:
    """A statement as the document has it; `fields` may hold References and Siblings."""

    model: type[Statement]
    place: str
    data: dict[str, Any]
    fields: dict[str, Any]


@dataclass(slots=True)
class Planned:
    """A record of the document with every name resolved, or the problems that reject it."""

    raw: RawRecord
    problems: list[Problem]
    fields: dict[str, Any] = field(default_factory=dict)
    sectors: list[Sector] = field(default_factory=list)
    statements: list[PlannedStatement] = field(default_factory=list)
    needs: list[tuple[str, str]] = field(default_factory=list)  # (place, key in this document)
    existing: Record | Organisation | None = None
    duplicate_of: Record | Organisation | None = None


class Matcher:
    """Resolves the names of one document, asking the database once for each name."""

    def __init__(self, news: NewsDocument) -> None:
        self.news = news
        self.sectors = {s.slug: s for s in Sector.objects.all()}
        self.labels = {label.slug: label for label in Label.objects.all()}
        self._found: dict[tuple[str, str], Any] = {}
        self._own_initiatives = {raw.key for raw in news.records if raw.type == "initiative"}
        self._own_organisations: dict[str, str] = {}  # by folded name
        organisations = [raw for raw in news.records if raw.type == "organisation"]
        self._own_keys = {raw.key for raw in organisations}
        called = [(raw.title, raw.key) for raw in organisations]
        called += [(name, raw.key) for raw in organisations for name in _names(raw)]
        for name, key in called:
            self._own_organisations.setdefault(fold(name), key)
        self.problems: list[Problem] = []
        self.needs: list[tuple[str, str]] = []

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
                    self._problem(f"{raw.place}/key", reason % {"key": raw.key})
                else:
                    seen.add(raw.key)
                    self._plan_record(item)
            planned.append(item)
        _check_siblings(planned)
        _reject_dependents(planned)
        return planned

    def _plan_record(self, item: Planned) -> None:
        data, place = item.raw.data, item.raw.place
        if item.raw.type == "organisation":
            self._plan_organisation(item)
            return
        item.existing = Record.objects.filter(slug=item.raw.key).first()
        if item.existing and item.existing.type != item.raw.type:
            reason = gettext("“%(key)s” is already the key of another kind of record (%(type)s)")
            values = {"key": item.raw.key, "type": item.existing.get_type_display()}
            self._problem(f"{place}/key", reason % values)
        if item.existing and item.existing.state == Record.State.WITHDRAWN:
            self._problem(f"{place}/key", gettext("the record was withdrawn"))
        if not item.existing:
            item.duplicate_of = _same_title(item.raw)
        item.fields = {
            name: data[name] for name in ("title", "summary", "kind", "ordinal") if name in data
        }
        item.fields["aliases"] = data.get("aliases", [])
        if "series" in data:
            item.fields["series"] = data["series"]
            if not fold(data["series"]):
                reason = gettext("the name “%(name)s” has no letter") % {"name": data["series"]}
                self._problem(f"{place}/series", reason)
        for n, slug in enumerate(data["sectors"]):
            if slug in self.sectors:
                item.sectors.append(self.sectors[slug])
            else:
                reason = gettext("unknown sector “%(name)s”") % {"name": slug}
                self._problem(f"{place}/sectors/{n}", reason)
        for name, (model, build) in STATEMENTS.items():
            for n, part in enumerate(data.get(name, [])):
                where = f"{place}/{name}/{n}"
                self._check_quote(model, part, where)
                fields = build(self, part, where)
                item.statements.append(PlannedStatement(model, where, part, fields))
        self._check_funding(data.get("funding", []), f"{place}/funding")

    def _plan_organisation(self, item: Planned) -> None:
        data, place = item.raw.data, item.raw.place
        item.existing = Organisation.objects.filter(slug=item.raw.key).first()
        aliases = enumerate(_names(item.raw))
        for where, name in [("name", item.raw.title), *((f"aliases/{n}", a) for n, a in aliases)]:
            folded = fold(name)
            if not folded:
                reason = gettext("the name “%(name)s” has no letter") % {"name": name}
                self._problem(f"{place}/{where}", reason)
            holder = OrganisationName.objects.filter(folded=folded[:500]).first()
            if holder and item.existing and holder.organisation_id == item.existing.pk:
                holder = None
            if holder and where == "name" and not item.existing:
                item.duplicate_of = holder.organisation
            elif holder and not item.duplicate_of:
                reason = gettext("the name “%(name)s” already belongs to “%(other)s”")
                values = {"name": name, "other": holder.organisation}
                self._problem(f"{place}/{where}", reason % values)
            if self._own_organisations.get(folded) != item.raw.key:
                reason = gettext("another organisation of the file is called “%(name)s”")
                self._problem(f"{place}/{where}", reason % {"name": name})
        item.fields = {"name": data["name"], "kind": data["kind"]}
        if "country" in data:
            item.fields["country"] = self.country(data["country"], f"{place}/country")
        if "parent" in data:
            item.fields["parent"] = self.organisation(data["parent"], f"{place}/parent")

    # Names. Each returns what the name means, or None after noting the problem.

    def country(self, name: str, place: str) -> Country | None:
        return self._lookup("country", Country.objects.named, name, place)

    def bloc(self, name: str, place: str) -> Bloc | None:
        return self._lookup("bloc", Bloc.objects.named, name, place)

    def organisation(self, name: str, place: str) -> Organisation | Reference | None:
        key = name if name in self._own_keys else self._own_organisations.get(fold(name))
        if key:
            self.needs.append((place, key))
            return Reference(key)
        return self._lookup("organisation", Organisation.objects.named, name, place)

    def label(self, slug: str, place: str) -> Label | None:
        if slug not in self.labels:
            self._problem(place, gettext("unknown label “%(name)s”") % {"name": slug})
        return self.labels.get(slug)

    def initiative(self, key: str, place: str) -> Initiative | Reference | None:
        if key in self._own_initiatives:
            self.needs.append((place, key))
            return Reference(key)
        return self._lookup("initiative", _initiative_named, key, place)

    def currency(self, code: str, place: str) -> str:
        if not (code.isupper() and pycountry.currencies.get(alpha_3=code)):
            self._problem(place, gettext("unknown currency “%(name)s”") % {"name": code})
        return code

    def _lookup(self, kind: str, find: Callable[[str], Any], name: str, place: str) -> Any:
        asked = (kind, name)
        if asked not in self._found:
            try:
                self._found[asked] = find(name)
            except UnknownName as error:
                self._found[asked] = error
        found = self._found[asked]
        if isinstance(found, UnknownName):
            self._problem(place, str(found))
            return None
        return found

    def _problem(self, place: str, reason: str) -> None:
        self.problems.append(Problem(place, reason))

    # Forms that the schema cannot say.

    def _check_quote(self, model: type[Statement], part: dict[str, Any], place: str) -> None:
        """A quote per value must name values that the statement has."""
        if isinstance(part["quote"], dict):
            known = {"amount", "value", "provider", "recipient", "record", *model.VALUES}
            for name in part["quote"].keys() - known:
                reason = gettext("unknown value “%(name)s”") % {"name": name}
                self._problem(f"{place}/quote/{name}", reason)

    def _check_funding(self, rows: list[dict[str, Any]], place: str) -> None:
        """Keys once, relations to rows that are there, no circles, no two rungs restated."""
        by_key = {row["key"]: row for row in rows}
        if len(by_key) < len(rows):
            self._problem(place, gettext("a funding key stands twice"))
            return
        for n, row in enumerate(rows):
            for relation in RELATIONS:
                other = by_key.get(row.get(relation, row["key"]))
                where = f"{place}/{n}/{relation}"
                if other is None:
                    reason = gettext("there is no funding “%(key)s” in this record")
                    self._problem(where, reason % {"key": row[relation]})
                elif _goes_round(row["key"], by_key, relation):
                    self._problem(where, gettext("it leads back to itself"))
                elif relation == "restates" and other["rung"] != row["rung"]:
                    self._problem(where, gettext("two rungs cannot restate each other"))
        if not self.problems:
            self._check_trees(rows, place)

    def _check_trees(self, rows: list[dict[str, Any]], place: str) -> None:
        """No circle of parts and restatements together, such as a part that restates its whole."""
        plain = [
            Money(row["key"], None, "", row["rung"], None, Recurs.ONCE,
                  row.get("restates"), row.get("part_of"))
            for row in rows
        ]  # fmt: skip
        try:
            roll_up(plain, currency="", rung="")
        except ValueError:
            self._problem(place, gettext("an amount would be part of itself"))


def _goes_round(key: str, by_key: dict[str, dict[str, Any]], relation: str) -> bool:
    above, steps = by_key[key].get(relation), 0
    while above in by_key and steps <= len(by_key):
        if above == key:
            return True
        above, steps = by_key[above].get(relation), steps + 1
    return False


def _names(raw: RawRecord) -> list[str]:
    aliases = raw.data.get("aliases", [])
    return [a for a in aliases if isinstance(a, str)] if isinstance(aliases, list) else []


def _initiative_named(key: str) -> Initiative:
    try:
        return Initiative.objects.get(slug=key)
    except Initiative.DoesNotExist:
        raise UnknownName(gettext("unknown initiative “%(name)s”") % {"name": key}) from None


def _same_title(raw: RawRecord) -> Record | None:
    """A record of that kind that is already called so, under another key."""
    same = Record.objects.filter(type=raw.type, title__iexact=raw.title)
    if raw.type == "summit":
        same = same.filter(summit__ordinal=raw.data.get("ordinal"))
    return same.first()


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
    slugs = {item.raw.key: item.duplicate_of.slug for item in planned if item.duplicate_of}
    rows = [
        (item, row, slugs.get(row.data["record"], row.data["record"]))
        for item in planned
        if not item.problems and not item.duplicate_of
        for row in _part_rows(item)
    ]
    for item, _row, whole in rows:
        wholes[item.raw.key].add(whole)
    for item, row, whole in rows:
        if item.raw.key in _above(whole, wholes):
            place = f"{row.place}/record"
            item.problems.append(Problem(place, gettext("it would be part of itself")))


def _above(key: str, links: Mapping[str, set[str]]) -> set[str]:
    """`key` and all that it leads to over the links."""
    found, todo = {key}, [key]
    while todo:
        new = links.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found


def _part_rows(item: Planned) -> list[PlannedStatement]:
    return [row for row in item.statements if row.model is PartOf]


# What each list of a record in the format is made into.


def _framework(m: Matcher, data: dict[str, Any], place: str) -> dict[str, Any]:
    return {"bloc": m.bloc(data["bloc"], f"{place}/bloc")}


def _part_of(m: Matcher, data: dict[str, Any], place: str) -> dict[str, Any]:
    return {"whole": m.initiative(data["record"], f"{place}/record")}


def _labelling(m: Matcher, data: dict[str, Any], place: str) -> dict[str, Any]:
    return {"label": m.label(data["label"], f"{place}/label")}


def _status(m: Matcher, data: dict[str, Any], place: str) -> dict[str, Any]:
    return {"status": data["status"], "date": _date(data, "date")}


def _key_date(m: Matcher, data: dict[str, Any], place: str) -> dict[str, Any]:
    return {"event": data["event"], "date": _date(data, "date")}


def _outcome(m: Matcher, data: dict[str, Any], place: str) -> dict[str, Any]:
    return {"initiative": m.initiative(data["record"], f"{place}/record"), "verb": data["verb"]}


def _party(m: Matcher, data: dict[str, Any], place: str) -> dict[str, Any]:
    found: dict[str, Any] = {"country": None, "organisation": None}
    if "country" in data:
        found["country"] = m.country(data["country"], f"{place}/country")
    if "organisation" in data:
        found["organisation"] = m.organisation(data["organisation"], f"{place}/organisation")
    return found


def _participation(m: Matcher, data: dict[str, Any], place: str) -> dict[str, Any]:
    if "country" in data and "organisation" in data:
        m._problem(place, gettext("a partner is a country or an organisation, not both"))
    if not {"country", "organisation", "person"} & data.keys():
        m._problem(place, gettext("the partner is not named: country, organisation or person"))
    since, until = _date(data, "since"), _date(data, "until")
    first, last = since and since.earliest, until and until.latest
    if first and last and last < first:
        m._problem(f"{place}/until", gettext("it ends before it began"))
    return {
        **_party(m, data, place),
        "person": data.get("person", ""),
        "role": data["role"],
        "since": since,
        "until": until,
        "place": data.get("place", ""),
    }


def _date(data: dict[str, Any], name: str) -> PartialDate | None:
    return PartialDate.parse(data[name]) if name in data else None


def _interval(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "low": Decimal(data["low"]),
        "high": None if data["high"] is None else Decimal(data["high"]),
        "qualifier": data["qualifier"],
        "words": data["words"],
    }


def _figure(m: Matcher, data: dict[str, Any], place: str) -> dict[str, Any]:
    return {
        "key": data["key"],
        "what": data["what"],
        "unit": data["unit"],
        "date": _date(data, "date"),
        **_interval(data["value"]),
    }


def _funding(m: Matcher, data: dict[str, Any], place: str) -> dict[str, Any]:
    amount = data["amount"]
    fields: dict[str, Any] = {
        name: data.get(name, "") for name in ("key", "rung", "purpose", "out_of_scope")
    }
    fields["period"] = _date(data, "period")
    if "missing" in amount:
        fields |= {"missing": amount["missing"], "qualifier": "unspecified"}
    else:
        fields |= _interval(amount)
        fields["currency"] = m.currency(amount["currency"], f"{place}/amount/currency")
        fields["currency_said"] = amount.get("currency_said", "")
    for side in ("provider", "recipient"):
        party = _party(m, data.get(side, {}), f"{place}/{side}")
        fields |= {f"{side}_{kind}": who for kind, who in party.items()}
    if "sector" in data:
        fields["sector"] = m.sectors.get(data["sector"])
        if not fields["sector"]:
            reason = gettext("unknown sector “%(name)s”") % {"name": data["sector"]}
            m._problem(f"{place}/sector", reason)
    fields["instruments"] = data.get("instruments", [])
    fields["recurs"] = data.get("recurs", Recurs.ONCE)
    for relation in RELATIONS:
        fields[relation] = Sibling(data[relation]) if relation in data else None
    return fields


Build = Callable[[Matcher, dict[str, Any], str], dict[str, Any]]
STATEMENTS: dict[str, tuple[type[Statement], Build]] = {
    "blocs": (Framework, _framework),
    "part_of": (PartOf, _part_of),
    "labels": (Labelling, _labelling),
    "partners": (Participation, _participation),
    "status": (StatusStep, _status),
    "dates": (KeyDate, _key_date),
    "funding": (Funding, _funding),
    "figures": (Figure, _figure),
    "outcomes": (Outcome, _outcome),
}
