"""Finds the grid and the community at a point, by an index of areas that is kept in memory."""

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
    """The units at a point; `unit` is the grid, or the community where there is no grid."""

    unit: Unit
    grid: Unit | None
    community: Unit


def locate(latitude: float, longitude: float) -> Located | None:
    """Returns the grid and the community at a point in GCJ-02 (degrees); None outside all areas.

    Where areas overlap, grids go before communities, then smaller areas before larger ones, then
    lower ids before higher ones.
    """
    return _located(_kept.value().find(latitude, longitude))


def located_or_refused(latitude: float, longitude: float) -> Located:
    """Returns what `locate` returns; raises Invalid `location.outside` where the point is in no area.

    The message names the nearest community.
    """
    located = locate(latitude, longitude)
    if located is None:
        nearest = nearest_community(latitude, longitude)
        hint = f"，离这里最近的是“{nearest.name}”" if nearest else ""
        raise Invalid("location.outside", f"这个位置不在任何社区的范围内{hint}。")
    return located


def nearest_community(latitude: float, longitude: float) -> Unit | None:
    """Returns the community nearest to a point in GCJ-02 (degrees).

    The distance is measured to its area and to the areas of its grids. None where no unit has an
    area.
    """
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


# `Kept` watches the table of areas alone. Closing a unit changes the index as well, therefore
# `close_unit` calls mark_changed(AREAS); other changes of a unit do not change the index.
AREAS = "areas"
_kept = Kept(AREAS, _build, "unit_areas")
