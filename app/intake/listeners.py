"""Reactions of exports and banners to events of people and units."""

from app.intake.queries.banners import exported_me_toos
from app.intake.queries.exporting import exported_exports
from app.intake.service.banners import end_banners_of, forget_me_toos_of
from app.intake.service.exporting import erase_exports_of
from app.kernel.actor import Actor
from app.organisation.events import UnitClosing
from app.people.events import ExportRequested, PersonErased

_ACTOR = Actor.system("intake")


def on_person_erased(event: PersonErased) -> None:
    """Deletes the person's exports and removes the person from the counts of banners.

    The exports go before their files are deleted, so that no export can be finished in between.
    """
    erase_exports_of(_ACTOR, event.person_id)
    forget_me_toos_of(_ACTOR, event.person_id)


def on_export_requested(event: ExportRequested) -> None:
    """Adds the person's exports and banners (我也是) to the copy of the person's own data."""
    event.parts["exports"] = exported_exports(event.person_id)
    event.parts["banners"] = exported_me_toos(event.person_id)


def on_unit_closing(event: UnitClosing) -> None:
    """Ends the banners of the unit, because a closed unit has no staff to end them."""
    end_banners_of(_ACTOR, event.unit_id)
