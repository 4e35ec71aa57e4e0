"""All published data as one file: whole, valid, the same bytes for the same version."""

import csv
import hashlib
import io
import json
import re
import zipfile

import pytest
from frictionless import validate

from dashboards.exports import package
from dashboards.exports.tables import STATEMENTS, TABLES
from initiatives.models import Article, Evidence, Initiative, Participation, statement_models
from tests import cast, reading
from tests.documents import last_change
from tests.reading import page

pytestmark = pytest.mark.django_db

NOW = "%Y-%m-%dT%H:%M:%S.%fZ"


def download(client, query=""):
    response = client.get(f"/data.zip?{query}")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/zip"
    content = response.getvalue()
    assert int(response["Content-Length"]) == len(content)
    return content


def opened(content):
    return zipfile.ZipFile(io.BytesIO(content))


def table(archive, name):
    with archive.open(f"data/{name}.csv") as file:
        return list(csv.DictReader(io.TextIOWrapper(file, "utf-8", newline="")))


def test_the_package_is_valid_by_its_own_schema(client, tmp_path):
    record = cast.initiative("panda", ("KEN",), ("brics",), ("space",), began="2013-23")
    cast.carry(
        cast.money(record, "gift", 17, qualifier="more-than", period="2019"), claimant="=1+1"
    )
    path = tmp_path / "data.zip"
    path.write_bytes(download(client))
    report = validate(str(path))
    assert report.valid, report.flatten(["name", "fieldName", "rowNumber", "note"])[:10]
    assert len(report.tasks) == len(TABLES)


def test_its_descriptor_says_what_it_is(client):
    archive = opened(download(client))
    said = json.loads(archive.read("datapackage.json"))
    version = reading.get_json(client, "/initiatives.json")["data_version"]
    assert said["version"] == str(version)
    assert said["licenses"][0]["name"] == "CC-BY-4.0"
    assert any(source.get("path", "").startswith("http") for source in said["sources"])
    for resource in said["resources"]:
        content = archive.read(resource["path"])
        assert resource["bytes"] == len(content)
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        header = content.decode().splitlines()[0].split(",")
        assert header == [field["name"] for field in resource["schema"]["fields"]]
        assert all(field["description"] for field in resource["schema"]["fields"])
    citation = archive.read("CITATION.cff").decode()
    assert "cff-version: 1.2.0" in citation and f'version: "{version}"' in citation
    assert f"Data version {version}" in archive.read("README.md").decode()


def test_its_checksums_are_those_of_all_its_files(client):
    archive = opened(download(client))
    sums = dict(line.split("  ")[::-1] for line in archive.read("SHA256SUMS").decode().splitlines())
    assert sums.keys() == {*archive.namelist()} - {"SHA256SUMS"}
    for path, digest in sums.items():
        assert hashlib.sha256(archive.read(path)).hexdigest() == digest


def test_one_version_is_one_file_whenever_it_is_asked_for(client):
    cast.initiative("panda", ("KEN",), began="2020")
    then = last_change().strftime(NOW)
    first = download(client)
    assert download(client) == first
    cast.initiative("panda-later", ("CHN",), began="2021")
    later = download(client)
    assert later != first
    assert "panda-later" in {row["slug"] for row in table(opened(later), "initiatives")}
    assert download(client, f"as_of={then}") == first


def test_its_lists_are_those_of_the_site(client):
    archive = opened(download(client))
    for plural in ("initiatives", "alliances", "summits", "countries", "blocs", "organisations"):
        rows = reading.csv_rows(client, f"/{plural}.csv")
        for row in rows:
            row["url"] = row["url"].replace("http://testserver", "http://localhost")
        assert table(archive, plural) == rows


def test_every_kind_of_statement_is_there_with_its_evidence(client):
    assert {*STATEMENTS} == {*statement_models()}
    archive = opened(download(client))
    record = reading.get_json(client, "/initiatives/digital-silk-road.json")
    quotes = {
        passage["quote"]
        for statements in record["statements"].values()
        for statement in statements
        if not statement["superseded"]
        for passage in statement["evidence"]
    }
    found = [row for row in table(archive, "evidence") if row["record"] == "digital-silk-road"]
    assert {row["quote"] for row in found} == quotes
    keys = {row["statement"] for name, _t in STATEMENTS.values() for row in table(archive, name)}
    assert {row["statement"] for row in table(archive, "evidence")} <= keys
    funding = [r for r in table(archive, "funding") if r["record"] == "digital-silk-road"]
    stated = record["statements"]["funding"]
    assert {row["key"] for row in funding} == {
        s["values"]["key"] for s in stated if not s["superseded"]
    }


def test_nothing_that_is_not_public_is_in_it(client):
    words = "Panda secret words that nobody published."
    article = Article.objects.create(
        key="panda-article", title="Panda article", language="en", copied=True,
        text=f"Open panda passage. {words}", publisher_missing="not applicable",
    )  # fmt: skip
    record = cast.initiative("panda", ("KEN",), began="2020")
    passage = Evidence.objects.create(
        article=article, start=0, end=19, words="Open panda passage.", made_by="editor"
    )
    shown = Participation.objects.get(record=record)
    shown.carried.create(evidence=passage)
    for state in ("proposed", "rejected"):
        start = 20 if state == "proposed" else 26
        hidden = Evidence.objects.create(
            article=article, start=start, end=len(article.text), words=article.text[start:],
            made_by="extractor", state=state,
        )  # fmt: skip
        shown.carried.create(evidence=hidden)
    draft = cast.initiative("panda-draft", ("CHN",), began="2021", state="draft")
    cast.money(draft, "panda-gift", 5)
    archive = opened(download(client))
    everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert "Open panda passage." in everything
    assert "secret" not in everything
    assert "panda-draft" not in everything and "panda-gift" not in everything


def test_a_large_package_is_written_to_a_file(client, monkeypatch):
    whole = download(client)
    monkeypatch.setattr(package, "IN_MEMORY", 1000)
    assert download(client) == whole


@pytest.mark.parametrize(
    ("asked", "name"),
    [("contry=KEN", "contry"), ("as_of=tomorrow", "as_of"), ("as_of=2999", "as_of"),
     ("as_of=2025&as_of=2026", "as_of"), ("bloc=brics", "bloc")],
)  # fmt: skip
def test_what_it_does_not_understand_is_refused_by_name(client, asked, name):
    response = client.get(f"/data.zip?{asked}")
    assert response.status_code == 400
    assert response.json()["errors"].keys() == {name}


def test_before_anything_was_known_there_is_nothing_in_it(client):
    archive = opened(download(client, "as_of=2001"))
    assert table(archive, "initiatives") == []
    assert json.loads(archive.read("datapackage.json"))["version"] == "0"


def test_its_page_lists_the_tables_and_their_columns(client):
    text = page(client, "/data/")
    for each in TABLES:
        part = re.search(rf'<details class="disclosure" id="{each.name}">.*?</details>', text, re.S)
        assert part, each.name
        assert all(f"<code>{column.name}</code>" in part[0] for column in each.columns)
    (markup,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.S)
    data = json.loads(markup)
    assert data["@type"] == "Dataset"
    assert data["distribution"][0]["contentUrl"] == "http://testserver/data.zip"
    assert '/data/"' in page(client, "/")
    asked = page(client, "/data/?as_of=2026")
    assert "/data.zip?as_of=2026" in asked


def test_a_draft_changes_nothing_but_the_version(client):
    before = {t.name: table(opened(download(client)), t.name) for t in TABLES}
    Initiative.objects.create(slug="panda", title="Panda", kind="fund", state="draft")
    after = {t.name: table(opened(download(client)), t.name) for t in TABLES}
    assert after == before
