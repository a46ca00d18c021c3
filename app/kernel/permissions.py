"""Permissions: each room declares its own with the roles that hold them; create_app collects them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from flask import current_app


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission: its name ("orders.claim"), its Chinese text, the codes of its roles.

    Whoever holds one that `administers` needs a second factor where the installation asks for it.
    """

    name: str
    text: str
    roles: tuple[str, ...]
    administers: bool = False


@dataclass(frozen=True, slots=True)
class Permissions:
    """All permissions: Chinese texts by name, the names by role code, and those that administer."""

    texts: dict[str, str]
    by_role: dict[str, frozenset[str]]
    administering: frozenset[str]


def collect(declared: Iterable[Permission], role_codes: Collection[str]) -> Permissions:
    """Puts the permissions of all rooms together; `role_codes` are the roles that there are.

    Raises RuntimeError for a permission that is declared twice or names an unknown role.
    """
    texts: dict[str, str] = {}
    by_role: dict[str, set[str]] = {code: set() for code in role_codes}
    administering: set[str] = set()
    for permission in declared:
        if permission.name in texts:
            raise RuntimeError(f"permission {permission.name} is declared twice")
        texts[permission.name] = permission.text
        if permission.administers:
            administering.add(permission.name)
        for code in permission.roles:
            if code not in by_role:
                raise RuntimeError(f"permission {permission.name} names the unknown role {code!r}")
            by_role[code].add(permission.name)
    held = {code: frozenset(names) for code, names in by_role.items()}
    return Permissions(texts, held, frozenset(administering))


def permissions_of(role_code: str) -> frozenset[str]:
    """The names of the permissions that a role holds; none for a role that has no code here."""
    return _by_role().get(role_code, frozenset())


def roles_with(permission: str) -> list[str]:
    """The codes of the roles that hold a permission."""
    return [code for code, held in _by_role().items() if permission in held]


def known() -> Collection[str]:
    """The names of all permissions."""
    return _all().texts.keys()


def administering() -> frozenset[str]:
    """The names of the permissions with which somebody administers the installation."""
    return _all().administering


def needs_second_factor() -> bool:
    """Whether this installation asks whoever administers it for a second factor."""
    return bool(current_app.config["ADMIN_SECOND_FACTOR"])


def _by_role() -> dict[str, frozenset[str]]:
    return _all().by_role


def _all() -> Permissions:
    found: Permissions = current_app.extensions["permissions"]
    return found
