"""From a point to its grid and community, by an index in memory that the database keeps true."""

from dataclasses import dataclass

from sqlalchemy import select

from app.kernel.database import session
from app.kernel.database.fast.kept import Kept
from app.kernel.errors import Invalid
from app.organisation.areas import area_of
from app.organisation.geometry import AreaIndex
from app.organisation.models import Unit, UnitArea
from app.organisation.queries.units import community_of, get_unit
from app.organisation.states import LOCATED_KINDS, UNIT_RANKS, UnitKind


@dataclass(frozen=True, slots=True)
class Located:
    """Where a point lies: `unit` is the nearest to it, the grid or else the community."""

    unit: Unit
    grid: Unit | None
    community: Unit


def locate(latitude: float, longitude: float) -> Located | None:
    """The grid and community at a GCJ-02 point; None outside every area.

    Where areas overlap a grid goes before a community, then the smaller one, then the older unit.
    """
    return _located(_kept.value().find(latitude, longitude))


def located_or_refused(latitude: float, longitude: float) -> Located:
    """As `locate`; outside raises Invalid `location.outside`, naming the nearest community."""
    located = locate(latitude, longitude)
    if located is None:
        nearest = nearest_community(latitude, longitude)
        hint = f"，离这里最近的是“{nearest.name}”" if nearest else ""
        raise Invalid("location.outside", f"这个位置不在任何社区的范围内{hint}。")
    return located


def nearest_community(latitude: float, longitude: float) -> Unit | None:
    """The community whose area (or whose grids' area) is the least distance away; GCJ-02."""
    located = _located(_kept.value().nearest(latitude, longitude))
    return located.community if located else None


def _located(unit_id: int | None) -> Located | None:
    if unit_id is None:
        return None
    unit = get_unit(unit_id)
    community = community_of(unit)
    if community is None:
        return None
    return Located(unit, unit if unit.kind is UnitKind.GRID else None, community)


def _build() -> AreaIndex[int]:
    rows = session.execute(
        select(Unit.id, Unit.kind, UnitArea.geojson)
        .join(UnitArea, UnitArea.unit_id == Unit.id)
        .where(Unit.closed_at.is_(None), Unit.kind.in_(LOCATED_KINDS))
    )
    areas = [(row.id, row.kind, area_of(row.geojson)) for row in rows]
    areas.sort(key=lambda entry: (-UNIT_RANKS[entry[1]], entry[2].box.size, entry[0]))
    return AreaIndex((unit_id, area) for unit_id, _, area in areas)


# Closing a unit changes the index, its other changes do not: whoever closes one marks it.
AREAS = "areas"
_kept = Kept(AREAS, _build, "unit_areas")
