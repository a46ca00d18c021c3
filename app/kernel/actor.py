"""The actor of a request: a person with grants over parts of the organisation, or the program itself."""

from dataclasses import dataclass

from flask import g

from app.kernel.errors import Forbidden, Unauthenticated


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that a person has in one unit and in all units below it.

    `unit_path` is the path of the unit, for example "/1/4/"; `permissions` are those of the role.
    """

    role: str
    unit_id: int
    unit_path: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Actor:
    """The person or the job that asks, with the grants that hold at the start of the request.

    A person has a `person_id`; a job or a command has a `system_name` instead.
    """

    person_id: int | None
    name: str
    grants: tuple[Grant, ...] = ()
    system_name: str | None = None

    @classmethod
    def system(cls, name: str) -> "Actor":
        """The actor of a job, a command or an import of that name; it has no grants."""
        return cls(person_id=None, name=name, system_name=name)

    @property
    def is_system(self) -> bool:
        """Whether the actor is a job or a command and not a person."""
        return self.system_name is not None

    @property
    def own_id(self) -> int:
        """The id of the person; raises Forbidden `actor.not_a_person` for a job or a command."""
        if self.person_id is None:
            raise Forbidden("actor.not_a_person", "此操作需要本人办理。")
        return self.person_id

    def may(self, permission: str, unit_path: str) -> bool:
        """Whether the actor has the permission at the unit with that path.

        A grant counts when it is for the unit itself or for a unit above it. A job or a command has no
        grants, so the answer is False.
        """
        return any(
            permission in grant.permissions and unit_path.startswith(grant.unit_path)
            for grant in self.grants
        )

    def may_somewhere(self, permission: str) -> bool:
        """Whether the actor has the permission in any unit at all."""
        return any(permission in grant.permissions for grant in self.grants)

    def paths(self, permission: str) -> tuple[str, ...]:
        """The paths of the highest units in which the actor has the permission, sorted.

        The permission also holds in all units below them, so no unit below another one is in the answer.
        """
        held = {grant.unit_path for grant in self.grants if permission in grant.permissions}
        return tuple(sorted(p for p in held if not any(p != q and p.startswith(q) for q in held)))

    def roots(self, permission: str) -> tuple[int, ...]:
        """The ids of the units that `paths` names, in the same order."""
        return tuple(int(path.split("/")[-2]) for path in self.paths(permission))


def set_actor(actor: Actor) -> None:
    """Sets the actor of this request; only the guard calls this function."""
    g.actor = actor


def current_actor() -> Actor:
    """The actor of this request.

    Raises Unauthenticated `session.required` when nobody is logged in, which can only happen at a
    public endpoint.
    """
    actor: Actor | None = g.get("actor")
    if actor is None:
        raise Unauthenticated("session.required", "请先登录。")
    return actor
