"""The changes of a saved view as an Atom 1.0 feed: an entry for each change of each record."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext

from dashboards.exports.atom import tag
from dashboards.exports.cells import printable
from dashboards.exports.formats import FORMATS
from dashboards.licence import LICENCE
from dashboards.watching.happenings import Happening
from dashboards.watching.models import SavedView


def feed_response(view: SavedView, found: list[Happening], reach: str) -> HttpResponse:
    """The feed; `reach` says how far back it goes."""
    about = gettext("Changes of %(words)s. %(reach)s")
    feed = _Feed(
        view,
        title=printable(gettext("%(name)s: changes") % {"name": view.name}),
        link=f"{settings.SITE_URL}{view.get_absolute_url()}",
        description="",
        subtitle=printable(about % {"words": view.shown.words, "reach": reach}),
        author_name="Accord",
        author_link=f"{settings.SITE_URL}/",
        feed_url=f"{settings.SITE_URL}{view.feed_path}",
        feed_guid=tag(view.get_absolute_url()),
        feed_copyright=f"{LICENCE.name}, {LICENCE.url}",
    )
    for one in found:
        content = render_to_string("watching/entry.html", {"one": one, "site": settings.SITE_URL})
        feed.add_item(
            title=printable(one.title),
            link=f"{settings.SITE_URL}{one.url}",
            description=printable(content),
            unique_id=tag(f"{view.get_absolute_url()}changes/{one.change.number}{one.url}"),
            updateddate=one.change.at,
            pubdate=one.change.at,
        )
    media_type = f"{FORMATS['atom'].media_type}; charset=utf-8"
    return HttpResponse(feed.writeString("utf-8"), content_type=media_type)


class _Feed(Atom1Feed):
    """Django's feed; without entries it is as old as the view."""

    def __init__(self, view: SavedView, **about: Any) -> None:
        self.view = view
        super().__init__(**about)

    def latest_post_date(self) -> Any:
        return super().latest_post_date() if self.items else self.view.made_at
