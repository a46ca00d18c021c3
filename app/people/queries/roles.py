"""Reads about roles: what a person holds, and who holds a permission."""

from datetime import datetime

from sqlalchemy import Select, bindparam, false, or_, select
from sqlalchemy.orm import selectinload

from app.kernel.actor import Actor, Grant
from app.kernel.clock import now
from app.kernel.database import UTCDateTime, session
from app.kernel.database.fast.among import among
from app.kernel.database.fast.kept import Kept
from app.kernel.database.fast.rows import fetch
from app.kernel.errors import Invalid, not_found
from app.kernel.pages import Key, Page, paginate
from app.organisation.models import Unit
from app.organisation.queries import get_unit
from app.people.models import Person, Role, RoleGrant
from app.people.policy import may_see_roles
from app.people.queries.persons import get_visible_person
from app.people.queries.scope import below, ids_on_path, is_current
from app.people.states import PersonStatus


def get_role(code: str) -> Role:
    """A role by its code; Invalid `role.unknown`."""
    role = session.scalar(select(Role).where(Role.code == code))
    if role is None:
        raise Invalid("role.unknown", "没有这个岗位，请重新选择。")
    return role


def roles_visible_to(actor: Actor) -> Select[Role]:
    """All roles for those who have to do with people, none for others."""
    return select(Role) if may_see_roles(actor) else select(Role).where(false())


def page_of_roles(actor: Actor, *, cursor: str | None, limit: int) -> Page[Role]:
    """The roles there are."""
    return paginate(roles_visible_to(actor), [Key(Role.id)], cursor=cursor, limit=limit)


def grants_of(person_id: int, at: datetime) -> tuple[Grant, ...]:
    """What an active person may do at that moment; nobody else holds anything."""
    rows = fetch(_GRANTS, {"person_id": person_id, "at": at})
    return tuple(grant(code, unit_id) for code, unit_id in rows)


def grant(role_code: str, unit_id: int) -> Grant:
    """A role over a unit as an actor has it; of one made since this transaction began, nothing yet."""
    held = _permissions.value().get(role_code, frozenset[str]())
    return Grant(role_code, unit_id, get_unit(unit_id).path, held)


def _by_role() -> dict[str, frozenset[str]]:
    rows = session.execute(select(Role.code, Role.permissions))
    return {code: frozenset(permissions) for code, permissions in rows}


_permissions = Kept("roles", _by_role, "roles")
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
    """What a person holds or will hold by the roles given so far."""
    statement = (
        select(RoleGrant.role_code, Role.permissions, Unit.id, Unit.path)
        .join(Role, Role.code == RoleGrant.role_code)
        .join(Unit, Unit.id == RoleGrant.unit_id)
        .where(
            RoleGrant.person_id == person_id,
            RoleGrant.ended_at.is_(None),
            or_(RoleGrant.until.is_(None), RoleGrant.until > now()),
        )
        .order_by(RoleGrant.id)
    )
    return [
        Grant(code, unit_id, path, frozenset(permissions))
        for code, permissions, unit_id, path in session.execute(statement)
    ]


def holders_of(permission: str, unit_id: int) -> list[int]:
    """Active people who hold it by a role at that unit, or else at the nearest one above."""
    by_unit: dict[int, list[int]] = {}
    for holder_unit, person_id in _holders(permission, unit_id):
        by_unit.setdefault(holder_unit, []).append(person_id)
    for candidate in reversed(ids_on_path(unit_id)):
        if candidate in by_unit:
            return by_unit[candidate]
    return []


def grants_visible_to(actor: Actor) -> Select[RoleGrant]:
    """One's own roles, and for staff those held in their subtree."""
    statement = select(RoleGrant).options(
        selectinload(RoleGrant.role), selectinload(RoleGrant.unit)
    )
    if actor.is_system:
        return statement
    seen = below(RoleGrant.unit_id, actor.paths("people.see"))
    return statement.where(or_(RoleGrant.person_id == actor.person_id, seen))


def get_visible_grant(actor: Actor, grant_id: int) -> RoleGrant:
    """The grant, or 404 for missing and foreign alike."""
    grant = session.scalar(grants_visible_to(actor).where(RoleGrant.id == grant_id))
    if grant is None:
        raise not_found()
    return grant


def page_of_grants(
    actor: Actor, person_id: int, *, cursor: str | None, limit: int
) -> Page[RoleGrant]:
    """A visible person's roles, past ones too, as far as the actor sees their units."""
    get_visible_person(actor, person_id)
    statement = grants_visible_to(actor).where(RoleGrant.person_id == person_id)
    return paginate(statement, [Key(RoleGrant.id, desc=True)], cursor=cursor, limit=limit)


def _holders(permission: str, unit_id: int) -> list[tuple[int, int]]:
    """(unit, person) of every current grant at the unit or above that has the permission."""
    codes = [code for code, held in _permissions.value().items() if permission in held]
    rows = fetch(_HOLDERS, {"units": ids_on_path(unit_id), "roles": codes, "at": now()})
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
