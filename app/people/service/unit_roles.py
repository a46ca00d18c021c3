"""Roles of a unit's own: a name and a set of permissions, given in the unit and below it."""

import secrets
from collections.abc import Iterable

from sqlalchemy import select

from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.permissions import known
from app.organisation.queries import get_unit
from app.people import policy, queries
from app.people.models import Role, RoleGrant, UnitRole
from app.people.roles import OWN, ROLES
from app.people.service.roles import finish_grant

_SHIPPED_NAMES = {role.name for role in ROLES}


def define_role(actor: Actor, unit_id: int, *, name: str, permissions: Iterable[str]) -> Role:
    """Makes a role of the unit's own and returns it.

    Raises NotFound `not_found` for the unit; Conflict `unit.closed`; Forbidden `role.may_not_define`
    where the actor lacks `roles.define` or one of the permissions at the unit; Invalid
    `role.unknown_permission`, `role.name_shipped`.
    """
    unit = get_unit(unit_id)
    wanted = sorted(set(permissions))
    if any(permission not in known() for permission in wanted):
        raise Invalid("role.unknown_permission", "有的权限不存在，请从清单中选择。")
    if not policy.may_define_role(actor, wanted, unit.path):
        raise Forbidden("role.may_not_define", "您不能设立这样的岗位：权限不能超过您自己的。")
    if name in _SHIPPED_NAMES:
        raise Invalid("role.name_shipped", "这个名称是系统自带的岗位，请换一个名称。")
    unit.check_open()
    role = Role(code=f"{OWN}{secrets.token_hex(8)}", name=name)
    session.add(role)
    session.flush()
    session.add(UnitRole(role_id=role.id, unit_id=unit.id, permissions=wanted))
    session.flush()
    session.expire(role, ["own"])
    audit.record(actor, "role.defined", "role", role.id, fields=wanted, unit_id=unit.id)
    return role


def end_unit_role(actor: Actor, role_id: int) -> None:
    """Ends a unit's own role; whoever holds it loses it now.

    Raises NotFound `not_found`, Forbidden `role.may_not_define`, Conflict `role.already_ended`.
    """
    role = queries.get_visible_unit_role(actor, role_id)
    own = session.scalars(lock(select(UnitRole).where(UnitRole.role_id == role_id))).one()
    if not policy.may_define_role(actor, own.held, get_unit(own.unit_id).path):
        raise Forbidden("role.may_not_define", "您不能结束这个岗位：它的权限超过您自己的。")
    if own.ended_at is not None:
        raise Conflict("role.already_ended", "这个岗位已经结束了。")
    own.ended_at = now()
    held = (RoleGrant.role_code == role.code, RoleGrant.ended_at.is_(None))
    people = select(RoleGrant.person_id).where(*held).distinct().order_by(RoleGrant.person_id)
    for person_id in session.scalars(people).all():
        queries.lock_person(person_id)
    for grant in session.scalars(lock(select(RoleGrant).where(*held).order_by(RoleGrant.id))).all():
        if grant.until is None or grant.until > now():
            finish_grant(actor, grant)
    session.flush()
    audit.record(actor, "role.undefined", "role", role_id, unit_id=own.unit_id)
