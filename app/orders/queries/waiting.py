"""Who and what waits: those named as backstop, and residents who have not answered a question."""

from sqlalchemy import select

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.pages import Key, Page, paginate
from app.orders.models import Order
from app.orders.queries.visible import orders_visible_to, under
from app.orders.states import ASK_UNANSWERED_AFTER, OrderStatus
from app.organisation.queries import get_unit
from app.people.models import Person, RoleGrant
from app.people.states import PersonStatus


def holders_of_role(role_code: str, unit_id: int) -> list[int]:
    """Active people with that role at the unit, or else at the nearest one above."""
    at = now()
    path = get_unit(unit_id).path_ids
    rows = session.execute(
        select(RoleGrant.unit_id, RoleGrant.person_id)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(
            RoleGrant.role_code == role_code,
            RoleGrant.unit_id.in_(path),
            RoleGrant.since <= at,
            RoleGrant.until.is_(None) | (RoleGrant.until > at),
            Person.status == PersonStatus.ACTIVE,
        )
        .order_by(RoleGrant.person_id)
    ).all()
    at_units = {unit for unit, _ in rows}
    nearest = next((unit for unit in reversed(path) if unit in at_units), None)
    return list(dict.fromkeys(person for unit, person in rows if unit == nearest))


def list_unanswered_asks(actor: Actor, *, cursor: str | None, limit: int) -> Page[Order]:
    """The call list: who was asked to add something (请补充) a day ago and has not answered."""
    statement = orders_visible_to(actor).where(
        under(Order.handling_path, actor.paths("orders.dispatch")),
        Order.status.in_((OrderStatus.SUBMITTED, OrderStatus.DISPATCHED)),
        Order.asked_at <= now() - ASK_UNANSWERED_AFTER,
    )
    return paginate(statement, [Key(Order.id)], cursor=cursor, limit=limit)
