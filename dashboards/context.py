"""What every page may show in its frame."""

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest

from partners.history.changes import data_version


def site(request: HttpRequest) -> dict[str, object]:
    """The words searched for; the data version and the licence of the data for the foot."""
    try:
        searched = request.GET.get("q", "")
    except SuspiciousOperation:  # the page says so itself
        searched = ""
    return {
        "searched": searched,
        "data_version": data_version(),
        "data_licence": "CC BY 4.0",
    }
