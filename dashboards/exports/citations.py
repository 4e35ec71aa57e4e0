"""How to cite what is shown: as a sentence, as BibTeX, as CSL-JSON."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from dashboards.columns import absolute
from dashboards.exports.answers import named
from dashboards.exports.cells import printable
from dashboards.exports.formats import CITATIONS, FORMATS, Twin, twins
from dashboards.exports.view import ListView
from dashboards.licence import LICENCE
from initiatives.models import Record
from partners.history.asking import PARAMETER
from partners.history.changes import version_moment
from partners.history.moment import Moment

AUTHOR = "Accord"
# LaTeX reads these characters as commands. Braces are counted even behind a backslash.
LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        **{sign: f"\\{sign}" for sign in "$&#_%"},
    }
)


@dataclass(frozen=True, slots=True)
class Citation:
    """What is cited, of which data version, and when it was looked at.

    `kind` is its type in CSL: "webpage" for a record, "dataset" for rows and numbers. `issued` is
    the day from which it has been as it is.
    """

    key: str
    kind: str
    title: str
    url: str
    version: Moment
    issued: dt.date
    accessed: dt.date

    @property
    def text(self) -> str:
        """The citation as a sentence, with its address."""
        return gettext("Accord, “%(title)s”. Data version %(version)s, %(date)s. %(url)s") % {
            "title": _one_line(self.title),
            "version": self.version.number,
            "date": date_format(self.accessed, "j F Y"),
            "url": self.url,
        }

    @property
    def note(self) -> str:
        """The version and the licence in words."""
        said = gettext("Data version %(version)s. Licence: %(licence)s.")
        return said % {"version": self.version.number, "licence": LICENCE.name}

    def bibtex(self) -> str:
        """An entry of BibTeX, in UTF-8."""
        fields = {
            "author": "{Accord}",
            "title": "{" + _latex(self.title) + "}",
            "year": str(self.issued.year),
            "date": self.issued.isoformat(),
            "version": str(self.version.number),
            "publisher": AUTHOR,
            "url": _bare(self.url),
            "urldate": self.accessed.isoformat(),
            "note": _latex(self.note),
        }
        body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
        return f"@misc{{{self.key},\n{body}\n}}\n"

    def csl(self) -> list[dict[str, Any]]:
        """The one item as CSL-JSON."""
        return [
            {
                "id": self.key,
                "type": self.kind,
                "title": _one_line(self.title),
                "author": [{"literal": AUTHOR}],
                "publisher": AUTHOR,
                "container-title": AUTHOR,
                "version": str(self.version.number),
                "URL": self.url,
                "issued": _date_parts(self.issued),
                "accessed": _date_parts(self.accessed),
                "note": self.note,
            }
        ]


@dataclass(frozen=True, slots=True)
class Box:
    """What a page says of how to cite it: the sentence, the files, the address that stays so."""

    citation: Citation
    files: list[Twin]
    fixed: str


def box(cited: Citation, path: str, query: str) -> Box:
    """How to cite what is at `path` under the query string."""
    return Box(cited, twins(path, query, CITATIONS), _fixed(cited.url, cited.version))


def _fixed(url: str, version: Moment) -> str:
    """The address of the same in this data version, whatever is written later."""
    if f"{PARAMETER}=" in url:
        return url
    mark = "&" if "?" in url else "?"
    return f"{url}{mark}{PARAMETER}={version_time(version)}"


def version_time(version: Moment) -> str:
    """The time of a data version as `as_of` understands it, to the microsecond."""
    return f"{version.at:%Y-%m-%dT%H:%M:%S.%fZ}"


def citation(
    key: str,
    kind: str,
    title: str,
    url: str,
    version: Moment | None = None,
    issued: dt.date | None = None,
) -> Citation:
    """A citation of a data version, the one that is read if none is named; looked at today."""
    version = version or version_moment()
    return Citation(
        key=f"accord-{key}",
        kind=kind,
        title=title,
        url=url,
        version=version,
        issued=issued or version.at.date(),
        accessed=timezone.localdate(),
    )


def citation_of_view(view: ListView) -> Citation:
    """How to cite the rows of a list."""
    key = _key_of(view.listing.name, view.selection.query)
    return citation(key, "dataset", view.title, view.address, view.version)


def citation_of_chart(slug: str, title: str, words: str, query: str, address: str) -> Citation:
    """How to cite the numbers of a chart."""
    return citation(_key_of(slug, query), "dataset", f"{title}: {words}", address)


def citation_of_record(request: HttpRequest, record: Record) -> Citation:
    """How to cite a record, as it has been since its last change."""
    url, issued = absolute(request, record), record.changed_at.date()
    return citation(record.slug, "webpage", record.title, url, issued=issued)


def citation_of_data(address: str, version: Moment) -> Citation:
    """How to cite all of it."""
    title = gettext("Accord: cross-border technology cooperation, all published records")
    return citation("data", "dataset", title, address, version)


def bibtex_response(cited: Citation) -> HttpResponse:
    """The citation as a BibTeX file."""
    media_type = f"{FORMATS['bib'].media_type}; charset=utf-8"
    return named(HttpResponse(cited.bibtex(), content_type=media_type), f"{cited.key}.bib")


def csl_response(cited: Citation) -> HttpResponse:
    """The citation as a CSL-JSON file."""
    text = json.dumps(cited.csl(), ensure_ascii=False, indent=1)
    response = HttpResponse(text, content_type=FORMATS["csl.json"].media_type)
    return named(response, f"{cited.key}.csl.json")


CITED = {"bib": bibtex_response, "csl.json": csl_response}


def _key_of(name: str, query: str) -> str:
    """A key that two views never share."""
    if not query:
        return name
    return f"{name}-{hashlib.sha256(query.encode()).hexdigest()[:8]}"


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())


def _latex(text: str) -> str:
    return _one_line(text).translate(LATEX)


def _bare(url: str) -> str:
    """An address as BibTeX prints it, letter by letter: without what would end the field."""
    return re.sub(r"[{}\\\s]", lambda found: f"%{ord(found[0]):02X}", url)


def _date_parts(day: dt.date) -> dict[str, list[list[int]]]:
    return {"date-parts": [[day.year, day.month, day.day]]}
