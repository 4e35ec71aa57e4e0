"""What every page may show in its frame."""

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest

from dashboards.licence import LICENCE
from partners.history.asking import in_words
from partners.history.changes import data_version
from partners.history.moment import asked_moment


def site(request: HttpRequest) -> dict[str, object]:
    """The words searched for; the data version and the licence of the data for the foot;
    in words as of when the page is, if it is of the past.
    """
    try:
        searched = request.GET.get("q", "")
    except SuspiciousOperation:  # the page says so itself
        searched = ""
    moment = asked_moment()
    return {
        "searched": searched,
        "as_of": in_words(moment) if moment else "",
        "data_version": data_version(),
        "data_licence": LICENCE,
    }
