"""The form in which a record is entered and edited: one sheet, with rows for its statements.

The forms only take texts apart and put them back; what the texts mean is for
`initiatives.desk.entering` to say.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboards.views.suggesting import UNDERSTOOD
from initiatives.desk.sheets import (
    FIELDS,
    PARTIES,
    ROWS_OF,
    Mistake,
    Sheet,
    TypedArticle,
    TypedRow,
    in_one_line,
    is_nobody,
    shown,
)
from initiatives.desk.understanding import date
from initiatives.funding.models import Instrument
from initiatives.funding.rollup import Recurs, Rung
from initiatives.ladder import Status
from initiatives.missing import Missing
from initiatives.models import (
    Article,
    Initiative,
    KeyDate,
    Outcome,
    Participation,
    Record,
    Sector,
)
from initiatives.news.publishing import SECTIONS, statements_by_section
from partners.history.changes import Change
from partners.history.moment import Moment, as_of
from partners.models import Organisation

_ROW = re.compile(r"([a-z_]+)-(\d{1,4})-([a-z_-]+)")
TEMPLATE_NUMBER = "__n__"
# Rows that a new sheet begins with, each empty.
FIRST_ROWS = ("partners", "status", "dates", "money")
# What a new row says before anything was typed.
PRESUMED = {"partners": {"role": Participation.Role.MEMBER.value}}

TITLES = {
    "partners": _("Who takes part"),
    "status": _("Steps"),
    "dates": _("Dates"),
    "money": _("Money"),
    "figures": _("Figures"),
    "blocs": _("Run under"),
    "labels": _("Officially called"),
    "part_of": _("Part of"),
    "outcomes": _("Outcomes"),
}


# --- Fields ----------------------------------------------------------------------------------------


class Lines(forms.CharField):
    """Some lines of text, each with single spaces, none empty."""

    widget = forms.Textarea(attrs={"rows": 2})

    def to_python(self, value: Any) -> str:
        lines = (in_one_line(line) for line in (super().to_python(value or "") or "").splitlines())
        return "\n".join(line for line in lines if line)


class LongText(forms.CharField):
    """A text of several lines, whose line breaks are as Accord stores them."""

    widget = forms.Textarea(attrs={"rows": 4})

    def to_python(self, value: Any) -> str:
        text = (value or "").replace("\r\n", "\n").replace("\r", "\n")
        return super().to_python(text) or ""


def _text(label: Any, suggest: str = "", understand: str = "", most: int = 500) -> forms.CharField:
    attrs = {"autocomplete": "off"}
    if suggest:
        attrs["data-suggest"] = suggest
    if understand:
        attrs["data-understand"] = understand
    return forms.CharField(
        label=label, required=False, max_length=most, widget=forms.TextInput(attrs=attrs)
    )


def _choice(label: Any, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[("", "—"), *choices])


def _sectors() -> list[tuple[str, str]]:
    return [(sector.slug, sector.name) for sector in Sector.objects.all()]


def _fields_of(section: str) -> dict[str, forms.Field]:
    """The fields of a row by name, those that are typed first."""
    date_of: dict[str, Any] = {"understand": "date", "most": 100}
    fields: dict[str, dict[str, Any]] = {
        "partners": {
            "who": _text(_("Country or organisation"), "party"),
            "role": _choice(_("Role"), Participation.Role.choices),
            "since": _text(_("Since"), **date_of),
            "until": _text(_("Until"), **date_of),
            "person": _text(_("Person")),
            "place": _text(_("Place")),
        },
        "status": {
            "status": _choice(_("Step"), Status.choices),
            "date": _text(_("When"), **date_of),
        },
        "dates": {
            "event": _choice(_("What happened"), KeyDate.Event.choices),
            "date": _text(_("When"), **date_of),
        },
        "money": {
            "amount": _text(_("Amount"), understand="amount"),
            "rung": _choice(_("Rung"), Rung.choices),
            "provider": _text(_("From"), "party"),
            "recipient": _text(_("To"), "party"),
            "period": _text(_("For which time"), **date_of),
            "recurs": _choice(_("How often"), Recurs.choices),
            "purpose": _text(_("What for")),
            "sector": _choice(_("Sector"), ()),  # those of the day: see RowForm
            "instruments": forms.MultipleChoiceField(
                label=_("In which form"),
                required=False,
                choices=Instrument.choices,
                widget=forms.CheckboxSelectMultiple,
            ),
            "missing": _choice(_("Why there is no amount"), Missing.choices),
            "part_of": _text(_("Part of (key of other money)"), most=210),
            "restates": _text(_("The same money as (key)"), most=210),
            "supersedes": _text(_("Corrects (key)"), most=210),
        },
        "figures": {
            "value": _text(_("How many"), understand="quantity"),
            "what": _text(_("What was counted")),
            "unit": _text(_("Unit")),
            "date": _text(_("When"), **date_of),
        },
        "blocs": {"bloc": _text(_("Bloc"), "bloc")},
        "labels": {"label": _text(_("Label"), "label")},
        "part_of": {"whole": _text(_("Initiative"), "initiative")},
        "outcomes": {
            "initiative": _text(_("Initiative"), "initiative"),
            "verb": _choice(_("What the summit did for it"), Outcome.Verb.choices),
        },
    }
    return fields[section]


class RowForm(forms.Form):
    """One row of a section: a statement with the passages that carry it."""

    passage = Lines(
        label=_("The words of the article that say so"),
        required=False,
        help_text=_("one passage on each line"),
        widget=forms.Textarea(attrs={"rows": 2, "data-passage": ""}),
    )
    claimant = forms.CharField(
        label=_("Said by"),
        required=False,
        max_length=500,
        help_text=_("if not by the article itself"),
    )
    statement = forms.IntegerField(
        required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput
    )
    gone = forms.BooleanField(label=_("Take it away"), required=False)

    def __init__(
        self, section: str, number: int | str, data: Any = None, initial: Any = None
    ) -> None:
        self.section = section
        self.number = number
        # Given: the texts of the stored statement that the row shows.
        self.stored = initial
        super().__init__(
            data,
            prefix=f"{section}-{number}",
            initial=PRESUMED.get(section, {}) if initial is None else initial,
            auto_id="%s",
            use_required_attribute=False,
            empty_permitted=initial is None,
        )
        own = _fields_of(section)
        if "sector" in own:
            own["sector"] = _choice(_("Sector"), _sectors())
        if section in ("partners", "money"):
            own["new"] = forms.BooleanField(label=_("A new organisation"), required=False)
            own["new-kind"] = _choice(_("Its kind"), Organisation.Kind.choices)
            own["new-country"] = _text(_("Its country"), "country")
        self.fields = {**own, **self.fields}

    def typed(self) -> TypedRow:
        """The row as the desk takes it."""
        clean = self.cleaned_data
        names = FIELDS[self.section]
        if self.stored is None:
            values = {name: clean[name] for name in names if clean.get(name) not in ("", [], None)}
        else:
            values = {name: clean[name] for name in names if name in self.changed_data}
        touched = self.changed_data if self.stored is not None else ("passage", "claimant")
        new = {"kind": clean.get("new-kind", ""), "country": clean.get("new-country", "")}
        return TypedRow(
            section=self.section,
            number=int(self.number),
            values=values,
            statement=clean.get("statement"),
            passages=clean["passage"].splitlines() if "passage" in touched else None,
            claimant=clean["claimant"] if "claimant" in touched else None,
            gone=clean.get("gone", False),
            new_organisation=new if clean.get("new") else None,
        )

    @property
    def empty(self) -> bool:
        """Whether it is a new row into which nothing was typed."""
        return self.stored is None and not self.has_changed()

    @property
    def boxes(self) -> list[Box]:
        """The fields that are typed, as the page shows them."""
        names = (*FIELDS[self.section], "passage", "claimant")
        ordered = [name for name in self.fields if name in names]
        return [Box(self[name]) for name in ordered]

    @property
    def new_boxes(self) -> list[Box]:
        """The fields that describe an organisation which is not known yet."""
        return [
            Box(self[name]) for name in ("new", "new-kind", "new-country") if name in self.fields
        ]

    @property
    def new_open(self) -> bool:
        """Whether those fields show at once: they are filled in or wrong, or a name is unknown."""
        if self["new"].value():
            return True
        wrong = self.errors
        return any(name in wrong for name in ("new-kind", "new-country")) or any(
            name in wrong and is_nobody((self[name].value() or "").strip())
            for name in PARTIES[self.section]
        )


@dataclass(frozen=True)
class Box:
    """A field on the page, with how its text is understood."""

    field: Any

    @property
    def kind(self) -> str:
        """As what the text is understood; "" if it is only a text."""
        return self.field.field.widget.attrs.get("data-understand", "")

    @property
    def understood(self) -> str:
        """The text in Accord's own words; "" if it is not understood."""
        text = self.field.value()
        if not (self.kind and isinstance(text, str) and text.strip()):
            return ""
        with suppress(ValueError):
            return UNDERSTOOD[self.kind](text, "")
        return ""

    @property
    def ticked(self) -> bool:
        """Whether it is a box to tick, whose label stands behind it."""
        return isinstance(self.field.field, forms.BooleanField)

    @property
    def group(self) -> bool:
        """Whether it is a group of boxes, with a legend."""
        return isinstance(self.field.field.widget, forms.CheckboxSelectMultiple)


class AboutForm(forms.Form):
    """What stands once on a sheet: the record itself, its article, and how it is to be saved."""

    type = forms.ChoiceField(choices=Record.Type, widget=forms.HiddenInput)
    title = forms.CharField(
        label=_("Title"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"data-alike": "", "autocomplete": "off"}),
    )
    slug = forms.SlugField(
        label=_("End of its address"),
        required=False,
        max_length=100,
        help_text=_("left empty, it is made from the title"),
    )
    kind = _choice(_("Kind"), Initiative.Kind.choices)
    series = _text(_("Series"), "series")
    ordinal = forms.IntegerField(
        label=_("Number in its series"), required=False, min_value=1, max_value=32767
    )
    summary = LongText(label=_("Summary, in our own words"), required=False, max_length=5000)
    aliases = Lines(label=_("Other names"), required=False, help_text=_("one on each line"))
    sectors = forms.MultipleChoiceField(
        label=_("Sectors"), required=False, widget=forms.CheckboxSelectMultiple
    )
    why = forms.CharField(label=_("Why this change"), required=False, max_length=2000)
    version = forms.IntegerField(
        required=False, min_value=0, max_value=2**62, widget=forms.HiddenInput
    )
    token = forms.UUIDField(required=False, widget=forms.HiddenInput)
    draft = forms.UUIDField(required=False, widget=forms.HiddenInput)
    as_draft = forms.BooleanField(label=_("It is not ready for review yet"), required=False)
    not_a_duplicate = forms.BooleanField(label=_("It is another one"), required=False)

    # The article has dashes in its names: see _article_fields.

    def __init__(self, data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial, auto_id="%s", use_required_attribute=False)
        self.fields["sectors"].choices = _sectors()  # type: ignore[attr-defined]
        self.fields |= _article_fields()

    def clean(self) -> dict[str, Any]:
        """Refuses an article's address or date that is none."""
        clean = super().clean() or {}
        if address := clean.get("article-url"):
            try:
                URLValidator(schemes=["http", "https"])(address)
            except ValidationError as error:
                self.add_error("article-url", error)
        if said := clean.get("article-published"):
            try:
                clean["article-published"] = date(said)
            except ValueError as error:
                self.add_error("article-published", str(error))
        return clean

    def about(self, stored: bool) -> dict[str, Any]:
        """The descriptive fields by name; of a stored record those that differ from what it shows."""
        names = ["title", "summary", "aliases", "sectors"]
        names += {"initiative": ["kind"], "summit": ["series", "ordinal"]}.get(self.record_type, [])
        names += [] if stored else ["slug"]
        clean = self.cleaned_data
        found = {
            n: clean[n] for n in names if n in clean and (not stored or n in self.changed_data)
        }
        if "aliases" in found:
            found["aliases"] = list(dict.fromkeys(found["aliases"].splitlines()))
        return found

    def article(self) -> TypedArticle:
        """The article that was named or pasted."""
        clean = {name.removeprefix("article-"): v for name, v in self.cleaned_data.items()}
        published = clean.get("published")
        return TypedArticle(
            stored=clean.get("article"),
            published=published or None,
            **{
                name: clean.get(name) or ""
                for name in ("publisher", "url", "language", "text")
            },
            title=self.cleaned_data.get("article-title") or "",
        )  # fmt: skip

    @property
    def record_type(self) -> str:
        """The type of record."""
        said = self["type"].value()
        return said if said in Record.Type.values else Record.Type.INITIATIVE.value

    @property
    def boxes(self) -> list[Box]:
        """The fields about the record, as the page shows them."""
        by_type = {"initiative": ["kind"], "summit": ["series", "ordinal"]}.get(
            self.record_type, []
        )
        stored = [] if self.initial.get("stored") else ["slug"]
        return [Box(self[n]) for n in ["title", *by_type, "summary", "sectors", "aliases", *stored]]

    @property
    def article_boxes(self) -> list[Box]:
        """The fields of an article that is pasted."""
        return [Box(self[name]) for name in self.fields if name.startswith("article-")]


def _article_fields() -> dict[str, forms.Field]:
    return {
        "article": forms.IntegerField(
            label=_("An article that is stored"),
            required=False,
            min_value=1,
            max_value=2**62,
            help_text=_("its number, as in its address"),
            widget=forms.TextInput(attrs={"data-suggest": "article", "inputmode": "numeric"}),
        ),
        "article-title": _text(_("Title of the article")),
        "article-publisher": _text(_("Publisher"), "publisher"),
        "article-url": _text(_("Address"), most=1000),
        "article-published": _text(_("Published"), understand="date", most=100),
        "article-language": forms.SlugField(
            label=_("Language"), required=False, max_length=20, initial="en"
        ),
        "article-text": LongText(
            label=_("Text"), required=False, widget=forms.Textarea(attrs={"rows": 8})
        ),
    }


# --- The sheet -------------------------------------------------------------------------------------


@dataclass
class Section:
    """A list of rows on the page."""

    name: str
    rows: list[RowForm]

    @property
    def title(self) -> str:
        """What the rows say."""
        return str(TITLES[self.name])

    @property
    def template(self) -> RowForm:
        """An empty row, of which a script makes others."""
        return RowForm(self.name, TEMPLATE_NUMBER)


@dataclass
class Shown:
    """What the sheet showed of a record at some version, by field and by row."""

    about: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)  # by section and key

    @staticmethod
    def of(record: Any, version: int | None = None) -> Shown:
        """As the record was at that data version; without one, as it is."""
        if version is None:
            return Shown(_about(record), _rows(record))
        made = Change.objects.filter(number__lte=version).order_by("-number").first()
        with as_of(Moment(version, made.at) if made else None):
            then = type(record).objects.filter(pk=record.pk).first()
            return Shown(_about(then), _rows(then)) if then else Shown()


def _about(record: Any) -> dict[str, Any]:
    return {
        "stored": True,
        "type": record.type,
        "title": record.title,
        "summary": record.summary,
        "kind": getattr(record, "kind", ""),
        "aliases": "\n".join(record.aliases),
        "sectors": sorted(sector.slug for sector in record.sectors.all()),
        "ordinal": getattr(record, "ordinal", None),
        "series": record.series.name if record.type == Record.Type.SUMMIT else "",
    }


def _rows(record: Any) -> dict[str, dict[str, dict[str, Any]]]:
    return {
        section: {str(row.pk): shown(section, row) for row in rows}
        for section, rows in statements_by_section(record).items()
    }


class SheetForm:
    """The whole form: what stands on it once, and its rows.

    `shown` is what it showed of a stored record when it was opened; None for a new record.
    """

    def __init__(
        self, type: str, data: QueryDict | None = None, shown: Shown | None = None, **more: Any
    ) -> None:
        self.shown = shown
        initial = {"type": type, **(shown.about if shown else {}), **more}
        self.about = AboutForm(data, initial=initial)
        self.type = self.about.record_type
        self.data = data
        self.sections = [Section(name, self._rows(name)) for name in ROWS_OF[self.type]]
        self.other_mistakes: list[Mistake] = []

    def _rows(self, section: str) -> list[RowForm]:
        stored = self.shown.rows.get(section, {}) if self.shown else {}
        if self.data is None:
            rows = [RowForm(section, n, None, texts) for n, texts in enumerate(stored.values())]
            return rows or [RowForm(section, 0)] * (section in FIRST_ROWS and self.shown is None)
        found = []
        for number in _numbers(self.data, section):
            statement = self.data.get(f"{section}-{number}-statement", "")
            found.append(RowForm(section, number, self.data, stored.get(statement)))
        return found

    @cached_property
    def rows(self) -> list[RowForm]:
        """All rows of all sections."""
        return [row for section in self.sections for row in section.rows]

    def add_row(self, section: str) -> None:
        """One more empty row."""
        for found in self.sections:
            if found.name == section:
                number = max((int(row.number) for row in found.rows), default=-1) + 1
                found.rows.append(RowForm(section, number))

    def valid(self) -> bool:
        """Whether the texts are of the form that their fields take."""
        return all([self.about.is_valid(), *(row.is_valid() for row in self.rows)])

    def sheet(self) -> Sheet:
        """What was typed, for the desk; of a valid form."""
        rows = [row.typed() for row in self.rows if not row.empty]
        return Sheet(
            self.type, self.about.about(self.shown is not None), rows, self.about.article()
        )

    def note(self, mistakes: Iterable[Mistake]) -> None:
        """Show what the desk found wrong at the fields."""
        for mistake in mistakes:
            form, name = self._place(mistake.field)
            if form is None:
                self.other_mistakes.append(mistake)
            else:
                form.add_error(name, mistake.reason)

    def _place(self, name: str) -> tuple[Any, str]:
        """The form that has a field of that name, and how it calls it."""
        if name in self.about.fields:
            return self.about, name
        for row in self.rows:
            inner = name.removeprefix(f"{row.prefix}-")
            if inner != name and inner in row.fields and row.is_bound:
                return row, inner
        return None, ""

    @property
    def mistakes(self) -> list[Mistake]:
        """Everything that is wrong, with the name of its field, in the order of the page."""
        found = list(self.other_mistakes)
        for form in (self.about, *self.rows):
            if form.is_bound:
                for name, reasons in form.errors.items():
                    label = form.fields[name].label if name in form.fields else ""
                    text = f"{label}: {reasons[0]}" if label else str(reasons[0])
                    found.append(Mistake(form.add_prefix(name), text))
        return found

    @property
    def without_passage(self) -> list[Mistake]:
        """Rows that no words of an article carry yet."""
        reason = gettext("no words of the article carry it yet")
        return [
            Mistake(row.add_prefix("passage"), f"{TITLES[row.section]}: {reason}")
            for row in self.rows
            if not row.empty and not (row["passage"].value() or "").strip()
        ]

    @property
    def article_shown(self) -> Article | None:
        """The stored article that was named, whose text the page shows."""
        number = str(self.about["article"].value() or "")
        if not (number.isascii() and number.isdecimal() and len(number) < 18):
            return None
        return Article.objects.filter(pk=number).first()


def _numbers(data: QueryDict, section: str) -> list[str]:
    """The numbers of the rows of a section, in order; gaps are allowed."""
    found = (_ROW.fullmatch(name) for name in data)
    return sorted({m[2] for m in found if m and m[1] == section}, key=lambda n: (int(n), n))


def brought_up_to_date(form: SheetForm, record: Any, version: int) -> QueryDict:
    """The fields of a form, where those that nobody touched say what the record says by now.

    What was typed stays. A row whose statement was corrected shows the correction; one that
    somebody took away stays only if something was typed into it, as a new row.
    """
    data = form.data
    assert data is not None
    data = data.copy()
    now = Shown.of(record)
    data["version"], data["token"] = str(version), str(uuid.uuid4())
    for name, value in now.about.items():
        if name in form.about.fields and name not in form.about.changed_data:
            data.setlist(
                name, [str(v) for v in value] if isinstance(value, list) else [_said(value)]
            )
    for section in form.sections:
        _rows_up_to_date(data, section, now.rows.get(section.name, {}), record)
    return data


def _rows_up_to_date(
    data: QueryDict, section: Section, now: dict[str, dict[str, Any]], record: Any
) -> None:
    corrected = _corrections(record, section.name)
    there = set()
    for row in section.rows:
        statement = row["statement"].value() or ""
        while statement and statement not in now and statement in corrected:
            statement = corrected[statement]
        touched = set(row.changed_data) - {"statement"}
        if row.stored is None and not statement:
            continue
        if statement not in now:
            data[row.add_prefix("statement")] = ""
            if not touched:
                for name in [n for n in data if n.startswith(f"{row.prefix}-")]:
                    del data[name]
            continue
        there.add(statement)
        _put_row(data, row.prefix or "", now[statement], touched)
    number = max((int(row.number) for row in section.rows), default=-1)
    for statement in now.keys() - there:
        number += 1
        _put_row(data, f"{section.name}-{number}", now[statement], set())


def _put_row(data: QueryDict, prefix: str, texts: dict[str, Any], touched: set[str]) -> None:
    for name, value in texts.items():
        if name not in touched:
            texts_ = value if isinstance(value, list) else [_said(value)]
            data.setlist(f"{prefix}-{name}", texts_)


def _corrections(record: Any, section: str) -> dict[str, str]:
    """Which statement corrected which, of one section of the record."""
    model: Any = SECTIONS[section]
    pairs = model.objects.about(record).exclude(supersedes=None).values_list("supersedes_id", "pk")
    return {str(old): str(new) for old, new in pairs}


def _said(value: Any) -> str:
    return "" if value is None else str(value)
