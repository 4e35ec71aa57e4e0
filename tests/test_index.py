"""The index answers as the database would, also right after writes by anyone."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections import Counter

import numpy as np
import pytest
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from dashboards.lists import INITIATIVES, SUMMITS
from initiatives.beginnings import UNKNOWN, Beginnings
from initiatives.desk.undoing import undo
from initiatives.facets import facet
from initiatives.funding.models import Funding
from initiatives.index import DIMENSIONS, Index, _kept, index
from initiatives.models import (
    Framework,
    Initiative,
    Labelling,
    Participation,
    Record,
    Sector,
    Summit,
)
from initiatives.selection import Selection
from partners.dates import PartialDate
from partners.history.changes import Change, change
from partners.history.moment import Moment, as_of, today
from partners.models import Bloc, Country, Membership, Organisation
from tests import cast
from tests.people import person

pytestmark = pytest.mark.django_db


# --- What the database itself says -----------------------------------------------------------------


def naming(model, column, values):
    return Q(pk__in=model.objects.current().filter(**{f"{column}__in": values}).values("record"))


def of_countries(codes):
    taking_part = Participation.objects.current().filter(
        Q(country__iso3__in=codes) | Q(organisation__country__iso3__in=codes)
    )
    return Q(pk__in=taking_part.values("record"))


def of_members(bloc, now):
    day = today() if now else OuterRef("record__began_latest")
    members = Membership.objects.filter(
        bloc__slug=bloc, role="member", country=OuterRef("partner")
    ).at(day)
    taking_part = (
        Participation.objects.current()
        .annotate(partner=Coalesce("country", "organisation__country"))
        .filter(Exists(members))
    )
    if not now:
        taking_part = taking_part.exclude(record__began_latest=None)
    return Q(pk__in=taking_part.values("record"))


def sql(name, values, asked):
    """The condition that one filter is, asked of the database in its own words."""
    first = values[0]
    match name.removeprefix("not_"):
        case "bloc":
            found = naming(Framework, "bloc__slug", values)
        case "country":
            found = of_countries(values)
        case "countries":
            found = Q()
            for code in values:
                found &= of_countries([code])
        case "organisation":
            found = naming(Participation, "organisation__slug", values)
        case "organisations":
            found = Q()
            for slug in values:
                found &= naming(Participation, "organisation__slug", [slug])
        case "sector":
            through = Record.sectors.through.objects.filter(sector__slug__in=values)
            found = Q(pk__in=through.values("record"))
        case "label":
            found = naming(Labelling, "label__slug", values)
        case "kind" | "status":
            found = Q(**{f"{name.removeprefix('not_')}__in": values})
        case "rung" | "currency":
            found = naming(Funding, name, values)
        case "funded":
            stated = Q(pk__in=Funding.objects.current().values("record"))
            found = stated if first == "yes" else ~stated
        case "year_min":
            found = Q(began_earliest__gte=dt.date(int(first), 1, 1), began_latest__isnull=False)
        case "year_max":
            found = Q(began_latest__lte=dt.date(int(first), 12, 31), began_earliest__isnull=False)
        case "began":
            found = Q(pk__in=[])
            for year in values:
                found |= Q(
                    began_earliest__gte=dt.date(int(year), 1, 1),
                    began_latest__lte=dt.date(int(year), 12, 31),
                )
        case "members_of":
            found = Q(pk__in=[])
            for bloc in values:
                found |= of_members(bloc, asked.get("membership") == ["now"])
        case "membership":
            found = Q()
        case _:
            raise AssertionError(name)
    return ~found if name.startswith("not_") else found


def by_sql(asked):
    records = Initiative.objects.published()
    for name, values in asked.items():
        records = records.filter(sql(name, values, asked))
    return records


# --- Questions to ask ------------------------------------------------------------------------------


def world():
    """What may be asked for, read from the database."""

    def slugs(model, key="slug"):
        return sorted(model.objects.values_list(key, flat=True))

    years = [str(year) for year in range(2010, 2027)]
    countries = sorted(
        Country.objects.filter(participations__isnull=False)
        .distinct()
        .values_list("iso3", flat=True)
    )
    bodies = sorted(Organisation.objects.values_list("slug", flat=True))
    plain = {
        "bloc": slugs(Bloc),
        "country": countries,
        "organisation": bodies,
        "sector": slugs(Sector),
        "label": ["belt-and-road", "digital-silk-road"],
        "kind": Initiative.Kind.values,
        "status": ["announced", "signed", "under-way", "completed"],
    }
    return {
        **plain,
        **{f"not_{name}": values for name, values in plain.items()},
        "countries": countries,
        "organisations": bodies,
        "rung": ["announced", "committed", "disbursed"],
        "currency": ["USD", "EUR", "CNY"],
        "funded": ["yes", "no"],
        "year_min": years,
        "year_max": years,
        "began": years,
        "members_of": ["brics", "sco", "eu"],
        "membership": ["then", "now"],
    }


ONE_VALUE = {"year_min", "year_max", "currency", "funded", "membership"}


def question(dice, values):
    asked = {}
    for name in dice.sample(sorted(values), dice.choice([1, 1, 2, 2, 3, 4])):
        most = 1 if name in ONE_VALUE else dice.choice([1, 1, 2, 3])
        asked[name] = dice.sample(values[name], min(most, len(values[name])))
    if "membership" in asked:
        asked.setdefault("members_of", ["brics"])
    if {"year_min", "year_max"} <= asked.keys():
        asked["year_min"], asked["year_max"] = sorted((asked["year_min"], asked["year_max"]))
    return asked


def selection(asked, listing=INITIATIVES):
    params = QueryDict(mutable=True)
    for name, values in asked.items():
        params.setlist(name, values)
    found = Selection(listing.filters, params, listing.records(), strict=True)
    assert not found.errors
    return found


def same(asked):
    found = selection(asked)
    expected = set(by_sql(asked).values_list("pk", flat=True))
    assert set(found.members) == expected, asked
    assert set(found.records.values_list("pk", flat=True)) == expected, asked
    assert found.count == len(expected), asked


FACETS = ("bloc", "country", "sector", "kind", "status", "label", "organisation")


def same_facets(asked):
    """The count beside a choice is the number of rows one gets by taking it alone."""
    for name in FACETS:
        others = {n: v for n, v in asked.items() if n != name}
        for choice in facet(selection(asked), name).choices:
            alone = by_sql({**others, name: [choice.value]})
            assert choice.count == alone.count(), (asked, name, choice)


def test_five_hundred_generated_filters_find_what_the_database_finds():
    dice, values = random.Random(5), world()
    for _ in range(500):
        same(question(dice, values))


def test_facets_count_what_the_database_counts():
    dice, values = random.Random(6), world()
    for _ in range(12):
        same_facets(question(dice, values))
    same_facets({})


@pytest.mark.parametrize("few", [0, 2_000])
def test_what_records_name_is_what_the_database_says(monkeypatch, few):
    """By sets where there are few of them, else by rows."""
    monkeypatch.setattr("initiatives.index.FEW", few)
    records = list(Initiative.objects.published())
    named = index().named("country", [record.pk for record in records])
    assert named == {
        record.pk: [(country, str(country)) for country in record.countries_now]
        for record in records
    }
    assert sum(len(countries) for countries in named.values()) > 10


def test_an_unpublished_record_is_in_no_set_of_the_published():
    draft = cast.initiative("draft", ("KEN",), ("brics",), began="2020", state="in-review")
    assert draft.pk not in selection({}).members
    assert draft.pk not in selection({"not_country": ["CHN"]}).members
    assert draft.pk not in selection({"bloc": ["brics"]}).members


def test_members_of_one_list_are_no_members_of_another():
    summits = set(Summit.objects.published().values_list("pk", flat=True))
    assert set(selection({}, SUMMITS).members) == summits
    assert not summits & set(selection({}).members)


# --- What is kept ----------------------------------------------------------------------------------


def test_of_one_filter_each_number_is_counted_once_until_something_changes(client, monkeypatch):
    counted: list[str] = []
    count = Index._counted

    def noted(own, dimension, among):
        counted.append(dimension)
        return count(own, dimension, among)

    monkeypatch.setattr(Index, "_counted", noted)
    cast.initiative("panda", ("KEN",), ("brics",), ("space",))
    for asked in ("", "&page=1", "&sort=title", "&columns=kind", "&size=25"):
        counted.clear()
        page = client.get(f"/initiatives/?country=KEN{asked}")
        assert page.status_code == 200
        assert bool(counted) == (asked == ""), asked
    before = page.context["selection"].count
    cast.initiative("panda-too", ("KEN",), ("brics",), ("space",))
    page = client.get("/initiatives/?country=KEN")
    assert counted
    assert page.context["selection"].count == before + 1
    same_facets({"country": ["KEN"]})


def test_who_is_a_member_today_is_asked_anew_each_day(monkeypatch):
    kenya, source = cast.country("KEN"), Bloc.objects.get(slug="brics").source
    bloc = Bloc.objects.create(
        slug="test-bloc", name="Test bloc", short_name="Test bloc", source=source
    )
    Membership.objects.create(
        bloc=bloc, country=kenya, role="member", since=PartialDate.parse("2031"), source=source
    )
    found = cast.initiative("panda", ("KEN",))
    asked = {"members_of": ["test-bloc"], "membership": ["now"]}
    assert found.pk not in selection(asked).members
    for module in ("initiatives.selection", "initiatives.filters"):
        monkeypatch.setattr(f"{module}.today", lambda: dt.date(2032, 1, 1))
    assert found.pk in selection(asked).members


def test_a_set_that_is_made_of_a_kept_one_has_no_answers_of_its_own():
    known = index()
    everything = known.published("initiative")
    known.counts("country", everything)
    some = everything & known.having("country", [cast.country("CHN").pk])
    assert 0 < len(some) < len(everything)
    by_hand = {c: len(some & r) for c, r in known.sets["country"].items() if some & r}
    assert known.counts("country", some) == by_hand


@pytest.mark.parametrize("most", [1, 3])
def test_of_many_filters_those_asked_last_are_kept_and_all_are_right(monkeypatch, most):
    monkeypatch.setattr("initiatives.index.MOST_LEFT", most)
    cast.initiative("panda")  # an index of another version
    dice, values = random.Random(8), world()
    some = [question(dice, values) for _ in range(6)]
    for asked in some + some:
        same(asked)
        assert len(index()._left) <= most
    same_facets(some[0])


# --- After writes ----------------------------------------------------------------------------------


# What the columns of beginnings have where there is none.
NOTHING = {"earliest": UNKNOWN, "latest": UNKNOWN, "year": 0}


def equal(one: Index, other: Index) -> bool:
    """Whether two indexes would answer everything alike."""
    arrays = all(
        {k: v for k, v in enumerate(getattr(one.beginnings, name).tolist()) if v != nothing}
        == {k: v for k, v in enumerate(getattr(other.beginnings, name).tolist()) if v != nothing}
        for name, nothing in NOTHING.items()
    )
    ordered = one.beginnings.newest_first.tolist() == other.beginnings.newest_first.tolist()
    published = one.published()
    sets = all(
        {v: set(r & published) for v, r in one.sets[d].items() if r & published}
        == {v: set(r & published) for v, r in other.sets[d].items() if r & published}
        for d in DIMENSIONS
    )
    return arrays and ordered and sets


def some_write(dice, n):
    """One of the things that change what filters find."""
    record = dice.choice(list(Initiative.objects.order_by("pk")))
    match n % 9:
        case 0:
            cast.initiative(f"panda-{n}", ("KEN", "BRA"), ("brics",), ("space",), began="2021-05")
        case 1:
            Participation.objects.filter(record=record).delete()
        case 2:
            record.state = "withdrawn"
            record.save()
        case 3:
            record.state = "published"
            record.save()
        case 4:
            record.sectors.set(Sector.objects.order_by("?")[:2])
        case 5:
            body = Organisation.objects.order_by("?").first()
            body.country = cast.country(dice.choice(["KEN", "BRA", "CHN"]))
            body.save()
        case 6:
            cast.money(record, f"panda-{n}", 5, currency="EUR")
        case 7:
            with connection.cursor() as cursor:  # by hand, past every model
                cursor.execute(
                    "UPDATE initiatives_record SET began_earliest = NULL WHERE id = %s", [record.pk]
                )
        case 8:
            made = Change.objects.newest_first().first()
            if made and made.stands and made.verb == "direct":
                undo([made], person("chief editor"), "a test")


def test_after_any_writes_the_index_is_as_if_built_anew():
    dice = random.Random(11)
    index()
    for n in range(45):
        some_write(dice, n)
        if dice.random() < 0.7:
            now = index()
            assert equal(now, Index.built(now.version)), n
    same({"country": ["KEN"]})
    same_facets({"country": ["KEN"]})


def test_what_a_change_that_was_given_up_wrote_is_never_found():
    before = set(selection({}).members)
    with pytest.raises(RuntimeError), transaction.atomic():
        cast.initiative("given-up", ("KEN",))
        assert len(selection({}).members) == len(before) + 1
        raise RuntimeError
    assert set(selection({}).members) == before
    other = cast.initiative("another", ("KEN",))  # under the number that was given up
    assert set(selection({}).members) == {*before, other.pk}


def test_inside_a_change_what_it_wrote_is_found_and_kept_from_others():
    before = selection({}).count
    with change("manage", None):
        cast.initiative("inside", ("KEN",))
        assert selection({}).count == before + 1
        cast.initiative("inside-too", ("KEN",))
        assert selection({}).count == before + 2
    assert selection({}).count == before + 2


def test_the_past_is_found_as_it_was_however_often_it_is_asked():
    number = Change.objects.newest_first().first().number
    then = Moment(number, Change.objects.get(pk=number).at)
    before = set(selection({"country": ["CHN"]}).members)
    gone = Initiative.objects.get(pk=min(before))
    gone.state = "withdrawn"
    gone.save()
    for _ in range(2):
        with as_of(then):
            assert set(selection({"country": ["CHN"]}).members) == before
        assert set(selection({"country": ["CHN"]}).members) == before - {gone.pk}


def test_only_a_few_versions_are_kept_and_the_present_is_one_of_them():
    numbers = list(Change.objects.values_list("number", "at"))
    present = index()
    for number, at in numbers:
        with as_of(Moment(number, at)):
            index()
    assert len(_kept) == 4
    assert index() is present


def test_an_index_that_is_up_to_date_costs_one_query(django_assert_num_queries):
    index()
    with django_assert_num_queries(1):
        index()


@pytest.mark.parametrize("asked", [{}, {"country": ["CHN"]}, {"sector": ["space"]}])
def test_the_order_is_the_latest_beginning_first_and_then_the_last_entered(asked):
    found = selection(asked)
    rows = Initiative.objects.in_bulk(list(found.members))
    expected = sorted(
        rows.values(), key=lambda r: (r.began_earliest or dt.date.min, r.pk), reverse=True
    )
    assert found.index.in_order(found.members).tolist() == [record.pk for record in expected]


def arrays(days):
    """Keys in order, and the first and the last day of each, as they are read."""
    keys = sorted(days)
    ends = [[days[key][end] for key in keys] for end in (0, 1)]
    return tuple(np.array(column, dtype=np.int64) for column in (keys, *ends))


def beginnings(days):
    return Beginnings.of(max(days, default=0) + 1, *arrays(days))


SPANS = st.one_of(
    st.just((UNKNOWN, UNKNOWN)),
    st.tuples(st.integers(730_000, 730_800), st.integers(0, 500)).map(lambda t: (t[0], sum(t))),
    st.tuples(st.just(UNKNOWN), st.integers(730_000, 730_800)),
)
SOME = st.dictionaries(st.integers(1, 60), SPANS, max_size=30)


@given(SOME, SOME, st.sets(st.integers(1, 70)), st.sampled_from([0, 200]))
def test_beginnings_that_are_renewed_are_as_if_read_anew(before, changed, gone, few):
    after = {**before, **changed}
    for key in gone:
        after.pop(key, None)
    touched = gone | changed.keys()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("initiatives.beginnings.FEW", few)
        here = {key: span for key, span in after.items() if key in touched}
        renewed = beginnings(before).renewed(touched, *arrays(here))
    anew = beginnings(after)
    assert renewed.newest_first.tolist() == anew.newest_first.tolist()
    for name, nothing in NOTHING.items():
        one, other = (getattr(found, name).tolist() for found in (renewed, anew))
        size = max(len(one), len(other))
        assert one + [nothing] * (size - len(one)) == other + [nothing] * (size - len(other)), name


@given(SOME)
def test_beginnings_are_counted_by_year_quarter_and_month(days):
    found, everything = beginnings(days), BitMap(days)
    spans = [tuple(map(dt.date.fromordinal, span)) for span in days.values() if UNKNOWN not in span]
    within = [a for a, b in spans if a.year == b.year]
    assert found.by_year(everything) == Counter(day.year for day in within)
    parts = Counter(f"{a:%Y-%m}" for a, b in spans if (a.year, a.month) == (b.year, b.month))
    parts += Counter(
        f"{a.year}-{(a.month - 1) // 3 + 33}"
        for a, b in spans
        if (a.year, (a.month - 1) // 3) == (b.year, (b.month - 1) // 3)
    )
    counted = {}
    for year in {day.year for day in within}:
        counted |= found.by_part(everything, year)
    assert counted == parts


@pytest.mark.parametrize("one_in", [1, 3, 50])
@pytest.mark.parametrize("count", [0, 1, 9, 70, 5_000])
def test_the_first_of_many_are_those_of_the_whole_order(one_in, count):
    dice = random.Random(1)
    keys = dice.sample(range(1, 9_000), 4_000)
    days = {
        key: 730_000 - place // 3 if place % 7 else UNKNOWN
        for place, key in enumerate(sorted(keys))
    }
    order = sorted(keys, key=lambda key: (days[key], key), reverse=True)
    everything = BitMap(keys)
    found = beginnings({key: (day, day) for key, day in days.items()})
    members = everything if one_in == 1 else BitMap(dice.sample(keys, len(keys) // one_in))
    expected = [key for key in order if key in members]
    assert found.newest(members, count) == expected[:count]
    assert found.in_order(members).tolist() == expected


@pytest.mark.parametrize("few", [0, 2_000], ids=["walked", "put in order"])
def test_each_order_is_that_of_the_database(client, monkeypatch, few):
    monkeypatch.setattr("initiatives.selection.FEW", few)
    monkeypatch.setattr("initiatives.keyset.SOME", 3)

    def listed(sort):
        rows = client.get("/initiatives.json", {"sort": sort}).json()["results"]
        assert [row["slug"] for row in rows][:50] == [
            record.slug for record in client.get("/initiatives/", {"sort": sort}).context["page"]
        ]
        return [row["slug"] for row in rows]

    published = Initiative.objects.published()
    slugs = {
        sort: list(published.order_by(*order).values_list("slug", flat=True))
        for sort, order in {
            "newest": [F("began_earliest").desc(nulls_last=True), "-pk"],
            "oldest": [F("began_earliest").asc(nulls_last=True), "pk"],
            "title": ["title", "pk"],
            "changed": ["-changed_at", "pk"],
        }.items()
    }
    assert {sort: listed(sort) for sort in slugs} == slugs
    assert client.get("/initiatives.json", {"sort": "luck"}).status_code == 400


def test_years_quarters_and_months_are_counted_and_each_leads_to_its_records(client):
    for n, began in enumerate(["2019", "2019-33", "2019-08", "2019-08-04", "2018/2019", ""]):
        cast.initiative(f"panda-{n}", title="Panda", began=began)

    def offered(**asked):
        found = facet(selection({"q": ["panda"], **{k: [v] for k, v in asked.items()}}), "began")
        return {choice.value: (choice.count, found.alone(choice)) for choice in found.choices}

    assert {value: count for value, (count, _) in offered().items()} == {"2019": 4}
    inside = offered(began="2019")
    assert {value: count for value, (count, _) in inside.items()} == {
        "2019": 4, "2019-08": 2, "2019-33": 1, "2019-35": 2,
    }  # fmt: skip
    for count, alone in inside.values():
        assert client.get(f"/initiatives.json?{alone}").json()["count"] == count


def test_what_is_no_period_is_refused_by_name(client):
    for text in ("2019/2020", "19", "2019-13", "2019-22", "2019-08-04", "soon", "2019-33-01"):
        refused = client.get("/initiatives.json", {"began": ["2019", text]})
        assert (refused.status_code, set(refused.json()["errors"])) == (400, {"began"}), text


def test_the_number_of_rows_of_a_page_is_one_of_those_offered(client):
    for n in range(30):
        cast.initiative(f"panda-{n}", title="Panda")
    assert len(client.get("/initiatives/?q=panda&size=25").context["page"]) == 25
    assert len(client.get("/initiatives/?q=panda").context["page"]) == 30
    for size in ("26", "-1", "abc", "1000000"):
        refused = client.get(f"/initiatives/?size={size}")
        assert refused.status_code == 400
        assert "<code>size</code>" in refused.content.decode()


def test_the_number_of_rows_stays_when_filters_are_followed_or_taken_away(client):
    for n in range(3):
        cast.initiative(f"panda-{n}", ("KEN",), title="Panda")
    text = client.get("/initiatives/?q=panda&country=KEN&size=25").content.decode()
    assert 'href="?q=panda&amp;size=25&amp;country=KEN"' in text  # the count beside a choice
    assert 'href="?q=panda&amp;size=25"' in text  # what takes the country away
    assert "size" not in re.findall(r'facet__count" href="([^"]*)"', _page(client, "q=panda"))[0]
    drawn = client.get("/charts/map/?q=panda&arcs=yes").content.decode()
    assert 'href="?q=panda&amp;arcs=yes&amp;country=KEN"' in drawn


def _page(client, query):
    return client.get(f"/initiatives/?{query}").content.decode()


def test_choices_can_be_left_out_without_a_script(client):
    cast.initiative("panda-a", ("KEN", "BRA"), title="Panda")
    cast.initiative("panda-b", ("KEN",), title="Panda")
    page = client.get("/initiatives/?q=panda&not_country=BRA")
    assert [record.slug for record in page.context["page"]] == ["panda-b"]
    text = page.content.decode()
    assert 'name="not_country" value="BRA" checked' in text
    assert 'name="not_country" value="KEN">' in text
    assert "without Brazil taking part" in text
