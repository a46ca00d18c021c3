"""Permissions: each room declares its own with the roles that hold them; create_app collects them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from flask import current_app


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission: its name ("orders.claim"), its Chinese text, the codes of its roles."""

    name: str
    text: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Permissions:
    """All permissions of the program: Chinese texts by name, and the names by role code."""

    texts: dict[str, str]
    by_role: dict[str, frozenset[str]]


def collect(declared: Iterable[Permission], role_codes: Collection[str]) -> Permissions:
    """Puts the permissions of all rooms together; `role_codes` are the roles that there are.

    Raises RuntimeError for a permission that is declared twice or names an unknown role.
    """
    texts: dict[str, str] = {}
    by_role: dict[str, set[str]] = {code: set() for code in role_codes}
    for permission in declared:
        if permission.name in texts:
            raise RuntimeError(f"permission {permission.name} is declared twice")
        texts[permission.name] = permission.text
        for code in permission.roles:
            if code not in by_role:
                raise RuntimeError(f"permission {permission.name} names the unknown role {code!r}")
            by_role[code].add(permission.name)
    return Permissions(texts, {code: frozenset(names) for code, names in by_role.items()})


def permissions_of(role_code: str) -> frozenset[str]:
    """The names of the permissions that a role holds; none for a role that has no code here."""
    return _by_role().get(role_code, frozenset())


def roles_with(permission: str) -> list[str]:
    """The codes of the roles that hold a permission."""
    return [code for code, held in _by_role().items() if permission in held]


def _by_role() -> dict[str, frozenset[str]]:
    found: Permissions = current_app.extensions["permissions"]
    return found.by_role
