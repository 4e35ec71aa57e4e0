"""All published data as one file: a Frictionless Data Package, zipped.

It is read as of the data version that it names, so that it is one state of everything however long
the reading takes, and one version always gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from dashboards.exports.atom import tag
from dashboards.exports.cells import read_rows
from dashboards.exports.citations import version_time
from dashboards.exports.csv import csv_lines
from dashboards.exports.tables import TABLES, Table
from dashboards.licence import LICENCE
from partners.history.moment import Moment, as_of
from partners.models import Source

NAME = "accord"
TITLE = "Accord: cross-border technology cooperation"
DESCRIPTION = (
    "Initiatives, alliances and summits through which countries build technology together: who "
    "takes part, what was promised and what was paid, each value with the passage of an article "
    "that carries it. Amounts are ranges (an empty high beside a low is open) and dates are as "
    "precise as they were stated (EDTF)."
)
IN_MEMORY = 8_000_000  # a package of more bytes is written to a file


@dataclass(frozen=True, slots=True)
class Written:
    """A file of the package: its path, size and SHA-256."""

    path: str
    bytes: int
    sha256: str


def package(version: Moment) -> IO[bytes]:
    """The package of a data version as a temporary file, which whoever asked for it closes."""
    file: Any = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
    with (
        as_of(Moment(version.number, version.at)),
        translation.override(settings.LANGUAGE_CODE),
        zipfile.ZipFile(file, "w") as archive,
    ):
        written = [_write(archive, f"data/{t.name}.csv", _csv(t), version) for t in TABLES]
        descriptor = describe(version, dict(zip([t.name for t in TABLES], written, strict=True)))
        for path, text in (
            ("datapackage.json", json.dumps(descriptor, ensure_ascii=False, indent=1) + "\n"),
            ("README.md", _readme(version)),
            ("CITATION.cff", _citation(version)),
        ):
            written.append(_write(archive, path, [text], version))
        sums = "".join(f"{one.sha256}  {one.path}\n" for one in written)
        _write(archive, "SHA256SUMS", [sums], version)
    return file


def _csv(table: Table) -> Iterator[str]:
    header = [column.name for column in table.columns]
    return csv_lines(header, read_rows(table.columns, table.rows()))


def _write(archive: zipfile.ZipFile, path: str, pieces: Iterable[str], version: Moment) -> Written:
    """Write a file piece by piece. Nothing in it depends on when or where that happens."""
    info = zipfile.ZipInfo(path, version.at.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = 0o644 << 16
    digest, size = hashlib.sha256(), 0
    with archive.open(info, "w", force_zip64=True) as target:
        for piece in pieces:
            data = piece.encode("utf-8", "replace")
            digest.update(data)
            size += len(data)
            target.write(data)
    return Written(path, size, digest.hexdigest())


def describe(version: Moment, written: dict[str, Written]) -> dict[str, Any]:
    """datapackage.json: what is in the package, with the schema of each table."""
    return {
        "$schema": "https://datapackage.org/profiles/1.0/datapackage.json",
        "profile": "data-package",
        "name": NAME,
        "id": tag(f"/data/{version.number}"),
        "title": TITLE,
        "description": DESCRIPTION,
        "homepage": f"{settings.SITE_URL}{reverse('data')}",
        "version": str(version.number),
        "created": version.at.isoformat(),
        "licenses": [{"name": LICENCE.spdx, "title": LICENCE.title, "path": LICENCE.url}],
        "contributors": [{"title": "Accord", "role": "publisher", "path": settings.SITE_URL}],
        "sources": [
            {"title": "News articles, each in articles.csv", "path": "data/articles.csv"},
            *(
                {"title": source.title, **({"path": source.url} if source.url else {})}
                for source in Source.objects.order_by("key")
            ),
        ],
        "resources": [_resource(table, written[table.name]) for table in TABLES],
    }


def _resource(table: Table, file: Written) -> dict[str, Any]:
    first = {t.name: t.columns[0].name for t in TABLES}
    schema: dict[str, Any] = {
        "fields": [
            {"name": column.name, "type": column.type, "description": str(column.meaning)}
            for column in table.columns
        ],
        "missingValues": [""],
    }
    if table.key:
        schema["primaryKey"] = table.key
    if table.points_at:
        schema["foreignKeys"] = [
            {"fields": name, "reference": {"resource": other, "fields": first[other]}}
            for name, other in table.points_at.items()
        ]
    return {
        "profile": "tabular-data-resource",
        "name": table.name,
        "path": file.path,
        "title": str(table.title),
        "description": str(table.description),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
        "schema": schema,
    }


def _readme(version: Moment) -> str:
    tables = "\n".join(f"- `data/{t.name}.csv`: {t.title}; {t.description}." for t in TABLES)
    return f"""# {TITLE}

{DESCRIPTION}

Data version {version.number}, of {version.at.isoformat()}. The same version gives the same file,
byte for byte: {settings.SITE_URL}{reverse("data_zip")}?as_of={version_time(version)}

## Files

{tables}
- `datapackage.json`: a Frictionless Data Package: what each column holds, its type, and which
  columns join the tables.
- `CITATION.cff`: how to cite it.
- `SHA256SUMS`: `sha256sum -c SHA256SUMS` checks that all files are whole.

Several values in one cell are separated by "; ". An empty cell: not known, or none. Text that a
spreadsheet would run as a formula has an apostrophe before it.

## Licence

{LICENCE.title} ({LICENCE.name}), {LICENCE.url}
Passages quoted from articles remain those of their authors.
"""


def _citation(version: Moment) -> str:
    """CITATION.cff; strings of JSON are strings of YAML."""
    said = {
        "message": "If you use these data, please cite them as below.",
        "type": "dataset",
        "title": TITLE,
        "version": str(version.number),
        "date-released": version.at.date().isoformat(),
        "license": LICENCE.spdx,
        "url": f"{settings.SITE_URL}{reverse('data')}",
        "abstract": DESCRIPTION,
    }
    lines = [f"{name}: {json.dumps(value)}" for name, value in said.items()]
    return "\n".join(["cff-version: 1.2.0", *lines, "authors:", '  - name: "Accord"', ""])
