"""Reference data that administrators keep: countries, blocs, organisations and their sources."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse

from partners.history import changes
from partners.models import (
    Bloc,
    Country,
    CountryName,
    Membership,
    Organisation,
    OrganisationName,
    Source,
)

# An address typed without its scheme means https, as Django 6 will have it.
HTTPS: dict[type[models.Field], dict[str, Any]] = {models.URLField: {"assume_scheme": "https"}}


class HistoryAdmin(admin.ModelAdmin):
    """Each form that is sent is one change, by whoever sent it, about the rows that it names."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._as_one_change(super().changeform_view, request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._as_one_change(super().delete_view, request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._as_one_change(super().changelist_view, request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self._name([obj])

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._name([obj])
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        self._name(queryset)
        super().delete_queryset(request, queryset)

    def _as_one_change(
        self, view: Any, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with changes.change(changes.Verb.MANAGE, request.user):
            return view(request, *args, **kwargs)

    def _name(self, rows: Any) -> None:
        """Say what the change is about: only the view knows which rows its form means."""
        with changes.change(changes.Verb.MANAGE) as made:
            made.about = ", ".join(map(str, rows))[:500]
            made.save(update_fields=["about"])


class CountryNameInline(admin.TabularInline):
    model = CountryName
    extra = 1


class OrganisationNameInline(admin.TabularInline):
    model = OrganisationName
    extra = 1


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 1
    autocomplete_fields = ["country", "source"]


@admin.register(Source)
class SourceAdmin(HistoryAdmin):
    list_display = ["title", "publisher", "url"]
    formfield_overrides = HTTPS
    search_fields = ["title", "publisher", "key"]


@admin.register(Country)
class CountryAdmin(HistoryAdmin):
    list_display = ["english_name", "iso3", "iso2", "region_name", "subregion_name"]
    list_filter = ["region_name"]
    search_fields = ["english_name", "iso3", "iso2", "names__name"]
    inlines = [CountryNameInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The code is part of addresses, so it is chosen once."""
        return ["iso3"] if obj else []


@admin.register(Bloc)
class BlocAdmin(HistoryAdmin):
    list_display = ["short_name", "name", "kind", "source"]
    formfield_overrides = HTTPS
    list_filter = ["kind"]
    search_fields = ["name", "short_name"]
    autocomplete_fields = ["source"]
    inlines = [MembershipInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The slug is part of addresses, so it is chosen once."""
        return ["slug"] if obj else []


@admin.register(Organisation)
class OrganisationAdmin(HistoryAdmin):
    list_display = ["name", "kind", "country", "parent"]
    list_filter = ["kind", "country"]
    list_select_related = ["country", "parent"]
    search_fields = ["name", "names__name"]
    autocomplete_fields = ["country", "parent"]
    inlines = [OrganisationNameInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The slug is part of addresses, so it is chosen once."""
        return ["slug"] if obj else []
