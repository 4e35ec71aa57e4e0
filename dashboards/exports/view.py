"""A list as it is taken away: its rows, its columns, what it says of itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from dashboards.columns import Column, absolute, with_addresses
from dashboards.lists import SINGULAR, Listing
from initiatives.selection import Selection
from partners.history.changes import version_moment
from partners.history.moment import Moment

# The columns that each object of the JSON has, whichever are asked for.
ALWAYS = ("slug", "title", "url")


class ListView:
    """Exactly the rows of a selection, for whoever writes them down."""

    def __init__(self, listing: Listing, selection: Selection, request: HttpRequest) -> None:
        self.listing, self.selection, self.request = listing, selection, request

    @cached_property
    def every_column(self) -> list[Column]:
        """All columns of the list, for formats whose shape has no columns."""
        return with_addresses(self.listing.columns, self.url_of)

    @cached_property
    def columns(self) -> list[Column]:
        """The columns that are asked for; all, if no one said which."""
        chosen = {column.name for column in self.listing.chosen(self.selection)}
        return [c for c in self.every_column if c.name in chosen or not chosen]

    @property
    def of_objects(self) -> list[Column]:
        """The same with those that an object for each row always has."""
        return [c for c in self.every_column if c in self.columns or c.name in ALWAYS]

    @cached_property
    def version(self) -> Moment:
        """The data version of the rows."""
        return version_moment()

    def url_of(self, row: Any) -> str:
        """The address of a row in full."""
        return absolute(self.request, row)

    def rows(self, columns: Iterable[Column] | None = None) -> Iterator[Any]:
        """The rows in the order that is asked for, read a few hundred at a time, with what the
        columns read: those of the view, unless others are named.
        """
        return self.listing.rows(
            self.selection, columns=self.columns if columns is None else columns
        )

    @property
    def title(self) -> str:
        """The filter in words."""
        return self.selection.words

    @property
    def address(self) -> str:
        """The address of the page with these rows."""
        path = reverse(f"{SINGULAR[self.listing.name]}_list")
        return self.request.build_absolute_uri(f"{path}?{self.selection.query}".rstrip("?"))

    @property
    def own_address(self) -> str:
        """The address under which it was asked for, without what was left open."""
        path = f"{self.request.path}?{self.selection.query}".rstrip("?")
        return self.request.build_absolute_uri(path)


def changed_at(row: Any, version: Moment) -> dt.datetime:
    """When the row last changed; the time of the data version where that is not kept."""
    return getattr(row, "changed_at", None) or version.at
