"""Reactions of exports and banners to events of people and units."""

from app.files.events import DocumentOpening
from app.intake.queries.banners import exported_me_toos
from app.intake.queries.exporting import check_document, exported_exports
from app.intake.service.banners import blank_banners, end_banners_of, forget_me_toos_of
from app.intake.service.exporting import (
    drop_exports_of,
    drop_exports_with,
    erase_exports_of,
    hold_exports,
    withdraw_exports_of,
)
from app.intake.service.uploading import expire_uploads_of, forget_rows_of
from app.kernel.actor import Actor
from app.orders.ticket.events import OrdersForgotten
from app.organisation.events import UnitClosing
from app.people.events import (
    ExportRequested,
    PersonDeactivated,
    PersonErased,
    PersonLeaving,
    PostsEnding,
    RoleEnded,
)

_ACTOR = Actor.system("intake")


def on_person_leaving(event: PersonLeaving) -> None:
    """Holds the exports, before orders are locked."""
    hold_exports(_ACTOR)


def on_posts_ending(event: PostsEnding) -> None:
    """Holds the exports, before orders are locked."""
    hold_exports(_ACTOR)


def on_person_erased(event: PersonErased) -> None:
    """Takes the person out of exports, banners, and rows of files that wait to be entered.

    The exports go before their files are deleted, so that no export can be finished in between.
    """
    erase_exports_of(_ACTOR, event.person_id, event.certain)
    expire_uploads_of(_ACTOR, event.person_id)
    forget_me_toos_of(_ACTOR, event.person_id)
    blank_banners(_ACTOR, event.certain)
    forget_rows_of(_ACTOR, event.certain, event.phone)


def on_orders_forgotten(event: OrdersForgotten) -> None:
    """Deletes the exported files in which one of the orders stands."""
    drop_exports_with(_ACTOR, event.order_ids)


def on_role_ended(event: RoleEnded) -> None:
    """Deletes the exports and the waiting imports to which the person has no right any more.

    A role that ends by its date has announced nothing before, so the exports are held here too.
    """
    hold_exports(_ACTOR)
    withdraw_exports_of(_ACTOR, event.person_id)
    expire_uploads_of(_ACTOR, event.person_id)


def on_person_deactivated(event: PersonDeactivated) -> None:
    """Deletes all exports of the person, who has no right any more, and the waiting imports."""
    drop_exports_of(_ACTOR, event.person_id)
    expire_uploads_of(_ACTOR, event.person_id)


def on_document_opening(event: DocumentOpening) -> None:
    """Refuses the file of an export whose owner has not all rights any more."""
    check_document(event.owner_id, event.subject)


def on_export_requested(event: ExportRequested) -> None:
    """Adds the person's exports and banners (我也是) to the copy of the person's own data."""
    event.parts["exports"] = exported_exports(event.person_id)
    event.parts["banners"] = exported_me_toos(event.person_id)


def on_unit_closing(event: UnitClosing) -> None:
    """Ends the banners of the unit, because a closed unit has no staff to end them."""
    end_banners_of(_ACTOR, event.unit_id)
