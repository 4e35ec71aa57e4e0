"""Countries and blocs: who belonged where, and when; names that are found, or refused by name."""

import datetime as dt
import json

import pytest
from babel import Locale
from django.conf import settings
from django.core import serializers
from django.core.management import CommandError, call_command
from django.urls import reverse

from partners.models import (
    Bloc,
    Country,
    CountryName,
    Membership,
    Organisation,
    OrganisationName,
    Source,
)
from partners.names import UnknownName, fold
from partners.reference import load_bloc, load_countries
from tests import cast

pytestmark = pytest.mark.django_db
REFERENCE = settings.BASE_DIR / "fixtures" / "reference"


def members(slug, day):
    """The full members of a bloc on a day, as one sorted line of codes."""
    found = Country.objects.members_of([Bloc.objects.get(slug=slug)], dt.date.fromisoformat(day))
    return " ".join(sorted(found.values_list("iso3", flat=True)))


# --- Who belonged, and when ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "day", "expected"),
    [
        ("brics", "2009-06-15", ""),
        ("brics", "2009-06-16", "BRA CHN IND RUS"),
        ("brics", "2010-12-15", "BRA CHN IND RUS"),  # some day in December: nobody too early
        ("brics", "2010-12-31", "BRA CHN IND RUS ZAF"),
        ("brics", "2019-11-13", "BRA CHN IND RUS ZAF"),
        ("brics", "2023-12-31", "BRA CHN IND RUS ZAF"),
        ("brics", "2024-06-01", "ARE BRA CHN EGY ETH IND IRN RUS ZAF"),
        ("brics", "2025-01-05", "ARE BRA CHN EGY ETH IND IRN RUS ZAF"),
        ("brics", "2025-01-06", "ARE BRA CHN EGY ETH IDN IND IRN RUS ZAF"),
        ("sco", "2001-06-14", ""),
        ("sco", "2016-01-01", "CHN KAZ KGZ RUS TJK UZB"),
        ("sco", "2018-01-01", "CHN IND KAZ KGZ PAK RUS TJK UZB"),
        ("sco", "2023-07-04", "CHN IND IRN KAZ KGZ PAK RUS TJK UZB"),
        ("sco", "2024-07-04", "BLR CHN IND IRN KAZ KGZ PAK RUS TJK UZB"),
        ("quad", "2024-01-01", "AUS IND JPN USA"),
    ],
)
def test_members_on_a_day(slug, day, expected):
    assert members(slug, day) == expected


def test_the_united_kingdom_left_the_eu_at_the_end_of_january_2020():
    before, after = members("eu", "2020-01-31").split(), members("eu", "2020-02-01").split()
    assert (len(before), len(after)) == (28, 27)
    assert set(before) - set(after) == {"GBR"}


def test_italy_was_in_belt_and_road_from_2019_to_2024():
    there = ["ITA" in members("belt-and-road", day).split() for day in
             ("2019-01-01", "2020-01-01", "2023-12-31", "2024-12-31")]  # fmt: skip
    assert there == [False, True, True, False]


def test_observers_partners_and_the_invited_are_no_members():
    assert "MNG" not in members("sco", "2024-01-01")
    assert "SAU" not in members("brics", "2026-01-01")
    roles = Membership.objects.filter(bloc__slug="brics", country__iso3="SAU")
    assert [membership.role for membership in roles] == ["invited"]


@pytest.mark.parametrize("slug", ["brics", "sco", "asean", "eu", "eaeu", "african-union", "g20",
                                  "belt-and-road", "gcc", "quad"])  # fmt: skip
def test_every_bloc_has_its_short_slug_its_members_and_its_source(client, slug):
    bloc = Bloc.objects.get(slug=slug)
    assert members(slug, dt.date.today().isoformat())
    assert bloc.source.title and bloc.source.url
    response = client.get(f"/blocs/{slug}/")
    assert response.status_code == 200
    assert bloc.source.title in response.content.decode().replace("&#x27;", "'").replace(
        "&amp;", "&"
    )


def test_spells_of_one_country_in_one_bloc_do_not_overlap():
    for bloc in Bloc.objects.all():
        spells = {}
        for m in bloc.memberships.select_related("country"):
            first = m.since_earliest or dt.date.min
            last = m.until_latest or dt.date.max
            spells.setdefault(m.country.iso3, []).append((first, last))
        for code, found in spells.items():
            found.sort()
            for (_, end), (start, _) in zip(found, found[1:], strict=False):
                assert end < start, (bloc, code)


# --- Countries and their names -------------------------------------------------------------------


def test_every_country_of_iso_3166_is_there_with_its_cldr_name():
    names = Locale("en").territories
    codes = {
        row["iso2"]: row["iso3"]
        for row in json.loads((REFERENCE / "countries.json").read_text())["countries"]
    }
    assert len(codes) == 250  # 249 and Kosovo
    for country in Country.objects.all():
        assert country.english_name == names[country.iso2] == country.name
        assert country.iso3 == codes.pop(country.iso2)
    assert codes == {}


def test_a_name_is_said_in_the_language_of_the_reader():
    from django.utils import translation

    with translation.override("fr"):
        assert cast.country("DEU").name == "Allemagne"
    with translation.override("zh-hans"):
        assert cast.country("CHN").name == "中国"
    with translation.override("pt-br"):
        assert cast.country("KEN").name == "Quênia"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Türkiye", "TUR"), ("Turkey", "TUR"), ("TURKIYE", "TUR"), ("UK", "GBR"), ("GB", "GBR"),
        ("GBR", "GBR"), ("United Kingdom", "GBR"), ("Great Britain", "GBR"),
        ("Ivory Coast", "CIV"), ("Côte d’Ivoire", "CIV"), ("Cote d'Ivoire", "CIV"),
        ("Viet Nam", "VNM"), ("Vietnam", "VNM"), ("DR Congo", "COD"),
        ("Democratic Republic of the Congo", "COD"), ("China", "CHN"),
        ("China (People's Republic of)", "CHN"), ("People’s Republic of China", "CHN"),
        ("Russian Federation", "RUS"), ("Russia", "RUS"), ("  kenya ", "KEN"), ("USA", "USA"),
        ("United States of America", "USA"), ("South Korea", "KOR"), ("Republic of Korea", "KOR"),
        ("Iran (Islamic Republic of)", "IRN"), ("Czech Republic", "CZE"), ("UAE", "ARE"),
        ("Laos", "LAO"), ("Eswatini", "SWZ"), ("Swaziland", "SWZ"), ("São Tomé & Príncipe", "STP"),
    ],
)  # fmt: skip
def test_a_country_is_found_under_its_names(name, code):
    assert Country.objects.named(name).iso3 == code


@pytest.mark.parametrize(
    "name",
    ["Congo", "Korea", "Virgin Islands", "America", "Wakanda", "Chin", "Chinaa", "", " ", "!!!",
     "ken", "cn", "XX", "ZZZ", "Europe", "\x00", "%", "K_N"],
)  # fmt: skip
def test_a_name_that_means_no_single_country_is_refused_and_named(name):
    with pytest.raises(UnknownName) as refused:
        Country.objects.named(name)
    assert f"“{name}”" in str(refused.value)


def test_blocs_are_found_by_slug_name_and_short_name_and_refused_by_name():
    for name in (
        "brics",
        "BRICS",
        "Shanghai Cooperation Organisation",
        "Belt and Road",
        "belt-and-road",
    ):
        assert Bloc.objects.named(name).slug in ("brics", "sco", "belt-and-road")
    for name in ("Warsaw Pact", "", "BRIC", "\x00"):
        with pytest.raises(UnknownName, match=f"unknown bloc “{name}”"):
            Bloc.objects.named(name)


def test_organisations_are_found_by_alias_and_refused_by_name():
    safari = Organisation.objects.create(slug="safari-lab", name="Safari Lab", kind="company")
    for name in ("Safari Lab", "Safári Laboratory", "野生动物园"):
        OrganisationName.objects.create(organisation=safari, name=name)
    for name in ("safari-lab", "SAFARI LAB", "Safari-Laboratory", "野生动物园"):
        assert Organisation.objects.named(name) == safari
    with pytest.raises(UnknownName, match="“Safari”"):
        Organisation.objects.named("Safari")
    with pytest.raises(UnknownName, match="“”"):
        Organisation.objects.named("")


def test_no_name_means_two_countries():
    folded = list(CountryName.objects.values_list("folded", flat=True))
    assert len(folded) == len(set(folded))
    for name in CountryName.objects.all():
        assert name.folded == fold(name.name) != ""


# --- Loading -------------------------------------------------------------------------------------


def dump():
    """Everything that is reference data, as text."""
    models = [Source, Country, CountryName, Bloc, Membership]
    rows = [row for model in models for row in model.objects.order_by("pk")]
    return serializers.serialize("json", rows)


def test_loading_twice_changes_nothing():
    before = dump()
    cast.load_reference()
    assert dump() == before


def test_loading_again_keeps_the_names_that_administrators_added():
    CountryName.objects.create(country=cast.country("KEN"), name="Kenia")
    cast.load_reference()
    assert Country.objects.named("kenia").iso3 == "KEN"


def test_loading_again_repairs_what_differs_from_the_files():
    india = Membership.objects.get(bloc__slug="brics", country__iso3="IND")
    Membership.objects.filter(pk=india.pk).update(until="2020", until_earliest="2020-01-01")
    Membership.objects.create(
        bloc=india.bloc, country=cast.country("KEN"), role="member", since="2020"
    )
    cast.load_reference()
    assert members("brics", "2021-01-01") == "BRA CHN IND RUS ZAF"


def altered(tmp_path, name, change):
    """A reference file with something changed."""
    data = json.loads((REFERENCE / name).read_text())
    change(data)
    path = tmp_path / name.rpartition("/")[2]
    path.write_text(json.dumps(data))
    return path


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda d: d["memberships"][0].update(country="ZZZ"), "ZZZ"),
        (lambda d: d["memberships"][0].update(role="friend"), "friend"),
        (lambda d: d["memberships"][0].update(since="2009-13"), "2009-13"),
        (lambda d: d["memberships"][0].update(until="soon"), "soon"),
    ],
)
def test_a_bloc_with_an_unknown_country_role_or_date_is_refused_by_name(tmp_path, change, named):
    before = dump()
    with pytest.raises(ValueError, match=named):
        load_bloc(altered(tmp_path, "blocs/brics.json", change))
    assert dump() == before


def test_a_name_that_would_mean_two_countries_is_refused(tmp_path):
    def confuse(data):
        next(row for row in data["countries"] if row["iso3"] == "KEN")["aliases"] = ["CHINA"]

    with pytest.raises(ValueError, match="“CHINA” means both CHN and KEN"):
        load_countries(altered(tmp_path, "countries.json", confuse))


def test_a_broken_file_is_a_clear_error_of_the_command(tmp_path, settings):
    (tmp_path / "fixtures" / "reference" / "blocs").mkdir(parents=True)
    data = json.loads((REFERENCE / "countries.json").read_text())
    data["countries"][0]["iso2"] = "ZQ"
    (tmp_path / "fixtures" / "reference" / "countries.json").write_text(json.dumps(data))
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match="ZQ"):
        call_command("load_reference")


def test_a_membership_cannot_end_before_it_begins():
    from django.db import IntegrityError, transaction

    brics = Bloc.objects.get(slug="brics")
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(
            bloc=brics, country=cast.country("KEN"), role="member", since="2020", until="2019"
        )


# --- Administration ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [Source, Country, Bloc, Organisation])
def test_reference_data_can_be_administered(admin_client, model):
    name = model._meta.model_name
    one = model.objects.first()
    for address in (
        reverse(f"admin:partners_{name}_changelist"),
        reverse(f"admin:partners_{name}_changelist") + "?q=china",
        reverse(f"admin:partners_{name}_add"),
        reverse(f"admin:partners_{name}_change", args=[one.pk]),
        reverse(f"admin:partners_{name}_history", args=[one.pk]),
    ):
        assert admin_client.get(address).status_code == 200, address


def test_an_administrator_adds_a_membership_and_it_counts(admin_client):
    quad = Bloc.objects.get(slug="quad")
    page = admin_client.get(reverse("admin:partners_bloc_change", args=[quad.pk]))
    forms = [
        page.context["adminform"].form,
        *page.context["inline_admin_formsets"][0].formset.forms,
    ]
    formset = page.context["inline_admin_formsets"][0].formset
    data = {}
    for form in [*forms, formset.management_form]:
        for field in form:
            value = field.value()
            data[field.html_name] = "" if value is None else str(value)
    new = formset.forms[-1].prefix
    data |= {f"{new}-country": cast.country("KEN").pk, f"{new}-role": "member",
             f"{new}-since": "2020-06", f"{new}-bloc": quad.pk}  # fmt: skip
    response = admin_client.post(reverse("admin:partners_bloc_change", args=[quad.pk]), data)
    assert response.status_code == 302, response.context["errors"]
    assert "KEN" in members("quad", "2020-06-30")
    assert "KEN" not in members("quad", "2020-06-29")
    data[f"{new}-since"] = "2020-13"
    response = admin_client.post(reverse("admin:partners_bloc_change", args=[quad.pk]), data)
    assert response.status_code == 200
    assert "2020-13" in response.content.decode()


def test_strangers_do_not_administer(client):
    response = client.get(reverse("admin:partners_bloc_changelist"))
    assert response.status_code == 302


def members_on_page(client, at):
    response = client.get("/blocs/brics/", {"at": at})
    assert response.status_code == 200
    members = response.context["roles"][0][1]
    return {membership.country.iso3 for membership in members}


def test_the_page_of_a_bloc_says_who_belonged_to_it_then(client):
    assert members_on_page(client, "2019") == {"BRA", "CHN", "IND", "RUS", "ZAF"}
    assert len(members_on_page(client, "2024-06-30")) == 9


@pytest.mark.parametrize(
    "at", ["2019-13", "2019/..", "\x00", "<script>alert(1)</script>", "9" * 5000]
)
def test_a_date_that_is_none_is_refused_and_shows_no_member(client, at):
    refused = client.get("/blocs/brics/", {"at": at})
    assert refused.status_code == 400
    assert refused.context["roles"] == []
    assert "<code>at</code>:" in refused.content.decode()
    assert "<script>alert" not in refused.content.decode()
