"""Reference data that administrators keep: countries, blocs, organisations and their sources."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

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
class SourceAdmin(admin.ModelAdmin):
    list_display = ["title", "publisher", "url"]
    formfield_overrides = HTTPS
    search_fields = ["title", "publisher", "key"]


@admin.register(Country)
class CountryAdmin(admin.ModelAdmin):
    list_display = ["english_name", "iso3", "iso2", "region_name", "subregion_name"]
    list_filter = ["region_name"]
    search_fields = ["english_name", "iso3", "iso2", "names__name"]
    inlines = [CountryNameInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The code is part of addresses, so it is chosen once."""
        return ["iso3"] if obj else []


@admin.register(Bloc)
class BlocAdmin(admin.ModelAdmin):
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
class OrganisationAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "country", "parent"]
    list_filter = ["kind", "country"]
    list_select_related = ["country", "parent"]
    search_fields = ["name", "names__name"]
    autocomplete_fields = ["country", "parent"]
    inlines = [OrganisationNameInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The slug is part of addresses, so it is chosen once."""
        return ["slug"] if obj else []
