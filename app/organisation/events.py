"""Events that the organisation announces to the rooms above."""

from dataclasses import dataclass

from app.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class UnitClosing:
    """A unit is about to close; a listener may raise to refuse, or move its own rows to the successor."""

    unit_id: int
    successor_unit_id: int | None


@dataclass(frozen=True, slots=True)
class UnitMoved:
    """A unit and its subtree stand under another parent; the paths of all of them have changed."""

    unit_id: int
    old_path: str
    new_path: str


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A unit's own value of a setting was set or removed; it holds for the units below as well."""

    unit_id: int
    unit_path: str
    key: str


@dataclass(frozen=True, slots=True)
class ProviderAccountLinked:
    """A provider was given the account of a person; a listener may raise to refuse."""

    actor: Actor
    provider_id: int
    unit_id: int
    person_id: int
