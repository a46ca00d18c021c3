"""The conditions that visibility is made of: subtrees and current grants."""

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
    """Whether the unit in `column` lies in one of the subtrees."""
    return or_(false(), *(column.in_(subtree_ids(path)) for path in paths))


def is_current(at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether a grant holds at that moment."""
    return and_(RoleGrant.since <= at, or_(RoleGrant.until.is_(None), RoleGrant.until > at))


def belongs_below(paths: Iterable[str]) -> ColumnElement[bool]:
    """Whether a person has a home, an open registration or a role in one of the subtrees."""
    roots = tuple(paths)
    if not roots:
        return false()
    registered = select(Registration.person_id).where(
        Registration.status.in_(OPEN_REGISTRATIONS), below(Registration.unit_id, roots)
    )
    held = select(RoleGrant.person_id).where(is_current(now()), below(RoleGrant.unit_id, roots))
    return or_(below(Person.home_unit_id, roots), Person.id.in_(registered), Person.id.in_(held))


def ids_on_path(unit_id: int) -> list[int]:
    """The unit's ancestors from the root down, the unit itself last."""
    return get_unit(unit_id).path_ids
