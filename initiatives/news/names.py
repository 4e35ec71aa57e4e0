"""From the names in a document to what they mean. Nothing is written here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeVar

import pycountry
from django.utils.translation import gettext

from initiatives.models import Initiative, Label, PartOf, Sector
from initiatives.news.format import NewsDocument, Problem
from initiatives.news.plan import Reference
from initiatives.news.stored import Stored
from partners.models import Bloc, Country, Organisation
from partners.names import UnknownName, fold

Named = TypeVar("Named")


class Names:
    """Resolves the names of one document, asking the database once for all of them.

    Each question returns what the name means, or None after noting the problem of the record that
    is looked at, with its place.
    """

    def __init__(self, news: NewsDocument) -> None:
        self.news = news
        self.sectors = {s.slug: s for s in Sector.objects.all()}
        self.labels = {label.slug: label for label in Label.objects.all()}
        self.stored = Stored(news)
        self._unknown: dict[tuple[Callable[[str], Any], str], UnknownName] = {}
        self._own_initiatives = {raw.key for raw in news.records if raw.type == "initiative"}
        self._own_organisations: dict[str, str] = {}  # by folded name
        organisations = [raw for raw in news.records if raw.type == "organisation"]
        self._own_keys = {raw.key for raw in organisations}
        called = [(raw.title, raw.key) for raw in organisations]
        called += [(name, raw.key) for raw in organisations for name in raw.aliases]
        for name, key in called:
            self._own_organisations.setdefault(fold(name), key)
        self.problems: list[Problem] = []
        self.needs: list[tuple[str, str]] = []

    @property
    def printed_in(self) -> str:
        """The alpha-2 code of the publisher's country; "" where it is not known."""
        country = self.stored.countries.get(self.news.publisher.get("country", ""))
        return country.iso2 if country else ""

    def country(self, name: str, place: str) -> Country | None:
        return self._known(self.stored.countries, Country.objects.named, name, place)

    def bloc(self, name: str, place: str) -> Bloc | None:
        return self._known(self.stored.blocs, Bloc.objects.named, name, place)

    def organisation(self, name: str, place: str) -> Organisation | Reference | None:
        key = name if name in self._own_keys else self._own_organisations.get(fold(name))
        if key:
            self.needs.append((place, key))
            return Reference(key)
        return self._known(self.stored.organisations, Organisation.objects.named, name, place)

    def label(self, slug: str, place: str) -> Label | None:
        if slug not in self.labels:
            self.problem(place, gettext("unknown label “%(name)s”") % {"name": slug})
        return self.labels.get(slug)

    def initiative(self, key: str, place: str) -> Initiative | Reference | None:
        if key in self._own_initiatives:
            self.needs.append((place, key))
            return Reference(key)
        named = self.stored.record(key)
        if not isinstance(named, Initiative):
            self.problem(place, gettext("unknown initiative “%(name)s”") % {"name": key})
            return None
        return named

    def wholes_of(self, key: str) -> set[str]:
        """The keys of all initiatives that this one is part of, at whatever remove."""
        return above(key, self._wholes) - {key}

    @cached_property
    def _wholes(self) -> dict[str, set[str]]:
        """What each initiative is said to be part of, in this document or before it."""
        found: dict[str, set[str]] = defaultdict(set)
        for part, whole in PartOf.objects.current().values_list("record__slug", "whole__slug"):
            found[part].add(whole)
        for raw in self.news.records:
            if raw.type == "initiative" and not raw.problems:
                found[raw.key] |= {row["record"] for row in raw.data.get("part_of", [])}
        return found

    def funding_keys(self, record: str) -> set[str]:
        """The keys of the statements about money that this document has of a record.

        Of records with one key the first that has the form is the one that counts.
        """
        called = (raw for raw in self.news.records if raw.key == record and not raw.problems)
        first = next(called, None)
        if first is None or first.type != "initiative":
            return set()
        return {row["key"] for row in first.data.get("funding", [])}

    def currency(self, code: str, place: str) -> str:
        if not (code.isupper() and pycountry.currencies.get(alpha_3=code)):
            self.problem(place, gettext("unknown currency “%(name)s”") % {"name": code})
        return code

    def _known(
        self, stored: dict[str, Named], find: Callable[[str], Named], name: str, place: str
    ) -> Named | None:
        """What was read of the document at once; what else is named is looked for, each name once."""
        if name not in stored and (find, name) not in self._unknown:
            try:
                stored[name] = find(name)
            except UnknownName as error:
                self._unknown[find, name] = error
        if name not in stored:
            self.problem(place, str(self._unknown[find, name]))
        return stored.get(name)

    def problem(self, place: str, reason: str) -> None:
        self.problems.append(Problem(place, reason))


def above(key: str, links: Mapping[str, set[str]]) -> set[str]:
    """`key` and all that it leads to over the links."""
    found, todo = {key}, [key]
    while todo:
        new = links.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found
