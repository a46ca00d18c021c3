"""Exports the orders behind a figure as a file."""

from dataclasses import replace
from typing import Any

from app.intake.models import Export
from app.intake.service.exporting import request_export
from app.intake.states import MOST_EXPORTED
from app.kernel.actor import Actor
from app.orders.views.lists import OrderFilter
from app.reports.queries.lists import FigureFilter, ids_of_counted


def export_counted(actor: Actor, figure: FigureFilter, wanted: OrderFilter, **about: Any) -> Export:
    """Requests a file of the orders that the figure counts at this moment; returns the export.

    `about` holds the other arguments of `request_export`: template, unmasked, reason. Raises what
    `request_export` raises, Invalid `period.unknown`, and NotFound `not_found` for an unknown unit.
    """
    ids = ids_of_counted(actor, figure, wanted, most=MOST_EXPORTED + 1)
    rest = replace(wanted, unit_id=None, own=None, ids=ids)
    named = figure.spoken + (f"，unit_id={wanted.unit_id}" if wanted.unit_id else "")
    return request_export(actor, wanted=rest, about=named, unit_id=wanted.unit_id, **about)
