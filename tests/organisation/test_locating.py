"""From a point to its grid and community, whoever has changed the areas meanwhile."""

from random import Random

import pytest
from sqlalchemy import delete, update

from app.kernel.database import session
from app.kernel.database.fast.kept import ChangeStamp
from app.kernel.database.fast.rows import table_of
from app.kernel.errors import Invalid
from app.organisation import queries, service
from app.organisation.areas import area_of
from app.organisation.geometry import CoordinateSystem
from app.organisation.models import UnitArea
from app.organisation.queries import locating
from app.organisation.states import UnitKind
from tests.organisation.conftest import SYSTEM, Tree, refused, square, unit

GCJ = CoordinateSystem.GCJ02


def where(latitude: float, longitude: float) -> tuple[str | None, str] | None:
    """Names of grid and community."""
    found = queries.locate(latitude, longitude)
    if found is None:
        return None
    return found.grid.name if found.grid else None, found.community.name


def test_a_point_has_its_grid_and_community(tree: Tree) -> None:
    """The community's own area counts where no grid is drawn."""
    assert where(30.005, 120.005) == ("第1网格", "甲社区")
    assert where(30.005, 120.015) == ("第2网格", "甲社区")
    assert where(30.015, 120.015) == (None, "甲社区")
    assert where(30.5, 120.5) is None


def test_a_point_on_the_border_has_one_grid(tree: Tree) -> None:
    """That of the east."""
    assert where(30.005, 120.01) == ("第2网格", "甲社区")


def test_of_overlapping_areas_the_smaller_one_counts(tree: Tree) -> None:
    """A careless drawing is no riddle."""
    inner = unit(UnitKind.GRID, "小网格", tree.community)
    service.set_area(SYSTEM, inner.id, square(120.004, 30.004, 0.002), GCJ)
    assert where(30.005, 120.005) == ("小网格", "甲社区")


def test_a_grid_goes_before_a_community(tree: Tree) -> None:
    """Also before one that is drawn smaller."""
    service.set_area(SYSTEM, tree.other_community.id, square(120.004, 30.004, 0.002), GCJ)
    assert where(30.005, 120.005) == ("第1网格", "甲社区")


def test_a_change_is_seen_at_once(tree: Tree) -> None:
    """Drawn, drawn anew, taken away, closed."""
    assert where(30.005, 120.005) == ("第1网格", "甲社区")
    service.set_area(SYSTEM, tree.grid.id, square(121, 31), GCJ)
    assert where(30.005, 120.005) == (None, "甲社区")
    assert where(31.005, 121.005) == ("第1网格", "甲社区")
    service.remove_area(SYSTEM, tree.community.id)
    assert where(30.005, 120.005) is None
    service.close_unit(SYSTEM, tree.grid.id)
    assert where(31.005, 121.005) is None


def test_a_moved_grid_answers_with_its_new_community(tree: Tree) -> None:
    """The tree is read, not remembered."""
    assert where(30.005, 120.005) == ("第1网格", "甲社区")
    service.change_unit(SYSTEM, tree.grid.id, name="第1网格", parent_id=tree.other_community.id)
    assert where(30.005, 120.005) == ("第1网格", "乙社区")


def test_another_process_is_believed(tree: Tree) -> None:
    """Whoever changes the areas changes the mark; that is all this process looks at."""
    session.commit()
    assert where(30.005, 120.005) == ("第1网格", "甲社区")
    areas, stamps = table_of(UnitArea), table_of(ChangeStamp)
    session.execute(delete(areas).where(areas.c.unit_id == tree.grid.id))
    session.execute(update(stamps).where(stamps.c.name == "areas").values(stamp="theirs"))
    assert where(30.005, 120.005) == ("第1网格", "甲社区")
    session.commit()
    assert where(30.005, 120.005) == (None, "甲社区")


def test_the_index_is_built_once(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for each question."""
    session.commit()
    where(30.005, 120.005)
    monkeypatch.setattr(locating._kept, "_build", lambda: pytest.fail("built again"))
    where(30.005, 120.015)


def test_what_is_rolled_back_is_forgotten(tree: Tree) -> None:
    """An index of areas that never were must not be taken for that of those that come next."""
    with session.begin_nested() as never:
        service.set_area(SYSTEM, tree.grid.id, square(121, 31), GCJ)
        assert where(31.005, 121.005) == ("第1网格", "甲社区")
        never.rollback()
    assert where(31.005, 121.005) is None
    service.set_area(SYSTEM, tree.grid.id, square(122, 32), GCJ)
    assert where(31.005, 121.005) is None
    assert where(32.005, 122.005) == ("第1网格", "甲社区")


def test_outside_the_nearest_community_is_named(tree: Tree) -> None:
    """And refused with its own code."""
    service.set_area(SYSTEM, tree.other_community.id, square(120.5, 30.5), GCJ)
    nearest = queries.nearest_community(30.6, 120.6)
    assert nearest is not None
    assert nearest.id == tree.other_community.id
    with refused(Invalid, "location.outside") as outside:
        queries.located_or_refused(30.6, 120.6)
    assert "乙社区" in outside.value.message


def test_without_areas_nothing_is_near(tree: Tree) -> None:
    """A district whose areas are not drawn yet."""
    for target in (tree.grid, tree.other_grid, tree.community):
        service.remove_area(SYSTEM, target.id)
    if session.query(UnitArea).count() == 0:
        assert queries.nearest_community(30, 120) is None
        with refused(Invalid, "location.outside"):
            queries.located_or_refused(30, 120)


def test_a_street_is_not_located(tree: Tree) -> None:
    """Its area is for the map; a household has none at all."""
    service.set_area(SYSTEM, tree.street.id, square(119, 29), GCJ)
    assert where(29.005, 119.005) is None
    group = unit(UnitKind.BUILDING_GROUP, "楼组", tree.grid)
    with refused(Invalid, "unit.no_area"):
        service.set_area(SYSTEM, group.id, square(119, 29), GCJ)


def test_many_points_against_a_plain_scan(tree: Tree) -> None:
    """The stored areas, asked one by one."""
    dice = Random(7)
    rows = [(row.unit_id, area_of(row.geojson)) for row in session.query(UnitArea)]
    for _ in range(300):
        latitude, longitude = 30 + dice.uniform(-0.002, 0.022), 120 + dice.uniform(-0.002, 0.022)
        holding = {unit_id for unit_id, area in rows if area.contains(latitude, longitude)}
        found = queries.locate(latitude, longitude)
        assert (found is None) == (not holding)
        if found is not None:
            assert found.unit.id in holding
            assert not found.grid or found.grid.id in holding
