"""The sheet that an editor fills in: what of a record it shows, and what was typed into it.

A sheet has plain texts only. Its rows are made into the rows of the news format, so that one set of
rules (`initiatives.news`) says what a name means and which amounts may point at which.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext

from initiatives.desk.understanding import amount, date, quantity
from initiatives.funding.models import Funding
from initiatives.models import Article, Initiative, Label
from initiatives.news.format import NewsDocument, RawRecord
from initiatives.news.names import Names
from initiatives.news.publishing import SECTIONS
from partners.dates import PartialDate
from partners.models import Bloc, Country, Organisation
from partners.names import UnknownName, fold

# The rows that each type of record has, in the order of the page.
ROWS_OF: dict[str, tuple[str, ...]] = {
    "initiative": ("partners", "status", "money", "figures", "blocs", "labels", "part_of"),
    "alliance": ("partners", "dates", "figures", "blocs"),
    "summit": ("partners", "dates", "outcomes", "figures", "blocs"),
}
# What a list of rows is called in the news format, where that differs.
IN_NEWS = {"money": "funding"}


@dataclass(slots=True)
class TypedRow:
    """One row as it was typed. `values` has the fields that say something else than what the
    stored `statement` does; of a new row, all that are not empty.
    """

    section: str
    number: int
    values: dict[str, Any] = field(default_factory=dict)
    statement: int | None = None
    passages: list[str] | None = None  # None: as they are
    claimant: str | None = None  # None: as it is
    gone: bool = False
    new_organisation: dict[str, str] | None = None  # its kind and country

    @property
    def place(self) -> str:
        """How the fields of the row are called in the form."""
        return f"{self.section}-{self.number}"


@dataclass(slots=True)
class TypedArticle:
    """The article that passages point into: one that is stored, or the text of a new one."""

    stored: int | None = None
    title: str = ""
    publisher: str = ""
    url: str = ""
    published: PartialDate | None = None
    language: str = ""
    text: str = ""


@dataclass(slots=True)
class Sheet:
    """Everything that was typed. `about` has the descriptive fields of the record by name; of a
    stored record only those that differ from what was shown.
    """

    type: str
    about: dict[str, Any] = field(default_factory=dict)
    rows: list[TypedRow] = field(default_factory=list)
    article: TypedArticle = field(default_factory=TypedArticle)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a field, named as in the form; "" is the sheet as a whole."""

    field: str
    reason: str


class Wrong(Exception):
    """The sheet cannot be saved; `mistakes` says what to correct."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("; ".join(f"{m.field}: {m.reason}" for m in mistakes))
        self.mistakes = mistakes


class SheetNames(Names):
    """Resolves the names of a sheet: those of the database, and of organisations that it brings."""

    def __init__(self, sheet: Sheet, key: str, article: Article | None) -> None:
        self.own = RawRecord("", {"type": sheet.type, "key": key}, [])
        self.new = _new_organisations(sheet)
        country = article and article.publisher and article.publisher.country
        publisher = {"country": country.iso3} if country else {}
        super().__init__(NewsDocument(publisher, {}, "", [*self.new, self.own]))
        for raw in self.new:
            self.check_organisation(raw)

    def brings(self, name: str) -> bool:
        """Whether the sheet brings an organisation of that name."""
        return fold(name) in self._own_organisations

    def check_organisation(self, raw: RawRecord) -> None:
        """Note what is wrong with an organisation that the sheet brings."""
        if raw.data["kind"] not in Organisation.Kind.values:
            self.problem(f"{raw.place}/new-kind", gettext("say what kind of organisation it is"))
        if raw.data["country"]:
            self.country(raw.data["country"], f"{raw.place}/new-country")
        if len(raw.data["name"]) > 500:
            self.problem(raw.place, gettext("the name is too long"))


# Which fields of a row name a country or an organisation.
PARTIES = {"partners": ("who",), "money": ("provider", "recipient")}


def _new_organisations(sheet: Sheet) -> list[RawRecord]:
    """Organisations that rows say are new, each once; those that are known by now are not."""
    found: dict[str, RawRecord] = {}
    taken: set[str] = set()
    for row in sheet.rows:
        if row.new_organisation is None or row.gone:
            continue
        for party in PARTIES.get(row.section, ()):
            name = row.values.get(party) or ""
            folded = fold(name)
            if not folded or folded in found or _found(Organisation, name) or _found(Country, name):
                continue
            key = _free_key(slugify(name) or "organisation", taken, Organisation)
            taken.add(key)
            data = {"type": "organisation", "key": key, "name": name, **row.new_organisation}
            found[folded] = RawRecord(row.place, data, [])
    return list(found.values())


# --- From a statement to the texts that are shown --------------------------------------------------


def shown(section: str, statement: Any) -> dict[str, Any]:
    """The fields of a row as texts, by name, as the form shows a stored statement."""
    texts: dict[str, Any] = {name: _text(read(statement)) for name, read in _SHOWN[section].items()}
    if section == "money":
        texts["instruments"] = list(statement.instruments)
    carried = [c.evidence for c in statement.carried.all()]
    texts["passage"] = "\n".join(in_one_line(passage.words) for passage in carried)
    texts["claimant"] = carried[0].claimant if carried else ""
    return {**texts, "statement": str(statement.pk)}


def in_one_line(words: str) -> str:
    """The words with single spaces between them: a passage takes one line of the form."""
    return " ".join(words.split())


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _partner(country: Country | None, organisation: Organisation | None) -> str:
    return str(organisation or country or "")


def money_pointer(statement: Funding, relation: str) -> str:
    """What the statement points at: the key of money of its record, or "initiative#key"."""
    other = getattr(statement, relation)
    if other is None:
        return ""
    return (
        other.key if other.record_id == statement.record_id else f"{other.record.slug}#{other.key}"
    )


_SHOWN: dict[str, dict[str, Any]] = {
    "partners": {
        "who": lambda s: _partner(s.country, s.organisation),
        **{name: lambda s, n=name: getattr(s, n) for name in ("role", "since", "until", "person", "place")},
    },
    "status": {"status": lambda s: s.status, "date": lambda s: s.date},
    "dates": {"event": lambda s: s.event, "date": lambda s: s.date},
    "money": {
        "amount": lambda s: s.words,
        "provider": lambda s: _partner(s.provider_country, s.provider_organisation),
        "recipient": lambda s: _partner(s.recipient_country, s.recipient_organisation),
        "sector": lambda s: s.sector and s.sector.slug,
        **{name: lambda s, n=name: getattr(s, n) for name in ("rung", "period", "recurs", "purpose", "missing")},
        **{name: lambda s, n=name: money_pointer(s, n) for name in ("part_of", "restates", "supersedes")},
    },
    "figures": {
        "value": lambda s: s.words,
        **{name: lambda s, n=name: getattr(s, n) for name in ("what", "unit", "date")},
    },
    "blocs": {"bloc": lambda s: s.bloc},
    "labels": {"label": lambda s: s.label},
    "part_of": {"whole": lambda s: s.whole.title},
    "outcomes": {"initiative": lambda s: s.initiative.title, "verb": lambda s: s.verb},
}  # fmt: skip
FIELDS = {section: tuple(texts) + ("instruments",) * (section == "money") for section, texts in _SHOWN.items()}  # fmt: skip


# What every row has beside what it says.
MORE_FIELDS = ("passage", "claimant", "statement", "gone", "new", "new-kind", "new-country")


# --- From what was typed to a row of the news format -----------------------------------------------


def in_news_format(names: SheetNames, row: TypedRow, stored: Any, keys: set[str]) -> dict[str, Any]:
    """The row as the news format has it, without its quote: what is stored, and what was typed
    over it. `keys` are the keys that statements about money have already. What cannot be read is
    noted as a problem in `names`, at the place of the row and the name of the field in the form.
    """
    data = _stored_data(row.section, stored) if stored else {}
    for name, value in row.values.items():
        _WRITE.get((row.section, name), _plain)(names, row, data, name, value)
    noted = {problem.place for problem in names.problems}
    for name in _REQUIRED[row.section]:
        if not data.get(name) and f"{row.place}/{name}" not in noted:
            names.problem(f"{row.place}/{name}", _missing_because(row.section, name))
    nobody = not {"country", "organisation", "person"} & data.keys()
    if row.section == "partners" and nobody and f"{row.place}/who" not in noted:
        names.problem(f"{row.place}/who", gettext("say who takes part"))
    if row.section == "money" and "key" not in data:
        data["key"] = _free_key(
            slugify(data.get("purpose", "")) or data.get("rung") or "money", keys
        )
        keys.add(data["key"])
    if row.section == "figures" and "key" not in data:
        data["key"] = slugify(data.get("what", ""))[:100].strip("-") or "figure"
    return data


def _missing_because(section: str, name: str) -> str:
    if (section, name) == ("money", "amount"):
        return gettext("write the amount, or say why there is none")
    return gettext("this is missing")


# By the name of the news format; `_FORM_NAMES` has those of the form.
_REQUIRED = {
    "partners": ("role",),
    "status": ("status",),
    "dates": ("event", "date"),
    "money": ("amount", "rung"),
    "figures": ("value", "what", "unit"),
    "blocs": ("bloc",),
    "labels": ("label",),
    "part_of": ("record",),
    "outcomes": ("record", "verb"),
}
_FORM_NAMES = {
    ("partners", "country"): "who",
    ("partners", "organisation"): "who",
    ("part_of", "record"): "whole",
    ("outcomes", "record"): "initiative",
}


def form_field(place: str) -> str:
    """The name that the field at a place has in the form: "partners-0/country" is "partners-0-who".

    The place of a row alone is its first field.
    """
    row, _, inside = place.partition("/")
    section = row.rpartition("-")[0]
    name = inside.partition("/")[0]
    if section not in SECTIONS:
        return place
    name = _FORM_NAMES.get((section, name), name)
    return f"{row}-{name if name in (*FIELDS[section], *MORE_FIELDS) else FIELDS[section][0]}"


def _plain(names: SheetNames, row: TypedRow, data: dict[str, Any], name: str, value: Any) -> None:
    if value in ("", None, []):
        data.pop(name, None)
    else:
        data[name] = value


def _date(names: SheetNames, row: TypedRow, data: dict[str, Any], name: str, value: str) -> None:
    data.pop(name, None)
    if value:
        try:
            data[name] = date(value).text
        except ValueError as error:
            names.problem(f"{row.place}/{name}", str(error))


def _who(names: SheetNames, row: TypedRow, data: dict[str, Any], name: str, value: str) -> None:
    data.pop("country", None)
    data.pop("organisation", None)
    data |= _party(names, row, name, value)


def _side(names: SheetNames, row: TypedRow, data: dict[str, Any], name: str, value: str) -> None:
    data.pop(name, None)
    if party := _party(names, row, name, value):
        data[name] = party


def _party(names: SheetNames, row: TypedRow, name: str, value: str) -> dict[str, str]:
    """{"country": ...} or {"organisation": ...}; nothing of an empty or unknown name."""
    if not value:
        return {}
    country, organisation = _found(Country, value), _found(Organisation, value)
    if country and organisation:
        reason = gettext("“%(name)s” is a country and an organisation: write %(code)s or %(slug)s")
        values = {"name": value, "code": country.iso3, "slug": organisation.slug}
        names.problem(f"{row.place}/{name}", reason % values)
        return {}
    if country:
        return {"country": country.iso3}
    if organisation:
        return {"organisation": organisation.slug}
    if _found(Bloc, value):
        reason = gettext(
            "“%(name)s” is a bloc: put it under “Run under”; here stands a country or an organisation"
        )
    elif names.brings(value):
        return {"organisation": value}
    else:
        reason = gettext(
            "there is no country or organisation “%(name)s”; to add it, tick “A new organisation”"
            " under “An organisation that is not known yet”"
        )
    names.problem(f"{row.place}/{name}", reason % {"name": value})
    return {}


def is_nobody(name: str) -> bool:
    """Whether there is no country, organisation or bloc of that name."""
    return bool(name) and not any(_found(model, name) for model in (Country, Organisation, Bloc))


def _found(model: Any, name: str) -> Any:
    try:
        return model.objects.named(name)
    except UnknownName:
        return None


def _amount(names: SheetNames, row: TypedRow, data: dict[str, Any], name: str, value: str) -> None:
    data.pop("amount", None)
    if not value:
        return
    try:
        amount(value, names.printed_in)
    except ValueError as error:
        names.problem(f"{row.place}/amount", str(error))
    else:
        data["amount"] = {"words": value}


def _missing(names: SheetNames, row: TypedRow, data: dict[str, Any], name: str, value: str) -> None:
    there = data.get("amount", {})
    if value and "missing" not in there and there:
        reason = gettext("there is an amount: take one of the two away")
        names.problem(f"{row.place}/missing", reason)
    elif value:
        data["amount"] = {"missing": value}
    elif "missing" in there:
        del data["amount"]


def _pointer(names: SheetNames, row: TypedRow, data: dict[str, Any], name: str, value: str) -> None:
    record, hash_, key = value.rpartition("#")
    data[name] = {"record": record, "funding": key} if hash_ else value or None


def _value(names: SheetNames, row: TypedRow, data: dict[str, Any], name: str, value: str) -> None:
    data.pop("value", None)
    if not value:
        return
    try:
        said = quantity(value)
    except ValueError as error:
        names.problem(f"{row.place}/value", str(error))
    else:
        data["value"] = {
            "low": said.low,
            "high": said.high,
            "qualifier": said.qualifier.value,
            "words": said.words,
        }


def _label(names: SheetNames, row: TypedRow, data: dict[str, Any], name: str, value: str) -> None:
    wanted = fold(value)
    found = (x for x in Label.objects.all() if wanted in {fold(x.name), fold(x.slug)})
    label = next(found, None)
    data["label"] = label.slug if label else value


def _record(names: SheetNames, row: TypedRow, data: dict[str, Any], name: str, value: str) -> None:
    """An initiative by its slug or title."""
    called = Initiative.objects.called(value)[:2]
    if len(called) > 1 and not Initiative.objects.filter(slug=value).exists():
        reason = gettext(
            "several initiatives are called “%(name)s”: write the last part of its address"
        )
        names.problem(f"{row.place}/record", reason % {"name": value})
    by_slug = Initiative.objects.filter(slug=value).exists()
    data["record"] = called[0].slug if called and not by_slug else value


_WRITE: dict[tuple[str, str], Any] = {
    ("partners", "who"): _who,
    ("partners", "since"): _date,
    ("partners", "until"): _date,
    ("status", "date"): _date,
    ("dates", "date"): _date,
    ("money", "amount"): _amount,
    ("money", "missing"): _missing,
    ("money", "period"): _date,
    ("money", "provider"): _side,
    ("money", "recipient"): _side,
    **{("money", relation): _pointer for relation in ("part_of", "restates", "supersedes")},
    ("figures", "value"): _value,
    ("figures", "date"): _date,
    ("labels", "label"): _label,
    ("part_of", "whole"): _record,
    ("outcomes", "initiative"): _record,
}


def _free_key(wanted: str, taken: set[str], model: Any = None) -> str:
    """A key made from `wanted` that is not taken, and that no row of the model has as its slug."""
    wanted = wanted[:90].strip("-")
    found, n = wanted, 1
    while found in taken or (model and model.objects.filter(slug=found).exists()):
        n += 1
        found = f"{wanted}-{n}"
    return found


# --- From a statement to a row of the news format --------------------------------------------------


def _stored_data(section: str, s: Any) -> dict[str, Any]:
    data = _STORED[section](s)
    return {name: value for name, value in data.items() if value not in ("", None, [])}


def _edtf(value: PartialDate | None) -> str | None:
    return value.text if value else None


def _of_party(country: Country | None, organisation: Organisation | None) -> dict[str, str]:
    if country:
        return {"country": country.iso3}
    return {"organisation": organisation.slug} if organisation else {}


def _of_money(s: Funding) -> dict[str, Any]:
    stated = {
        "low": s.low,
        "high": s.high,
        "qualifier": s.qualifier,
        "currency": s.currency,
        "currency_said": s.currency_said,
        "words": s.words,
    }
    data: dict[str, Any] = {
        name: getattr(s, name)
        for name in ("key", "rung", "purpose", "instruments", "recurs", "out_of_scope")
    }
    data["amount"] = {"missing": s.missing} if s.missing else stated
    data["period"] = _edtf(s.period)
    data["sector"] = s.sector and s.sector.slug
    data["provider"] = _of_party(s.provider_country, s.provider_organisation) or None
    data["recipient"] = _of_party(s.recipient_country, s.recipient_organisation) or None
    for relation in ("restates", "part_of"):
        record, hash_, key = money_pointer(s, relation).rpartition("#")
        data[relation] = {"record": record, "funding": key} if hash_ else key
    return data


_STORED: dict[str, Any] = {
    "partners": lambda s: {
        **_of_party(s.country, s.organisation),
        "person": s.person,
        "role": s.role,
        "since": _edtf(s.since),
        "until": _edtf(s.until),
        "place": s.place,
    },
    "status": lambda s: {"status": s.status, "date": _edtf(s.date)},
    "dates": lambda s: {"event": s.event, "date": _edtf(s.date)},
    "money": _of_money,
    "figures": lambda s: {
        "key": s.key,
        "what": s.what,
        "unit": s.unit,
        "date": _edtf(s.date),
        "value": {"low": s.low, "high": s.high, "qualifier": s.qualifier, "words": s.words},
    },
    "blocs": lambda s: {"bloc": s.bloc.slug},
    "labels": lambda s: {"label": s.label.slug},
    "part_of": lambda s: {"record": s.whole.slug},
    "outcomes": lambda s: {"record": s.initiative.slug, "verb": s.verb},
}
