"""Reads of limits to phone and desk."""

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import selectinload

from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.errors import not_found
from app.kernel.pages import Key, Page, paginate
from app.people.models import PersonLimit
from app.people.queries.scope import below


def limits_visible_to(actor: Actor) -> Select[PersonLimit]:
    """Returns a statement for the actor's own limits and those of units that the actor decides for.

    The permissions for that are `orders.lead` and `orders.appeal`.
    """
    statement = select(PersonLimit).options(selectinload(PersonLimit.unit))
    if actor.is_system:
        return statement
    paths = (*actor.paths("orders.lead"), *actor.paths("orders.appeal"))
    led = below(PersonLimit.unit_id, paths)
    return statement.where(or_(PersonLimit.person_id == actor.person_id, led))


def get_visible_limit(actor: Actor, limit_id: int) -> PersonLimit:
    """Returns the limit where the actor may see it; else raises NotFound `not_found`."""
    limit = session.scalar(limits_visible_to(actor).where(PersonLimit.id == limit_id))
    if limit is None:
        raise not_found()
    return limit


def page_of_limits(
    actor: Actor, *, person_id: int | None = None, cursor: str | None, limit: int
) -> Page[PersonLimit]:
    """Returns a page of limits that the actor may see, newest first; raises Invalid `cursor.invalid`."""
    statement = limits_visible_to(actor)
    if person_id is not None:
        statement = statement.where(PersonLimit.person_id == person_id)
    return paginate(statement, [Key(PersonLimit.id, desc=True)], cursor=cursor, limit=limit)
