"""Money on the page of its initiative: converted where it can be, with the rate; corrected and said so."""

import pytest

from tests import cast
from tests.reading import get_json, page, plain

pytestmark = pytest.mark.django_db


def test_the_rate_of_a_conversion_stands_beside_the_amount(client):
    record = cast.initiative("panda")
    cast.money(record, "yuan", 200, currency="CNY", period="2018")
    text = plain(page(client, "/initiatives/panda/"))
    assert "counts USD 30.22, at 6.618697 CNY for one US dollar in 2018 (ECB" in text.replace(
        "\N{NO-BREAK SPACE}", " "
    )


def test_what_is_not_converted_says_why(client):
    record = cast.initiative("panda")
    cast.money(record, "whenever", 200, currency="CNY")
    cast.money(record, "far", 200, currency="CNY", period="1700")
    text = plain(page(client, "/initiatives/panda/"))
    assert "not converted: no single year" in text
    assert "not converted: no rate or deflator for its year" in text


def test_dollars_are_not_converted(client):
    cast.money(cast.initiative("panda"), "gift", 200, period="2018")
    assert "for one US dollar" not in page(client, "/initiatives/panda/")


def test_a_corrected_amount_stays_on_the_page_and_is_in_dispute_with_nothing(client):
    old = cast.money(cast.initiative("panda"), "gift", 200, period="2018", words="two hundred")
    cast.supersede(old, low=250, high=250, words="two hundred and fifty")
    text = plain(page(client, "/initiatives/panda/"))
    assert "corrected by a later statement, and not counted" in text
    assert "two hundred and fifty" in text
    stated = get_json(client, "/initiatives/panda.json")["statements"]["funding"]
    assert [(row["superseded"], row["disputed"]) for row in stated] == [
        (False, False), (True, False)
    ]  # fmt: skip


def test_a_part_of_the_money_of_a_draft_does_not_name_it(client):
    draft = cast.initiative("zzyzx", title="Zzyzx secret", state="draft")
    fund = cast.money(draft, "secret-fund", 200, words="zzyzx words")
    cast.money(cast.initiative("panda"), "gift", 20, part_of=fund)
    assert "zzyzx" not in page(client, "/initiatives/panda/").casefold()
    [stated] = get_json(client, "/initiatives/panda.json")["statements"]["funding"]
    assert stated["values"]["part_of"] is None


def test_an_initiative_says_what_its_money_comes_to_and_leads_to_the_reasons(client):
    record = cast.initiative("panda")
    cast.money(record, "promise", 500, rung="announced")
    cast.money(record, "gift", 200, period="2018")
    cast.money(record, "more", 30, period="2019")
    cast.money(cast.initiative("other"), "gift", 7, period="2018")
    text = page(client, "/initiatives/panda/")
    assert "USD 230 disbursed" in plain(text).replace("\N{NO-BREAK SPACE}", " ")
    assert "/funding/?initiative=panda&amp;rung=disbursed" in text
    rows = get_json(client, "/funding/rows.json?chart=funding-by-rung&initiative=panda")
    assert [(row["rung"], row["low"]) for row in rows["results"]] == [
        ("announced", 500), ("disbursed", 200), ("disbursed", 30)
    ]  # fmt: skip


def test_the_rows_of_a_whole_name_its_parts_in_other_initiatives(client):
    whole = cast.money(cast.initiative("fund", title="Panda fund"), "all", 100, words="a hundred")
    part = cast.initiative("project", title="Panda project")
    cast.money(part, "some", 60, part_of=whole, words="sixty")
    address = "/funding/rows/?chart=funding-by-rung&initiative=fund"
    assert "its part “sixty” counts under Panda project" in plain(page(client, address))


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("chart=nothing", "chart"),
        ("", "chart"),
        ("chart=funding-by-year&bar=1700", "bar"),
        ("chart=funding-by-year&bar=٢٠١٨", "bar"),
        ("chart=funding-by-rung&bar=signed", "bar"),
        ("chart=funding-by-year&reason=nothing", "reason"),
        ("chart=funding-by-year&bar=2018&bar=2019", "bar"),
        ("chart=funding-by-year&bar=2018&bar=", "bar"),
        ("chart=funding-by-year&contry=KEN", "contry"),
    ],
)
def test_machine_formats_of_the_rows_name_what_they_do_not_understand(client, asked, named):
    for kind in ("json", "csv"):
        response = client.get(f"/funding/rows.{kind}?{asked}")
        assert response.status_code == 400
        assert set(response.json()["errors"]) == {named}
