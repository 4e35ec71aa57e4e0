"""Reference data in the admin: each form that is sent is one change of the history, by its sender."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse

from initiatives.models import Sector
from partners.history.changes import Change, data_version
from partners.models import Bloc, Membership, Organisation, Source
from tests import cast
from tests.people import client_of, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(db):
    return client_of("chief editor")


def address(model: Any, verb: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{verb}", args=args)


def bloc_form(bloc: Bloc, **changes: Any) -> dict[str, Any]:
    """The form of a bloc as the page shows it, without its memberships."""
    names = ("name", "short_name", "kind", "description", "website")
    said = {name: getattr(bloc, name) for name in names}
    whole = {"founded": bloc.founded.text if bloc.founded else "", "source": bloc.source_id}
    empty = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    return {**said, **whole, **empty, **changes}


def last() -> Change:
    return Change.objects.latest("number")


def test_an_edited_bloc_and_its_new_member_are_one_change_by_the_chief_editor(chief):
    bloc, version = Bloc.objects.get(slug="brics"), data_version()
    row = {"country": cast.country("KEN").pk, "role": "member", "since": "2024"}
    form = bloc_form(bloc, name="BRICS, renamed") | {
        "memberships-TOTAL_FORMS": 1,
        **{f"memberships-0-{name}": value for name, value in row.items()},
    }
    answer = chief.post(address(Bloc, "change", bloc.pk), form)
    assert answer.status_code == 302, answer.context["errors"]
    assert Membership.objects.filter(bloc=bloc, country__iso3="KEN").exists()
    assert data_version() == version + 1
    made = last()
    assert (made.verb, made.by, made.about) == ("manage", person("chief editor"), "BRICS")


def test_a_new_source_is_a_change_about_it(chief):
    form = {"key": "test-source", "title": "A test source", "publisher": "Tests"}
    answer = chief.post(address(Source, "add"), form)
    assert answer.status_code == 302, answer.context["errors"]
    assert (last().verb, last().about) == ("manage", str(Source.objects.get(key="test-source")))


def test_a_removed_row_is_a_change_that_still_names_it(chief):
    sector = Sector.objects.create(slug="test-unused", name="Unused test sector")
    assert chief.post(address(Sector, "delete", sector.pk), {"post": "yes"}).status_code == 302
    assert not Sector.objects.filter(slug="test-unused").exists()
    assert (last().verb, last().about) == ("manage", "Unused test sector")


def test_rows_that_are_removed_together_are_one_change(chief):
    rows = [Sector.objects.create(slug=f"test-{n}", name=f"Test sector {n}") for n in range(3)]
    version = data_version()
    ticked = {"action": "delete_selected", "_selected_action": [row.pk for row in rows]}
    assert chief.post(address(Sector, "changelist"), ticked).status_code == 200
    assert data_version() == version
    assert chief.post(address(Sector, "changelist"), ticked | {"post": "yes"}).status_code == 302
    assert data_version() == version + 1
    assert sorted(last().about.split(", ")) == [f"Test sector {n}" for n in range(3)]


def test_a_form_that_is_wrong_or_changes_nothing_is_no_change(chief):
    bloc, version = Bloc.objects.get(slug="brics"), data_version()
    assert chief.post(address(Bloc, "change", bloc.pk), bloc_form(bloc, name="")).status_code == 200
    assert chief.post(address(Bloc, "change", bloc.pk), bloc_form(bloc)).status_code == 302
    assert data_version() == version


def test_a_sector_that_records_stand_under_is_not_removed(chief):
    sector = Sector.objects.filter(records__isnull=False).first()
    assert chief.post(address(Sector, "delete", sector.pk), {"post": "yes"}).status_code == 403
    ticked = {"action": "delete_selected", "_selected_action": [sector.pk], "post": "yes"}
    assert chief.post(address(Sector, "changelist"), ticked).status_code == 403
    assert Sector.objects.filter(pk=sector.pk).exists()


def test_an_organisation_that_moves_takes_its_money_along_in_the_same_change(chief):
    bank = Organisation.objects.filter(participations__isnull=False, country__iso3="CHN").first()
    names = {"names-TOTAL_FORMS": 0, "names-INITIAL_FORMS": 0}
    form = {"name": bank.name, "kind": bank.kind, "parent": bank.parent_id or "", **names}
    version = data_version()
    answer = chief.post(
        address(Organisation, "change", bank.pk), form | {"country": cast.country("KEN").pk}
    )
    assert answer.status_code == 302, answer.context["errors"]
    assert data_version() == version + 1
    call_command("verify")
