"""An Atom 1.0 feed: an entry for each row, written while it is read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.xmlutils import SimplerXMLGenerator

from dashboards.exports.cells import flat, printable
from dashboards.exports.formats import FORMATS
from dashboards.exports.view import ListView, changed_at
from dashboards.licence import LICENCE

# Since when addresses of the site stand for the same things (RFC 4151).
TAGGED_SINCE = "2026"
SAID_ELSEWHERE = ("slug", "title", "url", "summary", "changed")


def tag(path: str) -> str:
    """A name for what stands at an address of this site, that never changes: a tag URI."""
    return f"tag:{urlsplit(settings.SITE_URL).hostname},{TAGGED_SINCE}:{path}"


class _Feed(Atom1Feed):
    """Django's feed, written in pieces; it is as old as the data version."""

    def __init__(self, view: ListView) -> None:
        self.view = view
        self.columns = view.every_column
        super().__init__(
            title=printable(view.title),
            link=view.address,
            description="",
            language=None,
            author_name="Accord",
            author_link=f"{settings.SITE_URL}/",
            feed_url=view.own_address,
            feed_guid=tag(view.request.path + _asked(view)),
            feed_copyright=f"{LICENCE.name}, {LICENCE.url}",
        )

    def latest_post_date(self) -> Any:
        return self.view.version.at

    def pieces(self) -> Iterator[str]:
        """The text of the feed, an entry at a time."""
        buffer = io.StringIO()
        handler: Any = SimplerXMLGenerator(buffer, "utf-8", short_empty_elements=True)
        handler.startDocument()
        handler.startElement("feed", self.root_attributes())
        self.add_root_elements(handler)
        yield _taken(buffer)
        for row in self.view.rows(self.columns):
            handler.startElement("entry", {})
            self.add_item_elements(handler, self._entry(row))
            handler.endElement("entry")
            yield _taken(buffer)
        handler.endElement("feed")
        yield _taken(buffer)

    def _entry(self, row: Any) -> dict[str, Any]:
        cells = {column.name: column.read(row) for column in self.columns}
        return {
            "title": printable(cells["title"]),
            "link": cells["url"],
            "unique_id": tag(row.get_absolute_url().partition("?")[0]),
            "description": escape(printable(_summary(cells))),
            "pubdate": None,
            "updateddate": changed_at(row, self.view.version),
            "author_name": None,
            "enclosures": [],
            "categories": [],
            "item_copyright": None,
        }


def atom_response(view: ListView) -> HttpResponse:
    """The rows as a feed, streamed."""
    media_type = f"{FORMATS['atom'].media_type}; charset=utf-8"
    return cast(Any, StreamingHttpResponse(_Feed(view).pieces(), content_type=media_type))


def _asked(view: ListView) -> str:
    return f"?{view.selection.query}" if view.selection.query else ""


def _summary(cells: dict[str, Any]) -> str:
    """The summary of the row; without one, what its other columns say."""
    if cells.get("summary"):
        return str(cells["summary"])
    said = ((name, flat(value)) for name, value in cells.items() if name not in SAID_ELSEWHERE)
    return "; ".join(f"{name}: {value}" for name, value in said if value != "")


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
