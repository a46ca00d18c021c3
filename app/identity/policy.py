"""Rules: who may administer log-ins."""

from collections.abc import Iterable

from app.kernel.actor import Actor, Grant
from app.kernel.permissions import Permission
from app.people import roles

EDIT_ACCOUNTS = "accounts.edit"

PERMISSIONS = (Permission(EDIT_ACCOUNTS, "管理登录账号", roles=(roles.ADMIN,)),)


def may_edit_account(actor: Actor, unit_paths: Iterable[str]) -> bool:
    """Returns whether the actor has `accounts.edit` at all units to which the account's person belongs.

    One unit without it is enough to refuse, because an actor who resets a password could then act
    as that person there. `unit_paths` without an element refuse too; the program itself always may.
    """
    paths = tuple(unit_paths)
    return actor.is_system or (
        bool(paths) and all(actor.may(EDIT_ACCOUNTS, path) for path in paths)
    )


def holds_all(actor: Actor, grants: Iterable[Grant]) -> bool:
    """Returns whether the actor has every permission of these grants, at the units of the grants.

    An actor who knows another person's password can do all that the person may do; so the actor
    must be allowed to do all of it already. True for the program itself.
    """
    return actor.is_system or all(
        actor.may(permission, grant.unit_path)
        for grant in grants
        for permission in grant.permissions
    )
