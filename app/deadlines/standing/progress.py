"""Reads how far recomputations have come."""

from sqlalchemy import Select, literal, or_, select

from app.deadlines.standing.models import Recomputation
from app.deadlines.terms.units import seen_unit
from app.kernel.actor import Actor
from app.kernel.pages import Key, Page, paginate
from app.organisation.models import Unit


def recomputations_at(unit: Unit) -> Select[Recomputation]:
    """Recomputations that concern the unit, units above it or units below it."""
    path = Recomputation.unit_path
    return select(Recomputation).where(
        or_(
            path.is_(None),
            path.startswith(unit.path, autoescape=True),
            literal(unit.path).like(path + "%"),
        )
    )


def page_of_recomputations(
    actor: Actor, unit_id: int | None, *, cursor: str | None, limit: int
) -> Page[Recomputation]:
    """A page of recomputations that concern the unit, the newest first.

    Raises NotFound, Forbidden `deadlines.not_allowed`.
    """
    unit = seen_unit(actor, unit_id)
    newest = (Key(Recomputation.id, desc=True),)
    return paginate(recomputations_at(unit), newest, cursor=cursor, limit=limit)
