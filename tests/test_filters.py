"""Every filter of every list takes a valid value, in every shape of the list."""

import pytest
from django.utils import timezone

from dashboards.lists import LISTINGS

pytestmark = pytest.mark.django_db


def a_value(name, field):
    """Something that the filter takes, read off its field."""
    if getattr(field, "queryset", None) is not None:
        return str(getattr(field.queryset.first(), field.to_field_name))
    if name == "began":
        return "2017"
    if hasattr(field, "choices"):
        return next(str(key) for key, _label in field.choices if key)
    if name == "as_of":
        return timezone.localdate().isoformat()
    return "2017" if name.startswith("year") else "china"


def filters():
    for listing in LISTINGS:
        for name in listing.filters.base_filters:
            yield pytest.param(listing, name, id=f"{listing.name}-{name}")


@pytest.mark.parametrize(("listing", "name"), list(filters()))
def test_a_valid_value_is_answered_as_page_json_and_csv(client, listing, name):
    query = {name: a_value(name, listing.filters.base_filters[name].field)}
    if name == "membership":
        query["members_of"] = "brics"
    rows = client.get(f"/{listing.name}.json", query).json()["results"]
    lines = client.get(f"/{listing.name}.csv", query).getvalue().decode().strip().splitlines()
    page = client.get(f"/{listing.name}/", query)
    assert page.status_code == 200
    assert page.context["selection"].count == len(rows)
    assert len(rows) <= len(client.get(f"/{listing.name}.json").json()["results"])
    assert lines[0].lstrip("\ufeff").startswith("slug")


def test_summits_are_found_by_their_series(client):
    name = "belt-and-road-forum-for-international-cooperation"
    found = client.get("/summits.json", {"series": name}).json()["results"]
    assert {row["slug"] for row in found} >= {"1st-belt-and-road-forum"}
    assert {row["series"] for row in found} == {"Belt and Road Forum for International Cooperation"}


def test_organisations_are_found_by_their_country(client):
    found = client.get("/organisations.json?country=RUS").json()["results"]
    assert [row["slug"] for row in found] == ["rostec"]


def test_years_the_wrong_way_round_are_refused(client):
    refused = client.get("/initiatives.json?year_min=2020&year_max=2010")
    assert refused.status_code == 400
    assert set(refused.json()["errors"]) == {"year_max"}


def test_counting_members_of_no_bloc_is_refused(client):
    refused = client.get("/initiatives.json?membership=now")
    assert refused.status_code == 400
    assert set(refused.json()["errors"]) == {"membership"}


def test_a_disputed_beginning_is_marked_in_the_list_and_surely_in_no_single_year(client):
    forum = "1st-belt-and-road-forum"
    [row] = [r for r in client.get("/summits.json").json()["results"] if r["slug"] == forum]
    assert (row["began"], row["began_disputed"]) == ("2016-05/2017", True)
    assert "≠" in client.get("/summits/").content.decode()
    for years, listed in ((("2016", "2016"), False), (("2016", "2017"), True)):
        query = {"year_min": years[0], "year_max": years[1]}
        rows = client.get("/summits.json", query).json()["results"]
        assert (forum in {row["slug"] for row in rows}) is listed
