"""Statements about money in a document: their columns, and what they may point at."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives.funding.models import MOST, Funding
from initiatives.funding.rollup import Money, Reason, Recurs, roll_up
from initiatives.models import Record
from initiatives.news.names import Names
from initiatives.news.plan import Planned, PlannedStatement, Sibling, originals_first
from partners.dates import PartialDate

# How one statement about money may point at another.
RELATIONS = ("restates", "supersedes", "part_of")
# Those that stay on one rung, and why.
SAME_RUNG = {
    "restates": _("two rungs cannot restate each other"),
    "supersedes": _("another rung is no correction, but a statement of its own"),
}
# What a correction keeps of the corrected amount.
INHERITED = ("restates", "part_of")


def party(names: Names, data: dict[str, Any], place: str) -> dict[str, Any]:
    """A country or an organisation."""
    found: dict[str, Any] = {"country": None, "organisation": None}
    if "country" in data:
        found["country"] = names.country(data["country"], f"{place}/country")
    if "organisation" in data:
        found["organisation"] = names.organisation(data["organisation"], f"{place}/organisation")
    return found


def date(data: dict[str, Any], name: str) -> PartialDate | None:
    """A date that the format has checked; None if it is not given."""
    return PartialDate.parse(data[name]) if name in data else None


def interval(data: dict[str, Any]) -> dict[str, Any]:
    """A quantity that the format has checked."""
    return {
        "low": Decimal(data["low"]),
        "high": None if data["high"] is None else Decimal(data["high"]),
        "qualifier": data["qualifier"],
        "words": data["words"],
    }


def funding(names: Names, data: dict[str, Any], place: str) -> dict[str, Any]:
    """The columns of a statement about money, without what it points at."""
    amount = data["amount"]
    fields: dict[str, Any] = {
        name: data.get(name, "") for name in ("key", "rung", "purpose", "out_of_scope")
    }
    fields["period"] = date(data, "period")
    fields["recurs"] = data.get("recurs", Recurs.ONCE)
    if "missing" in amount:
        fields |= {"missing": amount["missing"], "qualifier": "unspecified"}
    else:
        fields |= interval(amount)
        fields["currency"] = names.currency(amount["currency"], f"{place}/amount/currency")
        fields["currency_said"] = amount.get("currency_said", "")
        _check_size(names, fields, place)
    for side in ("provider", "recipient"):
        who = party(names, data.get(side, {}), f"{place}/{side}")
        fields |= {f"{side}_{kind}": found for kind, found in who.items()}
    if "sector" in data:
        fields["sector"] = names.sectors.get(data["sector"])
        if not fields["sector"]:
            reason = gettext("unknown sector “%(name)s”") % {"name": data["sector"]}
            names.problem(f"{place}/sector", reason)
    fields["instruments"] = data.get("instruments", [])
    return fields


def _check_size(names: Names, fields: dict[str, Any], place: str) -> None:
    """An amount must be countable, a yearly one over all its years."""
    for name in ("low", "high"):
        if fields[name] is not None and fields[name] >= MOST:
            reason = gettext("Accord counts amounts below %(most)s")
            names.problem(f"{place}/amount/{name}", reason % {"most": f"{MOST:,}"})
    if fields["recurs"] == Recurs.ANNUALLY:
        money = Money("", None, "", "", fields["period"], Recurs.ANNUALLY)
        most = fields["low"] if fields["high"] is None else fields["high"]
        if most * len(money.years) >= MOST:
            reason = gettext("over %(n)s years the amount is more than Accord can count")
            names.problem(f"{place}/period", reason % {"n": len(money.years)})


# What they point at.


@dataclass(frozen=True, slots=True)
class Claim:
    """What a statement of the same initiative points at, by key."""

    rung: str
    restates: str | None = None
    supersedes: str | None = None
    part_of: str | None = None


def relate(names: Names, item: Planned) -> None:
    """Find what the record's statements about money point at; a problem for each that is wrong.

    A statement may point at another of its initiative, in this document or stored before it, and
    be part of one of an initiative that its own is part of.
    """
    rows = [row for row in item.statements if row.model is Funding]
    if not rows:
        return
    keys = [row.data["key"] for row in rows]
    if len(set(keys)) < len(keys):
        names.problem(f"{item.raw.place}/funding", gettext("a funding key stands twice"))
        return
    stored = _stored(names, item)
    _correct_restatements(rows, stored)
    for row in rows:
        for relation in RELATIONS:
            row.fields[relation] = None
            if row.data.get(relation) is not None:
                row.fields[relation] = _target(names, item, row, relation, set(keys), stored)
    _check_rungs(names, rows)
    _check_corrections(names, rows)
    for row in rows:
        _inherit(row, rows)
    if not names.problems:
        _check(names, rows, stored)


def _correct_restatements(rows: list[PlannedStatement], stored: dict[str, Funding]) -> None:
    """What restates a correction corrects the stored restatement of the same key."""
    corrections = {row.data["key"] for row in rows if row.data.get("supersedes")}
    for row in rows:
        there = stored.get(row.data["key"])
        if row.data.get("restates") in corrections and there and "supersedes" not in row.data:
            row.data = {**row.data, "supersedes": row.data["key"]}


def _check_rungs(names: Names, rows: list[PlannedStatement]) -> None:
    """The same money, or a correction of it, is on the same rung."""
    rung = {row.data["key"]: row.fields["rung"] for row in rows}
    for row in rows:
        for relation, reason in SAME_RUNG.items():
            target = row.fields[relation]
            if target is None:
                continue
            other = target.rung if isinstance(target, Funding) else rung[target.key]
            if other != row.fields["rung"]:
                names.problem(f"{row.place}/{relation}", str(reason))


def _check_corrections(names: Names, rows: list[PlannedStatement]) -> None:
    """What was corrected is not corrected again, but its correction is."""
    corrected: dict[Any, str] = {}
    for row in rows:
        target = row.fields["supersedes"]
        if target is None:
            continue
        place = f"{row.place}/supersedes"
        same = target.key if isinstance(target, Sibling) else target.pk
        if same in corrected:
            reason = gettext("“%(key)s” corrects the same: correct that one")
            names.problem(place, reason % {"key": corrected[same]})
        corrected[same] = row.data["key"]
        after = target.superseded_by.first() if isinstance(target, Funding) else None
        if after and after.key != row.data["key"]:
            reason = gettext("“%(old)s” was corrected by “%(new)s” already: correct that one")
            names.problem(place, reason % {"old": target.key, "new": after.key})


def _inherit(row: PlannedStatement, rows: list[PlannedStatement]) -> None:
    """A correction is part of what the corrected amount was part of, and restates the same.

    Unless it says otherwise: `null` says that it is part of nothing.
    """
    target, seen = row.fields["supersedes"], {row.data["key"]}
    while isinstance(target, Sibling) and not target.record and target.key not in seen:
        seen.add(target.key)
        old = next(r for r in rows if r.data["key"] == target.key)
        for relation in INHERITED:
            if relation not in row.data and row.fields[relation] is None:
                row.fields[relation] = old.fields[relation]
        target = old.fields["supersedes"]
    if isinstance(target, Funding):
        for relation in INHERITED:
            if relation not in row.data and row.fields[relation] is None:
                row.fields[relation] = getattr(target, relation)


def _stored(names: Names, item: Planned) -> dict[str, Funding]:
    """The statements that the record has, by key; those that stand before those that are retired."""
    if not isinstance(item.existing, Record):
        return {}
    rows: list[Funding] = names.stored.said(item.existing, Funding)
    return {row.key: row for row in sorted(rows, key=lambda r: (r.retired_at is None, r.pk))}


def _target(
    names: Names,
    item: Planned,
    row: PlannedStatement,
    relation: str,
    keys: set[str],
    stored: dict[str, Funding],
) -> Sibling | Funding | None:
    place, named = f"{row.place}/{relation}", row.data[relation]
    if isinstance(named, dict) and named["record"] != item.raw.key:
        return _elsewhere(names, item, named, place)
    key = named["funding"] if isinstance(named, dict) else named
    itself = key == row.data["key"]
    if key in keys and not (itself and relation == "supersedes"):
        return Sibling(key)
    if key in stored:
        return stored[key]
    reason = gettext("there is no funding “%(key)s” in this record")
    names.problem(place, reason % {"key": key})
    return None


def _elsewhere(
    names: Names, item: Planned, named: dict[str, str], place: str
) -> Sibling | Funding | None:
    """Money of another initiative, of which this one must be a part."""
    record, key = named["record"], named["funding"]
    if record not in names.wholes_of(item.raw.key):
        reason = gettext("it is money of “%(record)s”, of which this initiative is no part")
        names.problem(f"{place}/record", reason % {"record": record})
        return None
    if key in names.funding_keys(record):
        names.needs.append((f"{place}/record", record))
        return Sibling(key, record)
    home = Record.objects.filter(slug=record).first()
    of_home = Funding.objects.current().filter(record=home.merged_at_last.pk if home else None)
    there = of_home.filter(key=key).first()
    if there is None:
        reason = gettext("there is no funding “%(key)s” in “%(record)s”")
        names.problem(f"{place}/funding", reason % {"key": key, "record": record})
    return there


def _check(names: Names, rows: list[PlannedStatement], stored: dict[str, Funding]) -> None:
    """No circles, no amount that is part of itself."""
    claims = {key: _claim_of_stored(row) for key, row in stored.items() if row.retired_at is None}
    claims |= {row.data["key"]: _claim(row, stored) for row in rows}
    for row in rows:
        for relation in RELATIONS:
            if _goes_round(row.data["key"], claims, relation):
                names.problem(f"{row.place}/{relation}", gettext("it leads back to itself"))
    if not names.problems and not (_countable(claims) and _can_be_ordered(rows)):
        place = rows[0].place.rpartition("/")[0]
        names.problem(place, gettext("an amount would be part of itself"))


def _can_be_ordered(rows: list[PlannedStatement]) -> bool:
    """Whether each row can be written after those that it points at, by whatever relation."""
    try:
        originals_first(rows)
    except ValueError:
        return False
    return True


def _claim(row: PlannedStatement, stored: dict[str, Funding]) -> Claim:
    pointers = {}
    for relation in RELATIONS:
        target = row.fields[relation]
        here = isinstance(target, Sibling) and not target.record
        here = here or (isinstance(target, Funding) and stored.get(target.key) is target)
        pointers[relation] = target.key if here else None
        if pointers[relation] == row.data["key"] and isinstance(target, Funding):
            pointers[relation] = None  # the stored row of that key, which this one replaces
    return Claim(row.fields["rung"], **pointers)


def _claim_of_stored(row: Funding) -> Claim:
    near = {
        name: getattr(row, name).key
        for name in RELATIONS
        if getattr(row, name) and getattr(row, name).record_id == row.record_id
    }
    near = {name: key for name, key in near.items() if key != row.key}
    return Claim(row.rung, **near)


def _goes_round(key: str, claims: dict[str, Claim], relation: str) -> bool:
    above, steps = getattr(claims[key], relation), 0
    while above in claims and steps <= len(claims):
        if above == key:
            return True
        above, steps = getattr(claims[above], relation), steps + 1
    return False


def _countable(claims: dict[str, Claim]) -> bool:
    """Whether no circle goes over parts and restatements, such as a part that restates its whole."""
    after = {claim.supersedes: key for key, claim in claims.items() if claim.supersedes}

    def now(key: str | None) -> str | None:
        while key in after:
            key = after[key]
        return key

    plain = [
        Money(key, None, "", claim.rung, None, Recurs.ONCE, now(claim.restates), now(claim.part_of))
        for key, claim in claims.items()
        if key not in after
    ]
    try:
        roll_up(plain, lambda money: Reason.NO_AMOUNT, "")
    except ValueError:
        return False
    return True
