"""The form in which a record is entered and edited: one sheet, with rows for its statements.

The forms only take texts apart and put them back; what the texts mean is for
`initiatives.desk.entering` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboards.forms.fields import Box, Lines, LongText, choice_field, sector_choices, text_field
from dashboards.forms.rows import RowForm
from initiatives.desk.sheets import (
    ROWS_OF,
    Mistake,
    Sheet,
    TypedArticle,
    shown,
)
from initiatives.desk.understanding import date
from initiatives.models import (
    Article,
    Initiative,
    Record,
)
from initiatives.news.publishing import statements_by_section
from partners.history.changes import Change
from partners.history.moment import Moment, as_of

_ROW = re.compile(r"([a-z_]+)-(\d{1,4})-([a-z_-]+)")
TEMPLATE_NUMBER = "__n__"
# Rows that a new sheet begins with, each empty.
FIRST_ROWS = ("partners", "status", "dates", "money")
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
    kind = choice_field(_("Kind"), Initiative.Kind.choices)
    series = text_field(_("Series"), "series")
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
        self.fields["sectors"].choices = sector_choices()  # type: ignore[attr-defined]
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
        "article-title": text_field(_("Title of the article")),
        "article-publisher": text_field(_("Publisher"), "publisher"),
        "article-url": text_field(_("Address"), most=1000),
        "article-published": text_field(_("Published"), understand="date", most=100),
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
