"""Who acts: a person with grants over subtrees of the organisation, or the program itself."""

from dataclasses import dataclass

from flask import g

from app.kernel.errors import Forbidden, Unauthenticated


@dataclass(frozen=True, slots=True)
class Grant:
    """A role's permissions over the subtree whose root has the path `unit_path` ("/1/4/")."""

    role: str
    unit_id: int
    unit_path: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who asks, as of the start of the request."""

    person_id: int | None
    name: str
    grants: tuple[Grant, ...] = ()
    system_name: str | None = None

    @classmethod
    def system(cls, name: str) -> "Actor":
        """The program itself: a job, a command, an import."""
        return cls(person_id=None, name=name, system_name=name)

    @property
    def is_system(self) -> bool:
        """True for jobs and commands."""
        return self.system_name is not None

    @property
    def own_id(self) -> int:
        """The person's id; a job has none and is refused."""
        if self.person_id is None:
            raise Forbidden("actor.not_a_person", "此操作需要本人办理。")
        return self.person_id

    def may(self, permission: str, unit_path: str) -> bool:
        """Whether a grant at the unit or above it holds the permission; never for the system."""
        return any(
            permission in grant.permissions and unit_path.startswith(grant.unit_path)
            for grant in self.grants
        )

    def may_somewhere(self, permission: str) -> bool:
        """Whether any grant holds the permission."""
        return any(permission in grant.permissions for grant in self.grants)

    def paths(self, permission: str) -> tuple[str, ...]:
        """Roots of the subtrees in which the permission holds, without those inside another."""
        held = {grant.unit_path for grant in self.grants if permission in grant.permissions}
        return tuple(sorted(p for p in held if not any(p != q and p.startswith(q) for q in held)))

    def roots(self, permission: str) -> tuple[int, ...]:
        """The units at these roots, in the same order."""
        return tuple(int(path.split("/")[-2]) for path in self.paths(permission))


def set_actor(actor: Actor) -> None:
    """Names the actor of this request; the guard's to call."""
    g.actor = actor


def current_actor() -> Actor:
    """The actor of this request, or 401 where the guard has let an anonymous one pass."""
    actor: Actor | None = g.get("actor")
    if actor is None:
        raise Unauthenticated("session.required", "请先登录。")
    return actor
