"""Reading what pages are answered from before somebody asks."""

from __future__ import annotations

import logging
import threading

from django.db import DatabaseError, connection
from django.http import QueryDict

from dashboards.lists import INITIATIVES
from dashboards.views.pages import first_page
from initiatives.desk.names import names_of
from initiatives.facets import facet
from initiatives.models import Record
from initiatives.selection import Selection

logger = logging.getLogger(__name__)


def warm() -> None:
    """Have this process know what the first page and the list of initiatives are answered from.

    That is the index, which articles are public, and money, with a million records up to a minute;
    then, for as long again, the names among which likely duplicates of a title are looked for.
    What cannot be read now is read when it is asked.
    """
    try:
        first_page()
        everything = Selection(INITIATIVES.filters, QueryDict(), INITIATIVES.records())
        for name in INITIATIVES.facets:
            facet(everything, name)
        names_of(Record.Type.INITIATIVE)
    except DatabaseError:
        logger.warning("Nothing could be read ahead", exc_info=True)


def begin() -> threading.Thread:
    """Do so beside the answers to first requests, of which those that need it wait for it."""
    thread = threading.Thread(target=_alone, name="warming", daemon=True)
    thread.start()
    return thread


def _alone() -> None:
    try:
        warm()
    finally:
        connection.close()
