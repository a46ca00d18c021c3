"""Rules: who may do what with people, registrations, roles and limits."""

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
    """Returns whether the actor may enter a person of this kind at the unit with this path.

    `people.edit` is needed; for a resident `orders.enter` (placing orders on behalf) is enough.
    """
    return (
        actor.is_system
        or actor.may("people.edit", unit_path)
        or (kind is PersonKind.RESIDENT and actor.may("orders.enter", unit_path))
    )


def may_edit_person(actor: Actor, unit_paths: Iterable[str]) -> bool:
    """Returns whether the actor has `people.edit` at one of the person's units."""
    return actor.is_system or any(actor.may("people.edit", path) for path in unit_paths)


def may_move_person(actor: Actor, unit_path: str) -> bool:
    """Returns whether the actor may move a home into, or out of, the unit with this path.

    For a move the caller asks for the old unit and for the new one.
    """
    return actor.is_system or actor.may("people.edit", unit_path)


def may_remove_person(actor: Actor, person_id: int, unit_paths: Iterable[str]) -> bool:
    """Returns whether the actor may deactivate or erase the person.

    The actor needs `people.remove` at all units of the person and is never the person; a person
    without any unit can be removed by the program alone.
    """
    if actor.is_system:
        return True
    paths = list(unit_paths)
    return (
        actor.person_id != person_id
        and bool(paths)
        and all(actor.may("people.remove", path) for path in paths)
    )


def may_search_by_phone(actor: Actor, unit_path: str) -> bool:
    """Returns whether the actor may search people of the unit's subtree by phone (`people.see`)."""
    return actor.may("people.see", unit_path)


def may_reveal_person(actor: Actor, unit_paths: Iterable[str]) -> bool:
    """Returns whether the actor may see the person's data in clear: `people.edit` at one of the units."""
    return any(actor.may("people.edit", path) for path in unit_paths)


def may_lead(actor: Actor, unit_path: str) -> bool:
    """Returns whether the actor leads the unit (`orders.lead`), and so may limit people there."""
    return actor.is_system or actor.may("orders.lead", unit_path)


def may_block_offers(actor: Actor, unit_paths: Iterable[str]) -> bool:
    """Returns whether the actor has `orders.manage` at one of the member's units."""
    return actor.is_system or any(actor.may("orders.manage", path) for path in unit_paths)


def may_hear_appeal(actor: Actor, limited_by: int | None, unit_path: str) -> bool:
    """Returns whether the actor may decide an appeal at the unit.

    `orders.appeal` is needed, and nobody decides about a limit that he or she has set.
    """
    return actor.person_id != limited_by and actor.may("orders.appeal", unit_path)


def may_lift_limit(actor: Actor, unit_path: str) -> bool:
    """Returns whether the actor may end a limit of the unit: `orders.lead` or `orders.appeal`."""
    return actor.may("orders.lead", unit_path) or actor.may("orders.appeal", unit_path)


def may_decide_registration(actor: Actor, person_id: int, unit_path: str) -> bool:
    """Returns whether the actor may approve or decline the registration of `person_id` at the unit.

    `registrations.approve` is needed, and nobody decides about himself or herself.
    """
    if actor.is_system:
        return True
    return actor.person_id != person_id and actor.may("registrations.approve", unit_path)


def may_end_registration(actor: Actor, person_id: int, unit_path: str) -> bool:
    """Returns whether the actor is the person or may decide the registration."""
    return actor.person_id == person_id or may_decide_registration(actor, person_id, unit_path)


def may_register_other(actor: Actor, unit_path: str) -> bool:
    """Returns whether the actor may enter the registration form of another person at the unit."""
    return actor.is_system or actor.may("people.edit", unit_path)


def may_grant(actor: Actor, permissions: Iterable[str], unit_path: str) -> bool:
    """Returns whether the actor may give a role with these permissions over the unit with this path.

    `roles.grant` and every one of the permissions must hold for the actor at the unit.
    """
    if actor.is_system:
        return True
    return actor.may("roles.grant", unit_path) and all(
        actor.may(permission, unit_path) for permission in permissions
    )


def may_see_roles(actor: Actor) -> bool:
    """Returns whether the actor may see the list of roles.

    One of `people.see`, `roles.grant` and `registrations.approve` is needed, at any unit.
    """
    return actor.is_system or any(
        actor.may_somewhere(p) for p in ("people.see", "roles.grant", "registrations.approve")
    )
