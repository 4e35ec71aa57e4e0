"""Who takes part with whom: the map of countries, and the network of those who share initiatives."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from django.utils.translation import gettext
from pyroaring import BitMap

from dashboards.charts.chart import Chart, Line, Series, Value, classes
from dashboards.charts.counts import initiatives_by_country, narrowed
from initiatives.filters import COUNTRY, ORGANISATION
from initiatives.funding.rollup import Reason
from initiatives.selection import Selection
from partners.models import Country, Organisation

MOST_NODES, MOST_EDGES = 60, 200
MOST_ARCS = 60
# So many of the strongest pairs are looked at for edges between the nodes that there is room for,
# and pairs of so many partners, those with most records.
LOOKED_AT = 2000
PARTNERS_LOOKED_AT = 400


class Shared:
    """The pairs of partners that take part in the same of the selected records.

    `of` is "countries", which take part themselves or through an organisation, or "organisations".
    """

    def __init__(self, selection: Selection, of: str) -> None:
        self.model: Any = Country if of == "countries" else Organisation
        dimension = COUNTRY if of == "countries" else ORGANISATION
        members = selection.members
        having: Any = selection.index.sets[dimension].items()
        found = {partner: here for partner, records in having if (here := records & members)}
        # Those with most records first.
        self.records: dict[int, BitMap] = dict(
            sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
        )

    def pairs(self) -> list[tuple[int, int, int]]:
        """The pairs with records in common, the strongest first: both keys, and how many."""
        looked_at = list(self.records.items())[:PARTNERS_LOOKED_AT]
        found = [
            (min(one, other), max(one, other), n)
            for (one, records), (other, others) in combinations(looked_at, 2)
            if (n := records.intersection_cardinality(others))
        ]
        return sorted(found, key=lambda pair: (-pair[2], pair[:2]))

    def with_any(self, edges: list[tuple[int, int, int]]) -> int:
        """How many records one of the pairs has in common."""
        both = (self.records[one] & self.records[other] for one, other, _ in edges)
        return len(BitMap.union(BitMap(), *both))

    def with_one_and_with_two(self) -> tuple[int, int]:
        """How many records have a partner at all, and how many have two or more."""
        once, twice = BitMap(), BitMap()
        for records in self.records.values():
            twice |= once & records
            once |= records
        return len(once), len(twice)


@dataclass(frozen=True, slots=True)
class Node:
    """A partner in the network: how many records it has, and the way to them."""

    key: str
    name: str
    records: int
    link: str | None


@dataclass
class Network(Chart):
    """An edge for each label, between two of the nodes."""

    nodes: list[Node] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)

    def more(self) -> dict[str, Any]:
        names = ("key", "name", "records", "link")
        return {
            "nodes": [{name: getattr(node, name) for name in names} for node in self.nodes],
            "edges": [list(edge) for edge in self.edges],
        }

    def rows(self) -> list[dict[str, Any]]:
        rows = Chart.rows(self)
        for row, edge in zip(rows, self.edges, strict=True):
            row["ends"] = [self.nodes[n] for n in edge]
        return rows


def network(slug: str, selection: Selection, of: str = "countries") -> Chart:
    """Partners who share initiatives: the strongest pairs among as many partners as can be read."""
    shared = Shared(selection, of)
    found = shared.pairs()
    edges = _readable(found[:LOOKED_AT])
    sizes = {end: len(shared.records[end]) for edge in edges for end in edge[:2]}
    partners = selection.index.rows_of(shared.model, sizes)
    order = sorted(sizes, key=lambda pk: (-sizes[pk], str(partners[pk])))
    at = {pk: n for n, pk in enumerate(order)}
    name = "country" if of == "countries" else "organisation"
    nodes = [_node(partners[pk], sizes[pk], name, selection) for pk in order]
    counted = shared.with_any(edges)
    one, two = shared.with_one_and_with_two()
    ends = [tuple(sorted((at[a], at[b]))) for a, b, _ in edges]
    left_out = [
        Line("weaker-pair", gettext("only in pairs that are not shown"), two - counted),
        Line("one-partner", gettext("only one of them takes part"), one - two),
        Line(*_nobody(of), selection.count - one),
    ]
    return Network(
        slug=slug,
        title=gettext("Countries that share initiatives")
        if of == "countries"
        else gettext("Organisations that share initiatives"),
        unit=gettext("initiatives"),
        label_name=gettext("Pair"),
        labels=[f"{nodes[a].name} – {nodes[b].name}" for a, b in ends],
        links=[
            narrowed("initiative_list", selection, **{of: [nodes[a].key, nodes[b].key]})
            for a, b in ends
        ],
        series=[Series(gettext("shared initiatives"), [Value.of(n) for _, _, n in edges])],
        total=Value.of(counted).amount,
        records=counted,
        note=_note(len(edges), len(found), len(nodes), len(shared.records)),
        left_out=[line for line in left_out if line.records],
        kind="network",
        horizontal=True,
        nodes=nodes,
        edges=[(a, b) for a, b in ends],
    )


def _readable(found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The strongest pairs, as long as there is room for both of their ends."""
    nodes: set[int] = set()
    edges: list[tuple[int, int, int]] = []
    for edge in found:
        if len(edges) == MOST_EDGES:
            break
        if len(nodes | {*edge[:2]}) <= MOST_NODES:
            nodes |= {*edge[:2]}
            edges.append(edge)
    return edges


def _node(partner: Any, records: int, filter_name: str, selection: Selection) -> Node:
    key = partner.iso3 if filter_name == "country" else partner.slug
    link = narrowed("initiative_list", selection, **{filter_name: key})
    return Node(key, str(partner), records, link)


def _nobody(of: str) -> tuple[str, str]:
    if of == "countries":
        return Reason.NO_COUNTRY.value, str(Reason.NO_COUNTRY.label)
    return "no-organisation", gettext("with no organisation taking part")


def _note(edges: int, pairs: int, nodes: int, partners: int) -> str:
    said = [gettext("An initiative of several partners stands under each pair of them.")]
    if edges < pairs:
        shown = gettext("The %(edges)s strongest of %(pairs)s pairs are shown, between %(nodes)s of %(partners)s partners.")  # fmt: skip
        said.append(shown % {"edges": edges, "pairs": pairs, "nodes": nodes, "partners": partners})
    if partners > PARTNERS_LOOKED_AT:
        looked_at = gettext("Looked at are the %(n)s partners with most initiatives.")
        said.append(looked_at % {"n": PARTNERS_LOOKED_AT})
    return " ".join(said)


@dataclass
class Map(Chart):
    """A label for each country. `codes` are their ISO numeric codes, their English names where they
    have none; `arcs` join two of the labels, with how many records they share.
    """

    codes: list[str] = field(default_factory=list)
    arcs: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def classes(self) -> list[dict[str, int]]:
        return classes(max((v.records for s in self.series for v in s.values), default=0))

    def more(self) -> dict[str, Any]:
        return {
            "classes": self.classes,
            "codes": self.codes,
            "arcs": [list(arc) for arc in self.arcs],
        }


def country_map(slug: str, selection: Selection, arcs: str = "no") -> Chart:
    """Initiatives by country taking part, on a map; with arcs between those that share most."""
    bars = initiatives_by_country(slug, selection)
    known = selection.index.rows_of(Country, selection.index.sets[COUNTRY])
    countries = {str(country): country for country in known.values()}
    note = bars.note
    joined: list[tuple[int, int, int]] = []
    if arcs == "yes":
        at = {countries[label].pk: n for n, label in enumerate(bars.labels)}
        strongest = Shared(selection, "countries").pairs()[:MOST_ARCS]
        joined = [(at[a], at[b], n) for a, b, n in strongest]
        most = gettext("Arcs join the pairs of countries that share most initiatives, %(n)s at most.")  # fmt: skip
        note = f"{note} {most % {'n': MOST_ARCS}}"
    return Map(
        slug=slug,
        title=gettext("Countries taking part in initiatives"),
        unit=bars.unit,
        label_name=gettext("Country"),
        labels=bars.labels,
        links=bars.links,
        series=bars.series,
        total=bars.total,
        records=bars.records,
        note=note,
        left_out=bars.left_out,
        horizontal=True,
        kind="map",
        codes=[countries[label].numeric or countries[label].english_name for label in bars.labels],
        arcs=joined,
    )
