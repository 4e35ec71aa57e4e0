"""Money stands under the country of the organisation that receives it, also when that changes."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from initiatives.funding.counting import miscounted
from partners.models import Organisation
from tests import cast
from tests.documents import document, imported, initiative, money, organisation, results
from tests.reading import bars, chart

pytestmark = pytest.mark.django_db


def countries(client):
    return bars(chart(client, "funding-by-country", "q=test-programme"))


def said(**bank):
    given = money("gift", rung="disbursed", recipient={"organisation": "test-bank"})
    return document(organisation(**bank), initiative(title="test-programme", funding=[given]))


@pytest.fixture
def unplaced(client):
    """A programme whose money goes to a bank of no known country."""
    imported(said())
    assert countries(client) == {}


def test_a_bank_whose_country_is_learnt_later_brings_its_money_there(client, unplaced):
    assert results(imported(said(country="Kenya")))["test-bank"] == "updated"
    assert countries(client) == {"Kenya": [(10, 10, 1)]}
    assert list(miscounted()) == []


def test_an_administrator_who_moves_a_bank_moves_its_money(admin_client, unplaced):
    bank = Organisation.objects.get(slug="test-bank")
    address = reverse("admin:partners_organisation_change", args=[bank.pk])
    form = {
        "name": bank.name,
        "kind": bank.kind,
        "country": cast.country("BRA").pk,
        "parent": "",
        "names-TOTAL_FORMS": 0,
        "names-INITIAL_FORMS": 0,
    }
    assert admin_client.post(address, form).status_code == 302
    assert countries(admin_client) == {"Brazil": [(10, 10, 1)]}
    call_command("verify")


def test_a_code_that_money_stands_under_is_chosen_once(admin_client):
    kenya = cast.country("KEN")
    page = admin_client.get(reverse("admin:partners_country_change", args=[kenya.pk]))
    assert "iso3" not in page.context["adminform"].form.fields
