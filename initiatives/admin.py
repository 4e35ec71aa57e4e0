"""Reference data of initiatives, and a read-only look at what imports wrote.

Statements are never edited: what changes them is an import or an editor's decision. So records
and evidence can be looked at here, not changed.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from initiatives.models import (
    Article,
    Evidence,
    Label,
    Publisher,
    Record,
    Sector,
    SummitSeries,
)
from partners.admin import HTTPS, HistoryAdmin


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that can be looked at and searched, not written."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Label, SummitSeries)
class NamedAdmin(HistoryAdmin):
    """Names that records are sorted under."""

    list_display = ["name", "slug"]
    search_fields = ["name", "slug"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The slug is part of addresses, so it is chosen once."""
        return ["slug"] if obj else []


@admin.register(Sector)
class SectorAdmin(NamedAdmin):
    """One that records stand under cannot be removed: they and their money would lose it unsaid."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        in_use = obj is not None and Record.objects.filter(sectors=obj).exists()
        return super().has_delete_permission(request, obj) and not in_use


@admin.register(Publisher)
class PublisherAdmin(HistoryAdmin):
    """Who prints articles."""

    list_display = ["name", "country", "url"]
    formfield_overrides = HTTPS
    list_select_related = ["country"]
    search_fields = ["name"]
    autocomplete_fields = ["country"]


@admin.register(Record)
class RecordAdmin(ReadOnlyAdmin):
    """Initiatives, alliances and summits."""

    list_display = ["title", "type", "state", "began", "changed_at"]
    list_filter = ["type", "state"]
    search_fields = ["title", "slug"]


@admin.register(Article)
class ArticleAdmin(ReadOnlyAdmin):
    """Articles and their texts."""

    list_display = ["title", "publisher", "published", "language", "recorded_at"]
    formfield_overrides = HTTPS
    list_select_related = ["publisher"]
    search_fields = ["title", "key"]


@admin.register(Evidence)
class EvidenceAdmin(ReadOnlyAdmin):
    """Passages of articles."""

    list_display = ["words", "article", "claimant", "made_by", "state"]
    list_filter = ["made_by", "state"]
    list_select_related = ["article"]
    search_fields = ["words", "claimant"]
