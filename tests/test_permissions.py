"""Every address against every role: who is let in, and that who is not changes nothing.

RULES says of each route who may read it and who may send it a form. A route without a rule fails by
its name, so does a rule without a route. Real addresses are made with VALUES.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils.regex_helper import normalize

from dashboards.api.views import CHARTS
from dashboards.lists import SINGULAR
from dashboards.watching.addresses import token_for
from dashboards.watching.digest import unsubscribe_path
from dashboards.watching.models import SavedView
from initiatives import models as initiatives
from initiatives.models import Record
from initiatives.news.models import ImportRun, Proposal
from partners import models as partners
from partners.history.changes import data_version
from tests import people
from tests.documents import document, imported, initiative
from tests.people import client_of

pytestmark = pytest.mark.django_db

# --- The rules -----------------------------------------------------------------------------------

STRANGER, READER = "stranger", "reader"  # without an account; with one, and no role
WHO = [STRANGER, READER, *people.ROLES]

NOBODY: frozenset[str] = frozenset()
ANYONE = frozenset(WHO)
ACCOUNTS = ANYONE - {STRANGER}
EDIT = frozenset(people.ROLES)
PUBLISH = EDIT - {"editor"}
ADMINISTRATORS = frozenset({"administrator"})
STAFF = EDIT  # whoever has a role sees the admin


class Rule(NamedTuple):
    """Who may read a route and who may send it a form; nobody: it has no such method."""

    get: frozenset[str]
    post: frozenset[str] = NOBODY


READ = Rule(ANYONE)
DO = Rule(NOBODY, EDIT)  # a form that editors send from another page
DECIDE = Rule(NOBODY, PUBLISH)  # the same of chief editors
LISTS = ("initiative", "alliance", "summit", "country", "bloc", "organisation", "article")

KINDS = {"initiatives": "initiative", "alliances": "alliance", "summits": "summit"}
SHAPES = ("json", "csv", "xlsx", "atom", "bib", "csl_json")


def in_admin(model: str, view: Any, add: Any, change: Any, delete: Any) -> dict[str, Rule]:
    """The rules of the six routes of a model in the admin."""
    name = f"admin:{model.replace('.', '_')}"
    return {
        f"{name}_changelist": Rule(view, view),
        f"{name}_add": Rule(add, add),
        f"{name}_history": Rule(view, view),
        f"{name}_delete": Rule(delete, delete),
        f"{name}_change": Rule(view, change),
        f"admin/{model.replace('.', '/')}/<path:object_id>/": Rule(STAFF, STAFF),
    }


def kept_by(who: frozenset[str], model: str) -> dict[str, Rule]:
    """A model that some may write and whoever has a role may look at."""
    return in_admin(model, STAFF, who, who, who)


def looked_at(who: frozenset[str], model: str) -> dict[str, Rule]:
    """A model that nobody writes in the admin."""
    return in_admin(model, who, NOBODY, NOBODY, NOBODY)


RULES: dict[str, Rule] = {
    # Accounts
    "login": Rule(ANYONE, ANYONE),
    "logout": Rule(NOBODY, ANYONE),
    "password": Rule(ACCOUNTS, ACCOUNTS),
    # What is published
    "overview": READ,
    "search": READ,
    "codebook": READ,
    "healthz": READ,
    "funding": READ,
    "funding_rows": READ,
    "funding_rows_json": READ,
    "funding_rows_csv": READ,
    "charts": READ,
    "compare": READ,
    "chart": READ,
    "chart_json": READ,
    **{f"chart_{shape}": READ for shape in ("csv", "svg", "bib", "csl_json", "embed")},
    "data": READ,
    **{f"data_{shape}": READ for shape in ("zip", "bib", "csl_json")},
    "import": READ,
    "article": READ,
    "country": READ,
    "^countries/(?P<iso3>[A-Z]{3})\\.json$": READ,
    **dict.fromkeys(("bloc", "organisation", "initiative", "alliance", "summit"), READ),
    "blocs/<slug:slug>.json": READ,
    "organisations/<slug:slug>.json": READ,
    **{f"{name}_{shape}": READ for name in LISTS[:3] for shape in ("json", "bib", "csl_json")},
    "summit_ics": READ,
    **{f"{name}_list": READ for name in LISTS},
    **{f"{name}_list_{shape}": READ for name in LISTS for shape in SHAPES},
    "summit_list_ics": READ,
    # The API: tests/test_api.py says that it shows everybody the same
    **dict.fromkeys(("api", "api_schema", "api_schema_yaml", "api_docs", "api_charts"), READ),
    **{f"api_{plural}": READ for plural in SINGULAR},
    **{f"api_{name}": READ for name in LISTS},
    **{f"api_{plural}_facets": READ for plural in KINDS},
    **{f"api_chart_{slug}": READ for slug in CHARTS},
    # Saved views: the example is shared and belongs to the reader
    "saved_views": Rule(ACCOUNTS),
    "view_new": Rule(ACCOUNTS, ACCOUNTS),
    "mail_address": Rule(ACCOUNTS, ACCOUNTS),
    "mail_confirm": Rule(ANYONE, ANYONE),
    "unsubscribe": Rule(ANYONE, ANYONE),
    "saved_view": READ,
    "saved_view_feed": READ,
    "view_changes": READ,
    "view_edit": Rule(frozenset({READER}), frozenset({READER})),
    **{f"view_{verb}": Rule(NOBODY, frozenset({READER})) for verb in ("delete", "restore")},
    "view_renew_feed": Rule(NOBODY, frozenset({READER})),
    # The desk
    "import_list": Rule(ANYONE, EDIT),
    "enter": Rule(EDIT, EDIT),
    "keep_draft": DO,
    "entry_drafts": Rule(EDIT, EDIT),
    **{f"{name}_edit": Rule(EDIT, EDIT) for name in LISTS[:3]},
    **{f"{name}_publish": DECIDE for name in LISTS[:3]},
    **{f"{name}_history": READ for name in LISTS[:3]},
    **{f"{name}_history_json": READ for name in LISTS[:3]},
    **{f"{name}_withdraw": Rule(PUBLISH, PUBLISH) for name in LISTS[:3]},
    **{f"{name}_revert": DECIDE for name in LISTS[:3]},
    "change_list": Rule(EDIT),
    "change": Rule(EDIT),
    "change_undo": DECIDE,  # editors undo their own deeds: tests/test_history_pages.py
    "import_undo": DECIDE,
    "article_text": Rule(EDIT),
    "suggest": Rule(EDIT),
    "understand": Rule(EDIT),
    "alike": Rule(EDIT),
    "review": Rule(EDIT, EDIT),
    "proposal": Rule(EDIT, EDIT),
    "review_drafts": Rule(EDIT, EDIT),
    "disputes": Rule(EDIT, EDIT),
    "follow_up": Rule(EDIT),
    "follow_up_queue": Rule(EDIT),
    "confirm": DO,
    "duplicates": Rule(EDIT),
    "duplicate_pair": Rule(EDIT),
    "duplicate_apart": DO,
    "duplicate_merge": DECIDE,
    # The admin
    "admin:index": Rule(STAFF, STAFF),
    "admin:login": Rule(ANYONE, ANYONE),
    "admin:logout": Rule(ANYONE, ANYONE),  # who is not inside is led to its index
    "admin:password_change": Rule(STAFF, STAFF),
    "admin:password_change_done": Rule(STAFF),
    "admin:autocomplete": Rule(STAFF),
    "admin:jsi18n": Rule(STAFF),
    "admin:view_on_site": Rule(STAFF, STAFF),
    "admin:app_list": Rule(STAFF, STAFF),
    "admin/(?P<url>.*)$": Rule(STAFF, STAFF),
    **in_admin("auth.group", *[ADMINISTRATORS] * 4),
    **in_admin("auth.user", *[ADMINISTRATORS] * 4),
    "admin:auth_user_password_change": Rule(ADMINISTRATORS, ADMINISTRATORS),
    **in_admin("axes.accessattempt", ADMINISTRATORS, NOBODY, ADMINISTRATORS, ADMINISTRATORS),
    **in_admin("axes.accesslog", ADMINISTRATORS, NOBODY, ADMINISTRATORS, ADMINISTRATORS),
    **in_admin("axes.accessfailurelog", ADMINISTRATORS, NOBODY, ADMINISTRATORS, ADMINISTRATORS),
    **kept_by(ADMINISTRATORS, "partners.country"),
    **kept_by(PUBLISH, "partners.source"),
    **kept_by(PUBLISH, "partners.bloc"),
    **kept_by(PUBLISH, "partners.organisation"),
    **kept_by(PUBLISH, "initiatives.label"),
    **kept_by(PUBLISH, "initiatives.summitseries"),
    **kept_by(PUBLISH, "initiatives.sector"),
    **kept_by(PUBLISH, "initiatives.publisher"),
    **looked_at(STAFF, "initiatives.record"),
    **looked_at(STAFF, "initiatives.article"),
    **looked_at(STAFF, "initiatives.evidence"),
}

# --- Real addresses ------------------------------------------------------------------------------


def published(kind: str) -> Callable[[], str]:
    return lambda: Record.objects.filter(type=kind, state="published").earliest("pk").slug


def of_type(model: Any) -> Callable[[], Any]:
    return lambda: model.objects.earliest("pk").pk


def a_proposal() -> int:
    """One that waits, of an import that would change what is published."""
    imported(document(initiative()))
    imported(document(initiative(title="Another title")), publish=False)
    return Proposal.objects.earliest("pk").pk


def a_shared_view() -> str:
    """One of the reader's."""
    return SavedView.objects.get(owner__username="test-reader").key


def of_reader(made: Callable[[User], str]) -> Callable[[], str]:
    """A token of the reader's, out of an address."""
    return lambda: made(User.objects.get(username="test-reader"))


# The parameter of a route by the beginning of its pattern, the longest that fits.
VALUES: dict[tuple[str, str], Callable[[], Any]] = {
    **{
        (f"api/v1/{plural}/", "slug"): published(kind) for plural, kind in KINDS.items()
    },
    ("api/v1/countries/", "iso3"): lambda: "KEN",
    ("api/v1/blocs/", "slug"): lambda: "brics",
    ("api/v1/organisations/", "slug"): lambda: "casic",
    ("api/v1/articles/", "pk"): lambda: initiatives.Article.objects.published().earliest("pk").pk,
    ("initiatives/", "slug"): published("initiative"),
    ("alliances/", "slug"): published("alliance"),
    ("summits/", "slug"): published("summit"),
    ("summits/<slug:slug>.ics", "slug"): lambda: "14th-brics-summit",
    # What is published is edited by chief editors alone: see below.
    **{
        (f"{plural}/<slug:slug>/{verb}/", "slug"): lambda kind=kind: f"test-{kind}-draft"
        for plural, kind in KINDS.items()
        for verb in ("edit", "publish")
    },
    ("review/", "pk"): a_proposal,
    ("review/follow-up/", "queue"): lambda: "ended",
    ("review/follow-up/confirm/", "slug"): published("initiative"),
    ("review/duplicates/", "kept"): published("initiative"),
    ("review/duplicates/", "other"): lambda: "test-initiative-draft",
    ("charts/", "slug"): lambda: "funding-by-year",
    ("^countries/", "iso3"): lambda: "KEN",
    ("blocs/", "slug"): lambda: "brics",
    ("organisations/", "slug"): lambda: partners.Organisation.objects.earliest("pk").slug,
    ("imports/", "pk"): of_type(ImportRun),
    ("changes/", "number"): data_version,
    ("articles/", "pk"): of_type(initiatives.Article),
    ("views/", "key"): a_shared_view,
    ("views/mail/", "token"): of_reader(lambda person: token_for(person, "new@example.org")),
    ("views/unsubscribe/", "token"): of_reader(lambda p: unsubscribe_path(p).split("/")[3]),
    ("suggest/", "kind"): lambda: "country",
    ("understand/", "kind"): lambda: "date",
    ("admin/r/", "content_type_id"): lambda: ContentType.objects.get_for_model(partners.Bloc).pk,
    ("admin/r/", "object_id"): of_type(partners.Bloc),
    ("admin/^", "app_label"): lambda: "partners",
    ("admin/(", "url"): lambda: "no-such-page/",
    ("admin/auth/group/", "object_id"): of_type(Group),
    ("admin/auth/user/", "object_id"): of_type(User),
    ("admin/auth/user/", "id"): of_type(User),
    ("admin/axes/accessattempt/", "object_id"): of_type(AccessAttempt),
    ("admin/axes/accesslog/", "object_id"): of_type(AccessLog),
    ("admin/axes/accessfailurelog/", "object_id"): of_type(AccessFailureLog),
    **{
        (f"admin/{app}/{model.__name__.lower()}/", "object_id"): of_type(model)
        for app, models in (
            ("partners", (partners.Source, partners.Country, partners.Bloc, partners.Organisation)),
            ("initiatives", (initiatives.Label, initiatives.SummitSeries, initiatives.Publisher,
                             Record, initiatives.Article, initiatives.Evidence)),
        )
        for model in models
    },
    ("admin/initiatives/sector/", "object_id"): lambda: initiatives.Sector.objects.latest("pk").pk,
}  # fmt: skip
# What else a route must be asked with.
QUERIES = {
    "view_new": "address=/initiatives/",
    **dict.fromkeys(
        ("funding_rows", "funding_rows_json", "funding_rows_csv"),
        "chart=funding-by-sector&bar=smart-cities",
    ),
    "admin:autocomplete": "app_label=partners&model_name=membership&field_name=country&term=k",
    "suggest": "q=ken",
    "understand": "q=2024",
    "alike": "title=digital",
}
# Answers of those who are let in that are neither well nor refused.
ODD = {
    "healthz": 503,  # tests run without a queue
    "admin:logout": 405,  # by a link
    "admin/(?P<url>.*)$": 404,
}


class Route(NamedTuple):
    """A route of the site: its name, or its pattern if it has none of its own."""

    key: str
    pattern: str
    form: str  # the address, with %(name)s for its parameters
    parameters: list[str]

    def address(self) -> str:
        """A real address."""
        values = {name: str(self._value(name)()) for name in self.parameters}
        query = QUERIES.get(self.key, "")
        return "/" + self.form % values + (f"?{query}" if query else "")

    def _value(self, name: str) -> Callable[[], Any]:
        fitting = [
            start for start, known in VALUES if known == name and self.pattern.startswith(start)
        ]
        assert fitting, f"{self.pattern}: VALUES has nothing for {name}"
        return VALUES[max(fitting, key=len), name]


def routes() -> list[Route]:
    """Every route of the site, those of Django's admin included."""
    found = list(_walk(get_resolver()))
    named = Counter(name for name, *_rest in found)
    return [
        Route(name if name and named[name] == 1 else pattern, pattern, form, parameters)
        for name, pattern, form, parameters in found
    ]


def _walk(
    resolver: Any, namespace: str = "", pattern: str = "", form: str = "", known: Any = ()
) -> Iterator[tuple[str, str, str, list[str]]]:
    for entry in resolver.url_patterns:
        here, parameters = normalize(entry.pattern.regex.pattern)[0]
        whole = (pattern + str(entry.pattern), form + here, [*known, *parameters])
        if isinstance(entry, URLResolver):
            inside = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry, inside, *whole)
        else:
            yield (f"{namespace}{entry.name}" if entry.name else "", *whole)


ROUTES = {route.key: route for route in routes()}


# --- Asking --------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def examples() -> None:
    """What the seed records have none of."""
    call = {"username": "somebody", "ip_address": "192.0.2.1"}
    AccessAttempt.objects.create(**call, failures_since_start=1)
    AccessLog.objects.create(**call)
    AccessFailureLog.objects.create(**call)
    initiatives.Sector.objects.create(slug="test-unused", name="Unused test sector")
    initiatives.Publisher.objects.create(name="Test publisher")
    series = initiatives.SummitSeries.objects.earliest("pk")
    for model, more in (("Initiative", {}), ("Alliance", {}), ("Summit", {"series": series})):
        slug = f"test-{model.lower()}-draft"
        getattr(initiatives, model).objects.create(slug=slug, title=slug, state="draft", **more)
    for role in people.ROLES:
        people.person(role)
    reader, _new = User.objects.get_or_create(username="test-reader")
    SavedView.objects.create(owner=reader, name="Test view", path="/initiatives/", shared=True)


def client(who: str, **options: Any) -> Client:
    if who == READER:
        reader = Client(**options)
        reader.force_login(User.objects.get(username="test-reader"))
        return reader
    return client_of("" if who == STRANGER else who, **options)


def outcome(answer: Any) -> str:
    """in, out (not for you), no (no such method), or what went wrong."""
    where = answer.get("Location", "")
    if answer.status_code in (401, 403) or re.match(r"/(admin/)?login/\?next=", where):
        return "out"
    if answer.status_code == 405:
        return "no"
    # A form is sent empty, which its view may call wrong; nothing is wrong with an address.
    empty = answer.wsgi_request.method == "POST" and answer.status_code in (400, 409)
    return "in" if empty or answer.status_code < 400 else f"status {answer.status_code}"


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is done inside is not."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def written() -> tuple[int, ...]:
    """The version of the data, and how many rows each table has."""
    tables = [m._meta.db_table for m in apps.get_models(include_auto_created=True)]
    counts = ", ".join(f'(SELECT COUNT(*) FROM "{table}")' for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts}")
        return (data_version(), *cursor.fetchone())


# --- The matrix ----------------------------------------------------------------------------------


def test_every_route_has_a_rule_and_every_rule_a_route():
    assert sorted(ROUTES.keys() - RULES) == [], "routes without a rule"
    assert sorted(RULES.keys() - ROUTES) == [], "rules without a route"
    assert len(ROUTES) == len(routes()), "two routes of one pattern"


@pytest.mark.parametrize("key", sorted(ROUTES))
def test_who_may_use(key):
    rule, address = RULES[key], ROUTES[key].address()
    for method, allowed in (("get", rule.get), ("post", rule.post)):
        for who in WHO:
            asking = client(who)
            with undone():
                before = written()
                answer = getattr(asking, method)(address)
                after = written()
            found = outcome(answer)
            told = f"{who} {method} {address}: {answer.status_code}"
            if who in allowed:
                assert found == "in" or answer.status_code == ODD.get(key), told
            else:
                assert found == "out" or (found == "no" and not allowed), told
            if method == "get" or who not in allowed:
                assert after == before, f"{told}, and something was written"


# A token in the address says whose form it is: programs that read mail send it, without a page.
SIGNED = {"unsubscribe"}


@pytest.mark.parametrize("key", sorted({k for k in ROUTES if RULES.get(k, READ).post} - SIGNED))
def test_a_form_without_its_token_is_refused_by(key):
    careful = client("administrator", enforce_csrf_checks=True)
    address = ROUTES[key].address()
    before = written()
    assert careful.post(address).status_code in (403, 405)
    assert written() == before


@pytest.mark.parametrize("plural", KINDS)
def test_what_is_published_is_edited_by_chief_editors_alone(plural):
    slug = published(KINDS[plural])()
    for method in ("get", "post"):
        for who in WHO:
            found = outcome(getattr(client(who), method)(f"/{plural}/{slug}/edit/"))
            assert found == ("in" if who in PUBLISH else "out"), (who, method)


@pytest.mark.parametrize("plural", KINDS)
def test_a_draft_is_hidden_from_those_who_edit_nothing(plural):
    for who in WHO:
        ends = ("/", ".json", ".bib", ".csl.json")
        for address in (f"/{plural}/test-{KINDS[plural]}-draft{end}" for end in ends):
            assert client(who).get(address).status_code == (200 if who in EDIT else 404), who
