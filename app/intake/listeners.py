"""What happens to exports and banners when something happens to people or units."""

from app.intake.queries.banners import exported_me_toos
from app.intake.queries.exporting import exported_exports
from app.intake.service.banners import end_banners_of, forget_me_toos_of
from app.intake.service.exporting import erase_exports_of
from app.kernel.actor import Actor
from app.organisation.events import UnitClosing
from app.people.events import ExportRequested, PersonErased

_ACTOR = Actor.system("intake")


def on_person_erased(event: PersonErased) -> None:
    """Exports go before their files do, so that none is finished in between."""
    erase_exports_of(_ACTOR, event.person_id)
    forget_me_toos_of(_ACTOR, event.person_id)


def on_export_requested(event: ExportRequested) -> None:
    """Both belong to the copy of the own data."""
    event.parts["exports"] = exported_exports(event.person_id)
    event.parts["banners"] = exported_me_toos(event.person_id)


def on_unit_closing(event: UnitClosing) -> None:
    """Nobody would end its banners any more."""
    end_banners_of(_ACTOR, event.unit_id)
