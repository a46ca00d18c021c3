"""The shipped tree: one file for each group in `defaults/`, read and checked here."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from app.categories.questions import checked_questions
from app.categories.states import FLAGS, POLICIES, NeedsPhoto, Urgency

DEFAULTS = Path(__file__).with_name("defaults")


@dataclass(frozen=True, slots=True)
class Entry:
    """One category of a file.

    A leaf without `policy`, `backstop_role` or `skills` has those of its group. `leaf` are the
    leaves of a group.
    """

    code: str
    name: str
    policy: str
    backstop_role: str
    urgency: str = "normal"
    needs_photo: str = "none"
    flags: Sequence[str] = ()
    skills: Sequence[str] = ()
    questions: Sequence[dict[str, Any]] = ()
    radius_m: int | None = None
    accept_minutes: int | None = None
    stale_minutes: int | None = None
    pool_minutes: int | None = None
    resident_text: str = ""
    stop_message: str = ""
    leaf: Sequence[dict[str, Any]] = field(default=())

    def columns(self, sort: int) -> dict[str, Any]:
        """Returns the column values of the category without its parent; `sort` is its position.

        Raises ValueError for an unknown flag or policy.
        """
        if unknown := set(self.flags) - set(FLAGS) or {self.policy} - set(POLICIES):
            raise ValueError(f"{self.code}: unknown flags or policy: {unknown}")
        return {
            "code": self.code,
            "name": self.name,
            "sort": sort,
            "policy": self.policy,
            "backstop_role": self.backstop_role,
            "urgency": Urgency(self.urgency),
            "needs_photo": NeedsPhoto(self.needs_photo),
            "skills": list(self.skills),
            "questions": checked_questions(self.questions),
            "radius_m": self.radius_m,
            "accept_minutes": self.accept_minutes,
            "stale_minutes": self.stale_minutes,
            "pool_minutes": self.pool_minutes,
            "resident_text": self.resident_text,
            "stop_message": self.stop_message,
            **{flag: flag in self.flags for flag in FLAGS},
        }


@dataclass(frozen=True, slots=True)
class ShippedGroup:
    """The columns of a group and those of its leaves, in their order."""

    columns: dict[str, Any]
    leaves: tuple[dict[str, Any], ...]


@cache
def shipped_tree() -> tuple[ShippedGroup, ...]:
    """Returns all shipped groups in the order of their files."""
    return tuple(
        _group(tomllib.loads(path.read_text(encoding="utf-8")), sort)
        for sort, path in enumerate(sorted(DEFAULTS.glob("*.toml")), start=1)
    )


def _group(raw: dict[str, Any], sort: int) -> ShippedGroup:
    group = Entry(**raw)
    inherited = {
        "policy": group.policy,
        "backstop_role": group.backstop_role,
        "skills": group.skills,
    }
    leaves = tuple(
        Entry(**{**inherited, **leaf}).columns(position)
        for position, leaf in enumerate(group.leaf, start=1)
    )
    return ShippedGroup(group.columns(sort), leaves)
