"""Reads of roles and grants: what a person may do, and who holds a permission at a unit."""

from datetime import datetime

from sqlalchemy import Select, bindparam, false, or_, select
from sqlalchemy.orm import selectinload

from app.kernel.actor import Actor, Grant
from app.kernel.clock import now
from app.kernel.database import UTCDateTime, session
from app.kernel.database.fast.among import among
from app.kernel.database.fast.rows import fetch
from app.kernel.errors import Invalid, not_found
from app.kernel.pages import Key, Page, paginate
from app.kernel.permissions import permissions_of, roles_with
from app.organisation.models import Unit
from app.organisation.queries import get_unit
from app.people.models import Person, Role, RoleGrant
from app.people.policy import may_see_roles
from app.people.queries.persons import get_visible_person
from app.people.queries.scope import below, ids_on_path, is_current
from app.people.states import PersonStatus


def get_role(code: str) -> Role:
    """The role that has this code; raises Invalid `role.unknown` where none has."""
    role = session.scalar(select(Role).where(Role.code == code))
    if role is None:
        raise Invalid("role.unknown", "没有这个岗位，请重新选择。")
    return role


def roles_visible_to(actor: Actor) -> Select[Role]:
    """A select of all roles for an actor who may see roles, of none for any other actor."""
    return select(Role) if may_see_roles(actor) else select(Role).where(false())


def page_of_roles(actor: Actor, *, cursor: str | None, limit: int) -> Page[Role]:
    """A page of the roles that the actor may see, in the order of their ids."""
    return paginate(roles_visible_to(actor), [Key(Role.id)], cursor=cursor, limit=limit)


def grants_of(person_id: int, at: datetime) -> tuple[Grant, ...]:
    """The grants that a person holds at that moment; none for a person who is not active."""
    rows = fetch(_GRANTS, {"person_id": person_id, "at": at})
    return tuple(grant(code, unit_id) for code, unit_id in rows)


def grant(role_code: str, unit_id: int) -> Grant:
    """A role over a unit, with the permissions of the role and the path of the unit."""
    return Grant(role_code, unit_id, get_unit(unit_id).path, permissions_of(role_code))


_GRANTS = (
    select(RoleGrant.role_code, RoleGrant.unit_id)
    .join(Person, Person.id == RoleGrant.person_id)
    .where(
        RoleGrant.person_id == bindparam("person_id"),
        Person.status == PersonStatus.ACTIVE,
        is_current(bindparam("at", type_=UTCDateTime)),
    )
    .order_by(RoleGrant.id)
)


def powers_of(person_id: int) -> list[Grant]:
    """The grants that a person holds now, and those that begin later."""
    statement = (
        select(RoleGrant.role_code, Unit.id, Unit.path)
        .join(Unit, Unit.id == RoleGrant.unit_id)
        .where(
            RoleGrant.person_id == person_id,
            RoleGrant.ended_at.is_(None),
            or_(RoleGrant.until.is_(None), RoleGrant.until > now()),
        )
        .order_by(RoleGrant.id)
    )
    return [
        Grant(code, unit_id, path, permissions_of(code))
        for code, unit_id, path in session.execute(statement)
    ]


def holders_of(permission: str, unit_id: int) -> list[int]:
    """Ids of the active people who hold a permission at a unit, or else at the nearest unit above."""
    return _nearest(roles_with(permission), unit_id)


def holders_of_role(role_code: str, unit_id: int) -> list[int]:
    """Ids of the active people who have a role at a unit, or else at the nearest unit above."""
    return _nearest([role_code], unit_id)


def _nearest(roles: list[str], unit_id: int) -> list[int]:
    by_unit: dict[int, list[int]] = {}
    for holder_unit, person_id in _holders(roles, unit_id):
        by_unit.setdefault(holder_unit, []).append(person_id)
    for candidate in reversed(ids_on_path(unit_id)):
        if candidate in by_unit:
            return by_unit[candidate]
    return []


def grants_visible_to(actor: Actor) -> Select[RoleGrant]:
    """A select of the actor's own grants and of those in units where the actor has `people.see`."""
    statement = select(RoleGrant).options(
        selectinload(RoleGrant.role), selectinload(RoleGrant.unit)
    )
    if actor.is_system:
        return statement
    seen = below(RoleGrant.unit_id, actor.paths("people.see"))
    return statement.where(or_(RoleGrant.person_id == actor.person_id, seen))


def get_visible_grant(actor: Actor, grant_id: int) -> RoleGrant:
    """The grant; raises NotFound where there is none or the actor may not see it."""
    grant = session.scalar(grants_visible_to(actor).where(RoleGrant.id == grant_id))
    if grant is None:
        raise not_found()
    return grant


def page_of_grants(
    actor: Actor, person_id: int, *, cursor: str | None, limit: int
) -> Page[RoleGrant]:
    """A page of a person's grants that the actor may see, newest first, ended ones included.

    Raises NotFound where the actor may not see the person.
    """
    get_visible_person(actor, person_id)
    statement = grants_visible_to(actor).where(RoleGrant.person_id == person_id)
    return paginate(statement, [Key(RoleGrant.id, desc=True)], cursor=cursor, limit=limit)


def _holders(roles: list[str], unit_id: int) -> list[tuple[int, int]]:
    """(unit id, person id) of each current grant at the unit or above of one of these roles."""
    values = {"units": ids_on_path(unit_id), "roles": roles, "at": now()}
    rows = fetch(_HOLDERS, values)
    return [(holder_unit, person_id) for holder_unit, person_id in rows]


_HOLDERS = (
    select(RoleGrant.unit_id, RoleGrant.person_id)
    .join(Person, Person.id == RoleGrant.person_id)
    .where(
        among(RoleGrant.unit_id, "units"),
        among(RoleGrant.role_code, "roles"),
        Person.status == PersonStatus.ACTIVE,
        is_current(bindparam("at", type_=UTCDateTime)),
    )
    .order_by(RoleGrant.person_id)
    .distinct()
)
