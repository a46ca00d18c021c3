"""Who may bring orders in from elsewhere, take them out, and keep banners; pure."""

from app.kernel.actor import Actor
from app.kernel.permissions import Permission
from app.orders.ticket import policy as orders
from app.orders.ticket.models import Order
from app.people import roles

PERMISSIONS = (
    Permission("orders.import", "导入工单", roles=roles.DISPATCHER_AND_ABOVE),
    Permission("orders.export", "导出工单", roles=roles.DISPATCHER_AND_ABOVE),
)


def may_import(actor: Actor, unit_path: str) -> bool:
    """The dispatcher of the unit or somebody above; the operator's commands."""
    return actor.is_system or actor.may("orders.import", unit_path)


def may_import_somewhere(actor: Actor) -> bool:
    """Whoever may import at any unit."""
    return actor.is_system or actor.may_somewhere("orders.import")


def may_fetch_rejected(actor: Actor, uploaded_by_id: int) -> bool:
    """Who has uploaded the file; to others its names and phones would be a reveal without a reason."""
    return actor.person_id == uploaded_by_id


def may_export_somewhere(actor: Actor) -> bool:
    """Whoever may take lists home at all; which orders are in them the lists decide."""
    return actor.may_somewhere("orders.export")


def may_open_somewhere(actor: Actor) -> bool:
    """Whether asking for an unmasked file makes sense; each row is judged by itself."""
    return actor.may_somewhere("orders.reveal")


def may_fetch_export(actor: Actor, *, unmasked: bool) -> bool:
    """The owner of a file, while what it was made under still holds."""
    return may_export_somewhere(actor) and (not unmasked or may_open_somewhere(actor))


def may_open_row(actor: Actor, order: Order) -> bool:
    """Clear names, phones and addresses in a file: staff with the permission, no mere handler."""
    return actor.may("orders.reveal", order.handling_path) and orders.may_see_contact(actor, order)


def may_keep_banners(actor: Actor, unit_path: str) -> bool:
    """Whoever dispatches in the unit or above it."""
    return actor.is_system or actor.may("orders.dispatch", unit_path)
