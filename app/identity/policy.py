"""Who may do what with log-ins."""

from collections.abc import Iterable

from app.kernel.actor import Actor

EDIT_ACCOUNTS = "accounts.edit"

PERMISSIONS: dict[str, str] = {EDIT_ACCOUNTS: "管理登录账号"}


def may_edit_account(actor: Actor, unit_paths: Iterable[str]) -> bool:
    """Whether the actor administers every unit at which the account's person has a say.

    One path outside is enough to refuse: whoever resets a password could act as that person.
    """
    paths = tuple(unit_paths)
    return actor.is_system or (
        bool(paths) and all(actor.may(EDIT_ACCOUNTS, path) for path in paths)
    )
