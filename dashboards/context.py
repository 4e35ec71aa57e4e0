"""What every page may show in its frame."""

from django.http import HttpRequest

from initiatives.models import DataVersion


def site(request: HttpRequest) -> dict[str, object]:
    """The data version and the licence of the data, for the foot of the page."""
    return {"data_version": DataVersion.current(), "data_licence": "CC BY 4.0"}
