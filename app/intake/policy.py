"""Who may import orders, export orders and keep banners; pure functions."""

from app.kernel.actor import Actor
from app.kernel.permissions import Permission
from app.orders.access import policy as orders
from app.orders.ticket.models import Order
from app.people import roles

PERMISSIONS = (
    Permission("orders.import", "导入工单", roles=roles.DISPATCHER_AND_ABOVE),
    Permission("orders.export", "导出工单", roles=roles.DISPATCHER_AND_ABOVE),
)


def may_import(actor: Actor, unit_path: str) -> bool:
    """Returns whether the actor may import at the unit: `orders.import` there or above it.

    The operator's commands act as the system, and the system may.
    """
    return actor.is_system or actor.may("orders.import", unit_path)


def may_import_somewhere(actor: Actor) -> bool:
    """Returns whether the actor may import at some unit; the system may."""
    return actor.is_system or actor.may_somewhere("orders.import")


def may_fetch_rejected(actor: Actor, uploaded_by_id: int) -> bool:
    """Returns whether the actor may fetch the rejected rows: only the person who uploaded the file.

    To other people the names and phones in it would be a reveal without a reason.
    """
    return actor.person_id == uploaded_by_id


def may_export_somewhere(actor: Actor) -> bool:
    """Returns whether the actor has `orders.export` at some unit.

    The file holds the orders that the actor can see in the list, so no unit is asked here.
    """
    return actor.may_somewhere("orders.export")


def may_open_somewhere(actor: Actor) -> bool:
    """Returns whether the actor may ask for an unmasked file: `orders.reveal` at some unit.

    Whether a row shows clear names is decided for each row by `may_open_row`.
    """
    return actor.may_somewhere("orders.reveal")


def may_fetch_export(actor: Actor, *, unmasked: bool) -> bool:
    """Returns whether the owner of a file may fetch it: the rights to make it must still be there.

    The caller has already found out that the actor is the owner.
    """
    return may_export_somewhere(actor) and (not unmasked or may_open_somewhere(actor))


def may_open_row(actor: Actor, order: Order) -> bool:
    """Returns whether a file may show the order's name, phone and address in clear.

    The actor needs `orders.reveal` at the order's unit; a handler without it may not.
    """
    return actor.may("orders.reveal", order.handling_path) and orders.may_see_contact(actor, order)


def may_keep_banners(actor: Actor, unit_path: str) -> bool:
    """Returns whether the actor may keep the unit's banners: `orders.dispatch` there or above it.

    The system may.
    """
    return actor.is_system or actor.may("orders.dispatch", unit_path)
