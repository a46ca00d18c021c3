"""Who may do what with log-ins."""

from collections.abc import Iterable

from app.kernel.actor import Actor, Grant
from app.kernel.permissions import Permission
from app.people import roles

EDIT_ACCOUNTS = "accounts.edit"

PERMISSIONS = (Permission(EDIT_ACCOUNTS, "管理登录账号", roles=(roles.ADMIN,)),)


def may_edit_account(actor: Actor, unit_paths: Iterable[str]) -> bool:
    """Whether the actor administers every unit at which the account's person has a say.

    One path outside is enough to refuse: whoever resets a password could act as that person.
    """
    paths = tuple(unit_paths)
    return actor.is_system or (
        bool(paths) and all(actor.may(EDIT_ACCOUNTS, path) for path in paths)
    )


def holds_all(actor: Actor, grants: Iterable[Grant]) -> bool:
    """Whether the actor holds, where they hold, all that these grants give.

    Whoever knows another's password may do what the other may: it must be nothing new.
    """
    return actor.is_system or all(
        actor.may(permission, grant.unit_path)
        for grant in grants
        for permission in grant.permissions
    )
