"""What the organisation announces upward."""

from dataclasses import dataclass

from app.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class UnitClosing:
    """A unit is about to close; a listener may refuse, or move its things to the successor."""

    unit_id: int
    successor_unit_id: int | None


@dataclass(frozen=True, slots=True)
class UnitMoved:
    """A unit with its whole subtree stands under another parent; every path below has changed."""

    unit_id: int
    old_path: str
    new_path: str


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A unit's own value was set or taken back; it holds below as well."""

    unit_id: int
    unit_path: str
    key: str


@dataclass(frozen=True, slots=True)
class ProviderAccountLinked:
    """A provider was given the account of a person; people refuses one the actor does not see."""

    actor: Actor
    provider_id: int
    unit_id: int
    person_id: int
