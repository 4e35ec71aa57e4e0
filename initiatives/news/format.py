"""The format accord.news/1: bytes in, a checked document out. Pure: no database.

The whole file is refused where it cannot be read as what it says it is. A record that is wrong
in itself is reported by its place and leaves the others alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

import jsonschema_rs
from django.conf import settings
from django.utils.translation import gettext
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

from partners.dates import PartialDate

FORMAT = "accord.news/1"
SCHEMA = settings.BASE_DIR / "fixtures" / "news.schema.json"
RECORD_TYPES = ("organisation", "initiative", "alliance", "summit")
DEEPEST = 20


class Refused(ValueError):
    """The file as a whole cannot be imported; the message says why and where."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a record is rejected: `place` is a JSON pointer (RFC 6901) into the file."""

    place: str
    reason: str


@dataclass(slots=True)
class RawRecord:
    """One record of a document as it stands in the file, with what is wrong with its form."""

    place: str
    data: dict[str, Any]
    problems: list[Problem]

    @property
    def type(self) -> str:
        return str(self.data.get("type", ""))

    @property
    def key(self) -> str:
        return str(self.data.get("key", ""))

    @property
    def title(self) -> str:
        return str(self.data.get("title") or self.data.get("name") or "")

    @property
    def aliases(self) -> list[str]:
        """The other names, as far as they are names."""
        found = self.data.get("aliases", [])
        return [a for a in found if isinstance(a, str)] if isinstance(found, list) else []


Path = tuple[str | int, ...]  # names and numbers that lead to a part of the file


@dataclass(slots=True)
class NewsDocument:
    """A readable document: publisher and article metadata, the brief, and the records."""

    publisher: dict[str, Any]
    article: dict[str, Any]
    brief: str
    records: list[RawRecord]
    # Where in the brief quotes begin, of those that were looked for.
    begins: dict[str, int] = field(default_factory=dict)

    def begin_of(self, quote: str) -> int:
        """Where in the brief the quote begins first; ValueError if it is not there."""
        if quote not in self.begins:
            self.begins[quote] = self.brief.index(quote)
        return self.begins[quote]


def read(content: bytes) -> NewsDocument:
    """The document in `content`; Refused if it is not one."""
    if len(content) > settings.NEWS_MAX_BYTES:
        raise Refused(
            gettext("the file is too large: at most %(most)s bytes are read")
            % {"most": settings.NEWS_MAX_BYTES}
        )
    data = _read_json(content)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise Refused(gettext("the file does not say “format”: “%(format)s”") % {"format": FORMAT})
    if problem := best_match(_envelope().iter_errors(data)):
        raise Refused(f"{pointer(*problem.absolute_path)}: {_reason(problem)}")
    if len(data["records"]) > settings.NEWS_MAX_RECORDS:
        reason = gettext("the file has %(n)s records; at most %(most)s are read: split it")
        raise Refused(reason % {"n": len(data["records"]), "most": settings.NEWS_MAX_RECORDS})
    _check_date(data["article"]["published"], "/article/published")
    records = [check_record(raw, f"/records/{n}") for n, raw in enumerate(data["records"])]
    document = NewsDocument(data["publisher"], data["article"], data["brief"], records)
    for record in records:
        for path, quote in quotes(record.data):
            try:
                document.begin_of(quote)
            except ValueError as error:
                raise Refused(
                    gettext("%(place)s: the quote “%(quote)s” is not in the brief")
                    % {"place": record.place + pointer(*path), "quote": shorten(quote)}
                ) from error
    return document


def quotes(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every quote in a part of the file, with the names and numbers that lead to it."""
    if isinstance(value, list):
        for n, item in enumerate(value):
            if isinstance(item, list | dict):
                yield from quotes(item, (*path, n))
    elif isinstance(value, dict):
        for name, item in value.items():
            if name != "quote":
                if isinstance(item, list | dict):
                    yield from quotes(item, (*path, name))
            elif isinstance(item, str):
                yield (*path, name), item
            elif isinstance(item, dict):
                for part, words in item.items():
                    if isinstance(words, str):
                        yield (*path, name, part), words


def pointer(*path: str | int) -> str:
    """The JSON pointer (RFC 6901) of names and numbers."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def shorten(text: str, most: int = 80) -> str:
    """`text`, or its beginning where it is long."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _read_json(content: bytes) -> Any:
    def no_constant(name: str) -> None:
        raise ValueError(gettext("%(name)s is not a number") % {"name": name})

    def no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twin = next(name for name in names if names.count(name) > 1)
            raise ValueError(gettext("the name “%(name)s” stands twice") % {"name": twin})
        return found

    try:
        data = json.loads(
            content.decode("utf-8-sig"),
            parse_constant=no_constant,
            parse_float=_number,
            parse_int=_integer,
            object_pairs_hook=no_twins,
        )
    except UnicodeDecodeError as error:
        raise Refused(gettext("the file is not UTF-8: byte %(n)s") % {"n": error.start}) from error
    except RecursionError as error:
        raise Refused(gettext("the file is nested too deeply")) from error
    except ValueError as error:
        raise Refused(gettext("the file is not JSON: %(error)s") % {"error": error}) from error
    _check_tree(data, DEEPEST)
    return data


def _integer(text: str) -> int:
    if len(text) > 30:
        raise ValueError(gettext("%(n)s is out of range") % {"n": shorten(text)})
    return int(text)


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise ValueError(gettext("%(n)s is out of range") % {"n": shorten(text)}) from error


def _check_tree(value: Any, depth_left: int) -> None:
    """Refuse what no database column can hold: nulls, halves of characters, endless nesting."""
    if depth_left == 0:
        raise Refused(gettext("the file is nested too deeply"))
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict | list):
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            if type(item) is str and depth_left > 1:
                _check_text(item)
            else:
                _check_tree(item, depth_left - 1)


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise Refused(gettext("the file holds a null character"))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Refused(gettext("the file holds half a character (a lone surrogate)")) from error


def check_record(raw: Any, place: str) -> RawRecord:
    """A record as it stands, with what is wrong with its form."""
    if not isinstance(raw, dict):
        return RawRecord(place, {}, [Problem(place, gettext("a record is an object"))])
    record = RawRecord(place, raw, [])
    if record.type not in RECORD_TYPES:
        reason = gettext("unknown type “%(type)s”") % {"type": shorten(record.type)}
        record.problems.append(Problem(f"{place}/type", reason))
        return record
    sound = _gate(record.type).is_valid(raw)
    for error in () if sound else _validator(record.type).iter_errors(raw):
        deepest = best_match([error])
        deeper = pointer(*deepest.absolute_path)
        record.problems.append(Problem(place + deeper, _reason(deepest)))
    if not record.problems:
        record.problems += _check_values(raw, place)
    return record


def _check_values(value: Any, place: str) -> Iterator[Problem]:
    """Dates that no calendar has, intervals upside down, numbers out of range."""
    if isinstance(value, list):
        for n, item in enumerate(value):
            yield from _check_values(item, f"{place}/{n}")
        return
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        if name == "quote":  # words of the article, or of each value by its name
            continue
        if name in ("date", "since", "until", "period"):
            try:
                PartialDate.parse(item)
            except ValueError as error:
                yield Problem(f"{place}/{name}", str(error))
        elif isinstance(item, dict | list):
            yield from _check_values(item, place + pointer(name))
    low, high = value.get("low"), value.get("high")
    if isinstance(low, int | Decimal):
        for name, number in (("low", low), ("high", high)):
            if isinstance(number, int | Decimal) and not storable(number):
                reason = gettext("the number has more than 15 digits, or more than 2 decimals")
                yield Problem(f"{place}/{name}", reason)
        if isinstance(high, int | Decimal) and high < low:
            yield Problem(f"{place}/high", gettext("the low end must not exceed the high end"))


def storable(number: int | Decimal) -> bool:
    """Whether the columns keep the number exactly: on SQLite they keep 15 digits."""
    number = Decimal(number)
    if number.adjusted() >= 22:
        return False
    kept = number.quantize(Decimal("0.01"))
    return kept == number and len(kept.normalize().as_tuple().digits) <= 15


def _check_date(value: Any, place: str) -> None:
    if isinstance(value, str):
        try:
            PartialDate.parse(value)
        except ValueError as error:
            raise Refused(f"{place}: {error}") from error


@cache
def _schema() -> dict[str, Any]:
    return json.loads(SCHEMA.read_text())


@cache
def _envelope() -> Draft202012Validator:
    return Draft202012Validator(_schema())


@cache
def _gate(record_type: str) -> jsonschema_rs.Draft202012Validator:
    """Says whether a record has the form, in a fraction of the time in which `_validator` says why not."""
    return jsonschema_rs.Draft202012Validator(_schema_of(record_type))


@cache
def _validator(record_type: str) -> Any:
    return Strict(_schema_of(record_type))


def _schema_of(record_type: str) -> dict[str, Any]:
    definitions = _schema()["$defs"]
    return {**definitions[record_type], "$defs": definitions}


def _is_integer(_checker: Any, value: Any) -> bool:
    """1.0 is an integer, as JSON Schema has it."""
    if isinstance(value, Decimal):
        return value == value.to_integral_value()
    return isinstance(value, int) and not isinstance(value, bool)


Strict: Any = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


def _schema_list(value: Any) -> list[Any]:
    return list(value)


def _reason(error: ValidationError) -> str:
    """The validator's message, which names the field or value; long values are cut."""
    if error.validator == "enum":
        allowed = ", ".join(map(str, _schema_list(error.validator_value)))
        return gettext("unknown value “%(value)s”; known are %(allowed)s") % {
            "value": shorten(str(error.instance)),
            "allowed": allowed,
        }
    if error.validator == "minimum":
        return gettext("%(value)s is less than %(least)s") % {
            "value": error.instance,
            "least": error.validator_value,
        }
    message = error.message
    if isinstance(error.instance, Decimal):
        message = message.replace(repr(error.instance), str(error.instance))
    return shorten(message, 300)
