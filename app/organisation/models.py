"""Tables of units, areas, settings, providers, places and phone entries."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.database import Id, Model, Ref
from app.kernel.errors import Conflict
from app.organisation.states import (
    Management,
    PhoneKind,
    PlaceKind,
    ProviderKind,
    UnitKind,
)

_OPEN = text("closed_at IS NULL")
_OPEN_ROOT = text("closed_at IS NULL AND parent_id IS NULL")
# On PostgreSQL, LIKE 'prefix%' uses an index only with this operator class; SQLite ignores it.
_PREFIX = {"path": "varchar_pattern_ops"}


class Unit(Model):
    """A unit of the organisation: district, street, community, grid, building group or household.

    `path` holds the ids from the root down to the unit ("/1/4/9/"). `sort` is the order among the
    units of one parent. `version` rises with every change.
    """

    __tablename__ = "units"
    __table_args__ = (
        # A closed unit keeps its name, and an open one may have the same name.
        Index(
            "uq_units_parent_id_name",
            "parent_id",
            "name",
            unique=True,
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
        Index(
            "uq_units_root_name",
            "name",
            unique=True,
            postgresql_where=_OPEN_ROOT,
            sqlite_where=_OPEN_ROOT,
        ),
        Index("ix_units_path", "path", postgresql_ops=_PREFIX),
        UniqueConstraint("code", name="uq_units_code"),
    )

    id: Mapped[Id]
    code: Mapped[str | None]
    kind: Mapped[UnitKind]
    name: Mapped[str]
    parent_id: Mapped[Ref | None] = mapped_column(ForeignKey("units.id"), index=True)
    path: Mapped[str]
    sort: Mapped[int] = mapped_column(default=0)
    phone: Mapped[str | None]
    address: Mapped[str | None]
    hours: Mapped[str | None]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    successor_unit_id: Mapped[Ref | None] = mapped_column(ForeignKey("units.id"))
    version: Mapped[int] = mapped_column(default=1)

    @property
    def is_open(self) -> bool:
        """Whether the unit is not closed: new orders, places and other things may begin there."""
        return self.closed_at is None

    @property
    def path_ids(self) -> list[int]:
        """The ids from the root down to the unit itself."""
        return [int(step) for step in self.path.split("/") if step]

    def check_open(self) -> None:
        """Raises Conflict `unit.closed` where the unit is closed."""
        if self.closed_at is not None:
            raise Conflict("unit.closed", f"“{self.name}”已经停用，不能再办理。")

    def close(self, successor_unit_id: int | None, at: datetime) -> None:
        """Closes the unit and notes its successor; the row stays. Raises Conflict `unit.closed`."""
        self.check_open()
        self.closed_at = at
        self.successor_unit_id = successor_unit_id
        self.version += 1


class UnitArea(Model):
    """The polygon of a unit as GeoJSON in GCJ-02, with its bounding box in degrees."""

    __tablename__ = "unit_areas"

    unit_id: Mapped[Ref] = mapped_column(ForeignKey("units.id"), primary_key=True)
    geojson: Mapped[dict[str, Any]]
    south: Mapped[float]
    west: Mapped[float]
    north: Mapped[float]
    east: Mapped[float]
    updated_at: Mapped[datetime]


class UnitSetting(Model):
    """A value that a unit has set itself; the units below inherit it. `value` is {"value": …}."""

    __tablename__ = "unit_settings"
    __table_args__ = (UniqueConstraint("unit_id", "key"),)

    id: Mapped[Id]
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("units.id"))
    key: Mapped[str]
    value: Mapped[dict[str, Any]]
    set_by: Mapped[Ref | None]
    set_at: Mapped[datetime]


class Provider(Model):
    """承办单位: an outside unit that handles orders; `person_id` is its account, if it has one."""

    __tablename__ = "providers"
    __table_args__ = (
        Index(
            "uq_providers_unit_id_name",
            "unit_id",
            "name",
            unique=True,
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
    )

    id: Mapped[Id]
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("units.id"), index=True)
    name: Mapped[str]
    kind: Mapped[ProviderKind]
    phone: Mapped[str | None]
    contact: Mapped[str | None]
    hours: Mapped[str | None]
    person_id: Mapped[Ref | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    @property
    def is_open(self) -> bool:
        """Whether orders may still be given to the provider."""
        return self.closed_at is None


class Place(Model):
    """A place (小区、楼栋、单元、室); a grid or a community (`unit_id`) looks after it.

    `path` holds the ids from the estate down to the place, `full_name` their names. `latitude` and
    `longitude` are degrees in GCJ-02.
    """

    __tablename__ = "places"
    __table_args__ = (
        Index(
            "uq_places_parent_id_name",
            "parent_id",
            "name",
            unique=True,
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
        # The unit is part of the key: two communities may each have a 幸福小区.
        Index(
            "uq_places_estate_name",
            "unit_id",
            "name",
            unique=True,
            postgresql_where=_OPEN_ROOT,
            sqlite_where=_OPEN_ROOT,
        ),
        Index("ix_places_path", "path", postgresql_ops=_PREFIX),
        UniqueConstraint("code", name="uq_places_code"),
    )

    id: Mapped[Id]
    code: Mapped[str | None]
    kind: Mapped[PlaceKind]
    name: Mapped[str]
    full_name: Mapped[str]
    parent_id: Mapped[Ref | None] = mapped_column(ForeignKey("places.id"), index=True)
    path: Mapped[str]
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("units.id"), index=True)
    management: Mapped[Management]
    provider_id: Mapped[Ref | None] = mapped_column(ForeignKey("providers.id"), index=True)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    sort: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    provider: Mapped[Provider | None] = relationship(viewonly=True)

    @property
    def is_open(self) -> bool:
        """Whether the place is not closed."""
        return self.closed_at is None

    def check_open(self) -> None:
        """Raises Conflict `place.closed` where the place is closed."""
        if self.closed_at is not None:
            raise Conflict("place.closed", f"“{self.full_name}”已经停用。")


class PhoneEntry(Model):
    """A number of the phone book (应急电话本); it is for the unit and all units below it."""

    __tablename__ = "phone_entries"

    id: Mapped[Id]
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("units.id"), index=True)
    name: Mapped[str]
    kind: Mapped[PhoneKind]
    phone: Mapped[str]
    hours: Mapped[str | None]
    note: Mapped[str | None]
    sort: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
