"""What the API answers, as JSON Schema: rows of lists as their columns are declared."""

from __future__ import annotations

from typing import Any

from dashboards.columns import Column
from dashboards.exports.view import ALWAYS
from dashboards.lists import LISTINGS, SINGULAR, Listing
from initiatives.models import RECORD_MODELS

Schema = dict[str, Any]

TYPES: dict[str, Schema] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
}
TEXT, COUNT, FLAG = TYPES["string"], {"type": "integer", "minimum": 0}, TYPES["boolean"]
ADDRESS: Schema = {"type": "string", "format": "uri"}


def ref(name: str) -> Schema:
    """The schema of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def some(items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": items}


def maybe(schema: Schema) -> Schema:
    """That, or null."""
    return {**schema, "type": [schema["type"], "null"]}


def an_object(properties: dict[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    """An object with these properties, all of them but the optional ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def by_name(values: Schema) -> Schema:
    """An object of whatever names."""
    return {"type": "object", "additionalProperties": values}


def said(schema: Schema, meaning: Any) -> Schema:
    """The schema with what it means."""
    return {**schema, "description": str(meaning)}


VERSION = said(COUNT, "number of the last change to the data")
QUERY = said(TEXT, "the filter in words")


# --- Lists ---------------------------------------------------------------------------------------


def named(listing: Listing) -> str:
    """The name of the schema of one row."""
    return SINGULAR[listing.name].title()


def cell(column: Column) -> Schema:
    """What stands in a column."""
    schema = TYPES[column.type]
    if column.many:
        schema = some(schema)
    return said(maybe(schema) if column.null else schema, column.meaning)


def row(listing: Listing) -> Schema:
    """A row of a list."""
    cells = {column.name: cell(column) for column in listing.columns}
    optional = tuple(name for name in cells if name not in ALWAYS)  # see the filter “columns”
    return an_object({**cells, "url": said(ADDRESS, "address of its page, in full")}, optional)


def page(listing: Listing) -> Schema:
    """A page of a list."""
    return an_object(
        {
            "count": said(COUNT, "how many match, on all pages"),
            "query": QUERY,
            "data_version": VERSION,
            "next": said(maybe(ADDRESS), "the next page; null: this is the last"),
            "results": some(ref(named(listing))),
        }
    )


FACETS = an_object(
    {
        "count": said(COUNT, "how many match"),
        "query": QUERY,
        "data_version": VERSION,
        "facets": some(
            an_object(
                {
                    "name": said(TEXT, "the filter"),
                    "label": TEXT,
                    "choices": some(
                        an_object(
                            {
                                "value": said(TEXT, "what the filter takes"),
                                "label": TEXT,
                                "count": said(COUNT, "how many one gets by taking it alone"),
                                "selected": FLAG,
                            }
                        )
                    ),
                }
            )
        ),
    }
)


# --- Records and partners ------------------------------------------------------------------------

ARTICLE = an_object(
    {
        "title": TEXT,
        "publisher": maybe(TEXT),
        "publisher_missing": maybe(TEXT),
        "published": maybe(TEXT),
        "published_missing": maybe(TEXT),
        "original": maybe(TEXT),
        "url": ADDRESS,
    }
)
PASSAGE: dict[str, Schema] = {
    "quote": TEXT,
    "claimant": said(maybe(TEXT), "who said it, apart from who printed it"),
    "start": said(COUNT, "its first character, counted from 0"),
    "end": COUNT,
    "made_by": TEXT,
    "maker": TEXT,
}
STATEMENT = an_object(
    {
        "values": said(by_name({}), "as the tables of /data/ describe them"),
        "superseded": FLAG,
        "disputed": said(FLAG, "whether another statement that holds contradicts it"),
        "chosen_because": maybe(TEXT),
        "recorded_at": TYPES["datetime"],
        "evidence": some(
            an_object(
                {
                    **PASSAGE,
                    "carries": said(
                        {"oneOf": [{"const": "all"}, some(TEXT)]}, "which of the values, or all"
                    ),
                    "article": said(TEXT, "its key among the articles"),
                }
            )
        ),
    }
)
ANY_RECORD: dict[str, Schema] = {
    "type": TEXT,
    "slug": TEXT,
    "title": TEXT,
    "url": ADDRESS,
    "state": TEXT,
    "data_version": VERSION,
}
RECORD = an_object(
    {
        **ANY_RECORD,
        "kind": maybe(TEXT),
        "status": maybe(TEXT),
        "series": maybe(TEXT),
        "ordinal": maybe(TYPES["integer"]),
        "began": said(maybe(TEXT), "EDTF, as precise as stated"),
        "aliases": some(TEXT),
        "summary": TEXT,
        "sectors": some(TEXT),
        "statements": said(by_name(some(ref("Statement"))), "by kind"),
        "articles": said(by_name(ref("ArticleOfRecord")), "by key"),
        "changed": TYPES["datetime"],
    }
)
WITHDRAWN = an_object(
    {
        **ANY_RECORD,
        "withdrawn_because": TEXT,
        "merged_into": said(maybe(ADDRESS), "the record that has taken its place"),
    }
)
SOURCE = an_object({"title": TEXT, "publisher": maybe(TEXT), "url": maybe(TEXT), "note": TEXT})
MEMBERSHIP = an_object(
    {
        "bloc": TEXT,
        "country": TEXT,
        "role": TEXT,
        "since": said(maybe(TEXT), "EDTF"),
        "until": said(maybe(TEXT), "EDTF; null: it goes on"),
        "note": TEXT,
        "source": ref("Source"),
    }
)
PARTNER: dict[str, Schema] = {
    "type": TEXT,
    "slug": TEXT,
    "title": TEXT,
    "url": ADDRESS,
    "data_version": VERSION,
}
PARTNERS: dict[str, Schema] = {
    "countries": an_object(
        {
            **PARTNER,
            "iso2": TEXT,
            "numeric": TEXT,
            "region": maybe(TEXT),
            "subregion": maybe(TEXT),
            "names": some(TEXT),
            "memberships": some(ref("Membership")),
        }
    ),
    "blocs": an_object(
        {
            **PARTNER,
            "name": TEXT,
            "kind": TEXT,
            "founded": maybe(TEXT),
            "description": TEXT,
            "website": maybe(TEXT),
            "source": ref("Source"),
            "memberships": some(ref("Membership")),
        }
    ),
    "organisations": an_object(
        {
            **PARTNER,
            "kind": TEXT,
            "country": maybe(TEXT),
            "parent": maybe(TEXT),
            "names": some(TEXT),
        }
    ),
    "articles": an_object(
        {
            **PARTNER,
            **ARTICLE["properties"],
            "author": maybe(TEXT),
            "language": TEXT,
            "text": said(maybe(TEXT), "our brief of it; null where the text is not our own"),
            "passages": some(
                an_object(
                    {
                        **PASSAGE,
                        "carries": some(
                            an_object(
                                {
                                    "record": said(TEXT, "its slug"),
                                    "record_type": TEXT,
                                    "value": said(TEXT, "what is stated, in words"),
                                    "url": said(ADDRESS, "where it stands on the page"),
                                }
                            )
                        ),
                    }
                )
            ),
        }
    ),
}


def one(listing: Listing) -> Schema:
    """One of a list, with all that is stated of it."""
    if SINGULAR[listing.name] in RECORD_MODELS:
        return {"oneOf": [ref("Record"), ref("WithdrawnRecord")]}
    return PARTNERS[listing.name]


# --- The rest ------------------------------------------------------------------------------------

AMOUNTS = some({"type": ["number", "string", "null"]})
CHART = an_object(
    {
        "slug": TEXT,
        "title": TEXT,
        "unit": TEXT,
        "note": TEXT,
        "query": QUERY,
        "data_version": VERSION,
        "labels": some(TEXT),
        "links": said(some(maybe(TEXT)), "to exactly the rows behind each label"),
        "stack": FLAG,
        "drawn": said(maybe(TYPES["integer"]), "how many labels are drawn at most"),
        "series": some(
            an_object(
                {
                    "name": TEXT,
                    "low": said(AMOUNTS, "the low end of each bar; null of nothing"),
                    "high": said(AMOUNTS, "the high end; null where there is no upper bound"),
                    "records": some(COUNT),
                }
            )
        ),
        "total": an_object(
            {
                "low": maybe(TYPES["number"]),
                "high": maybe(TYPES["number"]),
                "records": COUNT,
                "statements": COUNT,
            },
            optional=("statements",),
        ),
        "left_out": said(
            some(
                an_object(
                    {"reason": TEXT, "code": TEXT, "records": COUNT, "statements": COUNT},
                    optional=("statements",),
                )
            ),
            "what is not counted, and why; with the total it adds up to all that matches",
        ),
    }
)
CHARTS = an_object(
    {
        "count": COUNT,
        "data_version": VERSION,
        "results": some(
            an_object(
                {
                    "slug": TEXT,
                    "list": said(TEXT, "the list whose filters it takes"),
                    "options": said(by_name(some(TEXT)), "each with its choices"),
                    "url": ADDRESS,
                }
            )
        ),
    }
)
ROOT = an_object(
    {
        "title": TEXT,
        "data_version": VERSION,
        "licence": an_object({"name": TEXT, "url": ADDRESS}),
        "schema": ADDRESS,
        "docs": ADDRESS,
        "lists": by_name(ADDRESS),
        "facets": by_name(ADDRESS),
        "charts": ADDRESS,
    }
)
ERROR = an_object(
    {
        "errors": said(
            by_name(some(TEXT)),
            "what is wrong, by parameter; or by what else of the request is: address, method, "
            "Accept, rate",
        )
    }
)


def components() -> dict[str, Schema]:
    """All schemas that have a name."""
    return {
        **{named(listing): row(listing) for listing in LISTINGS},
        "Record": RECORD,
        "WithdrawnRecord": WITHDRAWN,
        "Statement": STATEMENT,
        "ArticleOfRecord": ARTICLE,
        "Membership": MEMBERSHIP,
        "Source": SOURCE,
        "Errors": ERROR,
    }
