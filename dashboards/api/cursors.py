"""How a list is paged: `page_size` rows behind the place that `cursor` names."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext

from dashboards.lists import Listing
from dashboards.views.lists import SIZES
from initiatives.keyset import Place
from initiatives.selection import Selection

USUAL, MOST = SIZES[0], max(SIZES)
NAMES = ("cursor", "page_size")


class Pages:
    """Which page of a selection is asked for, and the way to the next.

    What is wrong with it is noted among the errors of the selection.
    """

    def __init__(self, listing: Listing, selection: Selection, request: HttpRequest) -> None:
        self.selection, self.request = selection, request
        # A cursor leads on in one order of one filter of one list: it is signed with them.
        self._signer = Signer(salt=f"{listing.name}?{selection.query}")
        self.size = self._size()
        self.place = self._place()

    def after(self, place: Place | None) -> str | None:
        """The address of the page behind that place; None without one."""
        if place is None:
            return None
        asked = QueryDict(self.selection.query, mutable=True)
        if "page_size" in self.request.GET:
            asked["page_size"] = str(self.size)
        asked["cursor"] = self._signer.sign_object(place, compress=True)
        return self.request.build_absolute_uri(f"{self.request.path}?{asked.urlencode()}")

    def _asked(self, name: str) -> str:
        values = list(dict.fromkeys(self.request.GET.getlist(name)))
        if len(values) > 1:
            self.selection.errors[name] = [gettext("Give one value only.")]
            return ""
        return values[0] if values else ""

    def _size(self) -> int:
        text = self._asked("page_size")
        if not text:
            return USUAL
        size = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
        if not 1 <= size <= MOST:
            said = gettext("Enter a number of rows, 1 to %(most)s.") % {"most": MOST}
            self.selection.errors["page_size"] = [said]
        return size

    def _place(self) -> Place | None:
        text = self._asked("cursor")
        if not text or self.selection.errors:
            return None
        try:
            return tuple(self._signer.unsign_object(text))
        except BadSignature:
            self.selection.errors["cursor"] = [
                gettext("This leads on in no list of this filter and order: follow “next”.")
            ]
            return None
