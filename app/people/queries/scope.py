"""SQL conditions that visibility is made of: subtrees of units and grants that hold now."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.kernel.clock import now
from app.organisation.queries import get_unit, subtree_ids
from app.people.models import Person, Registration, RoleGrant
from app.people.states import OPEN_REGISTRATIONS


def below(column: InstrumentedAttribute[Any], paths: Iterable[str]) -> ColumnElement[bool]:
    """Returns the condition that the unit in `column` is in one of the subtrees; no path: never."""
    return or_(false(), *(column.in_(subtree_ids(path)) for path in paths))


def is_current(at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Returns the condition that a RoleGrant holds at that moment."""
    return and_(RoleGrant.since <= at, or_(RoleGrant.until.is_(None), RoleGrant.until > at))


def belongs_below(paths: Iterable[str]) -> ColumnElement[bool]:
    """Returns the condition that a Person belongs to one of the subtrees.

    A person belongs where the home, an open registration or a role that holds now is.
    """
    roots = tuple(paths)
    if not roots:
        return false()
    registered = select(Registration.person_id).where(
        Registration.status.in_(OPEN_REGISTRATIONS), below(Registration.unit_id, roots)
    )
    held = select(RoleGrant.person_id).where(is_current(now()), below(RoleGrant.unit_id, roots))
    return or_(below(Person.home_unit_id, roots), Person.id.in_(registered), Person.id.in_(held))


def ids_on_path(unit_id: int) -> list[int]:
    """Returns the ids of the units from the root down to the unit itself; raises NotFound `not_found`."""
    return get_unit(unit_id).path_ids
