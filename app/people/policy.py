"""Who may do what with people, registrations and roles."""

from collections.abc import Iterable

from app.kernel.actor import Actor
from app.kernel.permissions import Permission
from app.people import roles
from app.people.states import PersonKind

PERMISSIONS = (
    Permission("people.see", "查看人员", roles=(*roles.DISPATCHER_AND_ABOVE, roles.ADMIN)),
    Permission("people.edit", "登记和修改人员", roles=(*roles.DISPATCHER_AND_ABOVE, roles.ADMIN)),
    Permission("people.remove", "停用和注销人员", roles=(*roles.LEADER_AND_ABOVE, roles.ADMIN)),
    Permission(
        "registrations.approve", "审核报到", roles=(*roles.DISPATCHER_AND_ABOVE, roles.ADMIN)
    ),
    Permission("roles.grant", "任免岗位", roles=(*roles.LEADER_AND_ABOVE, roles.ADMIN)),
    Permission("audit.see", "查看留痕", roles=(*roles.LEADER_AND_ABOVE, roles.ADMIN)),
)


def may_enter_person(actor: Actor, kind: PersonKind, unit_path: str) -> bool:
    """Staff of the unit; who places orders on behalf may enter residents."""
    return (
        actor.is_system
        or actor.may("people.edit", unit_path)
        or (kind is PersonKind.RESIDENT and actor.may("orders.enter", unit_path))
    )


def may_edit_person(actor: Actor, unit_paths: Iterable[str]) -> bool:
    """Staff of any unit that the person belongs to."""
    return actor.is_system or any(actor.may("people.edit", path) for path in unit_paths)


def may_move_person(actor: Actor, unit_path: str) -> bool:
    """Who changes a home must answer for the unit left and for the unit entered."""
    return actor.is_system or actor.may("people.edit", unit_path)


def may_remove_person(actor: Actor, person_id: int, unit_paths: Iterable[str]) -> bool:
    """Staff above every unit that the person belongs to, never the person."""
    if actor.is_system:
        return True
    paths = list(unit_paths)
    return (
        actor.person_id != person_id
        and bool(paths)
        and all(actor.may("people.remove", path) for path in paths)
    )


def may_search_by_phone(actor: Actor, unit_path: str) -> bool:
    """Staff, within their own subtree."""
    return actor.may("people.see", unit_path)


def may_reveal_person(actor: Actor, unit_paths: Iterable[str]) -> bool:
    """Who keeps the person's data may look at it, with a reason."""
    return any(actor.may("people.edit", path) for path in unit_paths)


def may_lead(actor: Actor, unit_path: str) -> bool:
    """A leader: limits people, talks to members about missed visits."""
    return actor.is_system or actor.may("orders.lead", unit_path)


def may_block_offers(actor: Actor, unit_paths: Iterable[str]) -> bool:
    """Whoever confirms that a member did not come."""
    return actor.is_system or any(actor.may("orders.manage", path) for path in unit_paths)


def may_hear_appeal(actor: Actor, limited_by: int | None, unit_path: str) -> bool:
    """The unit above, never the one who limited."""
    return actor.person_id != limited_by and actor.may("orders.appeal", unit_path)


def may_lift_limit(actor: Actor, unit_path: str) -> bool:
    """A leader of the unit or someone above."""
    return actor.may("orders.lead", unit_path) or actor.may("orders.appeal", unit_path)


def may_decide_registration(actor: Actor, person_id: int, unit_path: str) -> bool:
    """Staff of the unit, never about themselves."""
    if actor.is_system:
        return True
    return actor.person_id != person_id and actor.may("registrations.approve", unit_path)


def may_end_registration(actor: Actor, person_id: int, unit_path: str) -> bool:
    """The person, or staff of the unit."""
    return actor.person_id == person_id or may_decide_registration(actor, person_id, unit_path)


def may_register_other(actor: Actor, unit_path: str) -> bool:
    """Staff who enter a paper form for someone."""
    return actor.is_system or actor.may("people.edit", unit_path)


def may_grant(actor: Actor, permissions: Iterable[str], unit_path: str) -> bool:
    """At or below one's own unit, and never a permission that one does not hold there."""
    if actor.is_system:
        return True
    return actor.may("roles.grant", unit_path) and all(
        actor.may(permission, unit_path) for permission in permissions
    )


def may_see_roles(actor: Actor) -> bool:
    """Whoever has to do with people."""
    return actor.is_system or any(
        actor.may_somewhere(p) for p in ("people.see", "roles.grant", "registrations.approve")
    )
