"""schema.org markup of a page that shows data: what search engines for data sets read."""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from dashboards.exports.formats import Twin
from dashboards.licence import LICENCE
from partners.history.moment import Moment

# What would end the element, or begin another.
INERT = str.maketrans({"<": "\\u003C", ">": "\\u003E", "&": "\\u0026"})


def dataset_markup(
    request: HttpRequest,
    name: str,
    description: str,
    address: str,
    files: Iterable[Twin],
    version: Moment,
) -> SafeString:
    """A Dataset with its files, as an element of the page. It is data: no browser runs it."""
    data = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": name,
        "description": description,
        "url": address,
        "version": str(version.number),
        "dateModified": version.at.isoformat(),
        "license": LICENCE.url,
        "isAccessibleForFree": True,
        "creator": {
            "@type": "Organization",
            "name": "Accord",
            "url": request.build_absolute_uri("/"),
        },
        "includedInDataCatalog": {
            "@type": "DataCatalog",
            "name": "Accord",
            "url": request.build_absolute_uri(reverse("data")),
        },
        "distribution": [
            {
                "@type": "DataDownload",
                "name": str(file.format.label),
                "encodingFormat": file.format.media_type,
                "contentUrl": request.build_absolute_uri(file.url),
            }
            for file in files
        ],
    }
    text = json.dumps(data, ensure_ascii=False).translate(INERT)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))
