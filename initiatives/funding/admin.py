"""Organisations in the admin, where moving one to another country moves its money."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from initiatives.funding.counting import recount
from initiatives.funding.places import standing_through
from partners.admin import OrganisationAdmin
from partners.models import Organisation

admin.site.unregister(Organisation)


@admin.register(Organisation)
class CountedOrganisationAdmin(OrganisationAdmin):
    """Counts anew, in the same transaction, what stands under the organisation's country."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        recount(standing_through(obj))
