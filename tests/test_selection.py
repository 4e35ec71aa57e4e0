"""One query string, one Selection: an invalid filter never means everything."""

import pytest

pytestmark = pytest.mark.django_db


def slugs(client, query):
    response = client.get(f"/initiatives.json?{query}")
    assert response.status_code == 200
    return {row["slug"] for row in response.json()["results"]}


def test_the_seeds_are_listed_by_bloc(client):
    assert "brics-partnership-on-new-industrial-revolution" in slugs(client, "bloc=brics")
    assert "digital-silk-road" not in slugs(client, "bloc=brics")


def test_an_unknown_country_is_refused_by_name(client):
    response = client.get("/initiatives.json?country=ZZZ")
    assert response.status_code == 400
    assert "country" in response.json()["errors"]
