"""The tree of units: who stands under whom, moving, closing."""

import pytest

from app.kernel.actor import Actor
from app.kernel.audit import AuditRow
from app.kernel.database import session
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from app.kernel.http import App
from app.organisation import queries, service
from app.organisation.events import UnitClosing, UnitMoved
from app.organisation.states import UNIT_PARENTS, PlaceKind, ProviderKind, UnitKind
from tests.organisation.conftest import SYSTEM, Spot, Tree, refused, unit


def test_paths_end_in_the_own_id(tree: Tree) -> None:
    """From the root down."""
    grid = queries.get_unit(tree.grid.id)
    assert grid.path == f"{tree.community.path}{grid.id}/"
    assert [above.name for above in queries.ancestors(grid)] == ["甲社区", "一街", "东区"]
    assert queries.ancestors(queries.get_unit(tree.district.id)) == []


def test_parent_path() -> None:
    """One step up; a root has none."""
    assert queries.parent_path("/1/4/9/") == "/1/4/"
    assert queries.parent_path("/1/") is None


def test_the_subtree_holds_no_neighbour(tree: Tree) -> None:
    """/1/4/ is not above /1/40/."""
    found = set(session.scalars(queries.subtree_ids(tree.community.path)))
    assert found == {tree.community.id, tree.grid.id, tree.other_grid.id}


@pytest.mark.parametrize("kind", list(UnitKind))
@pytest.mark.parametrize("above", ["district", "street", "community", "grid"])
def test_each_kind_stands_only_under_its_own_parent(tree: Tree, kind: UnitKind, above: str) -> None:
    """All pairs."""
    parent: Spot = getattr(tree, above)
    if UnitKind(above) in UNIT_PARENTS[kind]:
        assert unit(kind, "新", parent).path.startswith(parent.path)
    else:
        with refused(Invalid, "unit.kind_not_allowed"):
            unit(kind, "新", parent)


def test_down_to_the_household(tree: Tree) -> None:
    """网格 > 楼组 > 党员中心户."""
    group = unit(UnitKind.BUILDING_GROUP, "3号楼组", tree.grid)
    household = unit(UnitKind.HOUSEHOLD, "老王家", group)
    community = queries.community_of(queries.get_unit(household.id))
    assert community is not None
    assert community.id == tree.community.id
    assert queries.community_of(queries.get_unit(tree.street.id)) is None


def test_only_the_program_founds_a_district(tree: Tree) -> None:
    """Not even the administrator of another."""
    with refused(Forbidden, "unit.not_allowed"):
        service.found_district(tree.actor(tree.district), "西区")
    with refused(Conflict, "unit.name_taken"):
        service.found_district(SYSTEM, "东区")


def test_names_are_unique_among_siblings(tree: Tree) -> None:
    """But not among cousins."""
    with refused(Conflict, "unit.name_taken"), session.begin_nested():
        unit(UnitKind.GRID, "第1网格", tree.community)
    unit(UnitKind.GRID, "第1网格", tree.other_community)


def test_codes_are_unique_everywhere(tree: Tree) -> None:
    """A name that looks like the constraint does not confuse them."""
    with refused(Conflict, "unit.code_taken"), session.begin_nested():
        unit(UnitKind.GRID, "uq_units_name", tree.other_community, code="C1")


def test_numbers_in_names_give_the_order(tree: Tree) -> None:
    """第2 before 第10."""
    unit(UnitKind.GRID, "第10网格", tree.community)
    page = queries.list_units(
        SYSTEM, parent_id=tree.community.id, kind=None, closed=False, cursor=None, limit=10
    )
    assert [row.name for row in page.items] == ["第1网格", "第2网格", "第10网格"]


def test_moving_takes_the_subtree_along(tree: Tree, heard: list[object]) -> None:
    """Paths below change, others do not."""
    street = queries.get_unit(tree.street.id)
    grid = queries.get_unit(tree.grid.id)
    moved = service.change_unit(
        SYSTEM, tree.community.id, name="甲社区", parent_id=tree.other_street.id
    )
    assert moved.path == f"{tree.other_street.path}{moved.id}/"
    assert grid.path == f"{moved.path}{grid.id}/"
    assert street.path == tree.street.path
    assert [above.id for above in queries.ancestors(grid)][1] == tree.other_street.id
    assert heard == [UnitMoved(moved.id, tree.community.path, moved.path)]
    assert queries.get_unit(tree.other_community.id).path == tree.other_community.path


def test_a_unit_moves_only_where_it_may_stand(tree: Tree) -> None:
    """Not under a grid, not to nowhere."""
    for parent_id, code in (
        (tree.grid.id, "unit.kind_not_allowed"),
        (10**9, "unit.parent_unknown"),
    ):
        with refused(Invalid, code):
            service.change_unit(SYSTEM, tree.community.id, name="甲社区", parent_id=parent_id)


def test_moving_onto_a_name_that_is_taken(tree: Tree) -> None:
    """The constraint holds there, too."""
    unit(UnitKind.COMMUNITY, "甲社区", tree.other_street)
    with refused(Conflict, "unit.name_taken"):
        service.change_unit(
            SYSTEM, tree.community.id, name="甲社区", parent_id=tree.other_street.id
        )


def test_moving_needs_the_right_on_both_sides(tree: Tree) -> None:
    """Who keeps one street cannot push a community into another."""
    mine = tree.actor(tree.street, "organisation.edit")
    with refused(Forbidden, "unit.not_allowed"):
        service.change_unit(mine, tree.community.id, name="甲", parent_id=tree.other_street.id)
    theirs = tree.actor(tree.other_street, "organisation.edit")
    with refused(Forbidden, "unit.not_allowed"):
        service.change_unit(theirs, tree.community.id, name="甲", parent_id=tree.other_street.id)


def test_changing_counts_the_version_and_is_audited(tree: Tree) -> None:
    """A whole object: what is left out is emptied, parent and sort stay."""
    changed = service.change_unit(SYSTEM, tree.community.id, name="甲甲社区")
    assert (changed.name, changed.phone, changed.parent_id) == ("甲甲社区", None, tree.street.id)
    assert changed.version == 3
    last = session.query(AuditRow).order_by(AuditRow.id.desc()).first()
    assert last is not None
    assert (last.action, last.subject_id) == ("unit.changed", changed.id)


def test_closing_waits_for_the_children(tree: Tree) -> None:
    """First what is below."""
    with refused(Conflict, "unit.has_open_children"):
        service.close_unit(SYSTEM, tree.community.id)


def test_closing_announces_first_and_keeps_the_history(tree: Tree, heard: list[object]) -> None:
    """The unit stays readable; nothing new begins beneath it."""
    closed = service.close_unit(SYSTEM, tree.other_community.id)
    assert heard == [UnitClosing(closed.id, None)]
    assert not queries.is_open(queries.get_unit(closed.id))
    with refused(Conflict, "unit.closed"):
        unit(UnitKind.GRID, "新网格", tree.other_community)
    with refused(Conflict, "unit.closed"):
        service.change_unit(SYSTEM, closed.id, name="别的")
    with refused(Conflict, "unit.closed"):
        service.close_unit(SYSTEM, closed.id)
    with refused(Conflict, "unit.closed"):
        service.create_provider(SYSTEM, unit_id=closed.id, name="甲", kind=ProviderKind.GAS)


def test_a_closed_unit_leaves_its_name_and_the_lists(tree: Tree) -> None:
    """The next 乙社区 may begin."""
    service.close_unit(SYSTEM, tree.other_community.id)
    again = unit(UnitKind.COMMUNITY, "乙社区", tree.street)
    names = [
        [
            row.id
            for row in queries.list_units(
                SYSTEM, parent_id=tree.street.id, kind=None, closed=closed, cursor=None, limit=10
            ).items
        ]
        for closed in (False, True)
    ]
    assert names == [
        [tree.community.id, again.id],
        [tree.community.id, tree.other_community.id, again.id],
    ]


def test_a_listener_may_refuse_the_closing(
    tree: Tree, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open orders, for one."""

    def refuse(event: object) -> None:
        raise Conflict("unit.has_open_orders", "还有没办完的工单。")

    monkeypatch.setitem(app.extensions, "listeners", {UnitClosing: [refuse]})
    with refused(Conflict, "unit.has_open_orders"):
        service.close_unit(SYSTEM, tree.other_community.id)
    assert queries.is_open(queries.get_unit(tree.other_community.id))


def test_places_and_providers_go_to_the_successor(tree: Tree) -> None:
    """Without one a unit with places does not close."""
    estate = service.create_place(
        SYSTEM, kind=PlaceKind.ESTATE, name="幸福小区", unit_id=tree.grid.id
    )
    firm = service.create_provider(
        SYSTEM, unit_id=tree.grid.id, name="安心物业", kind=ProviderKind.PROPERTY
    )
    with refused(Conflict, "unit.has_places"):
        service.close_unit(SYSTEM, tree.grid.id)
    closed = service.close_unit(SYSTEM, tree.grid.id, successor_unit_id=tree.other_grid.id)
    assert closed.successor_unit_id == tree.other_grid.id
    session.expire_all()
    assert queries.get_place(estate.id).unit_id == tree.other_grid.id
    assert queries.get_provider(firm.id).unit_id == tree.other_grid.id


def test_what_clashes_with_the_successor_is_refused(tree: Tree) -> None:
    """Two estates of one name in one unit."""
    for grid in (tree.grid, tree.other_grid):
        service.create_place(SYSTEM, kind=PlaceKind.ESTATE, name="幸福小区", unit_id=grid.id)
    with refused(Conflict, "unit.successor_clash"):
        service.close_unit(SYSTEM, tree.grid.id, successor_unit_id=tree.other_grid.id)


@pytest.mark.parametrize(
    ("successor", "kind", "code"),
    [
        ("grid", Invalid, "unit.successor_not_allowed"),
        ("street", Invalid, "unit.successor_not_allowed"),
        (None, Invalid, "unit.successor_unknown"),
    ],
)
def test_not_everyone_can_succeed(
    tree: Tree, successor: str | None, kind: type[Refusal], code: str
) -> None:
    """Not itself, nobody unknown, and for places a grid or a community."""
    service.create_place(SYSTEM, kind=PlaceKind.ESTATE, name="幸福小区", unit_id=tree.grid.id)
    successor_id = getattr(tree, successor).id if successor else 10**9
    with refused(kind, code):
        service.close_unit(SYSTEM, tree.grid.id, successor_unit_id=successor_id)


def test_a_smaller_or_closed_unit_cannot_succeed(tree: Tree) -> None:
    """A community does not end in a grid, nor in what has ended."""
    with refused(Invalid, "unit.successor_not_allowed"):
        service.close_unit(SYSTEM, tree.other_community.id, successor_unit_id=tree.grid.id)
    service.close_unit(SYSTEM, tree.other_grid.id)
    with refused(Conflict, "unit.closed"):
        service.close_unit(SYSTEM, tree.grid.id, successor_unit_id=tree.other_grid.id)


def test_nobody_burdens_a_foreign_unit(tree: Tree) -> None:
    """The successor must be one's own to give."""
    mine = tree.actor(tree.other_community)
    with refused(Forbidden, "unit.not_allowed"):
        service.close_unit(mine, tree.other_community.id, successor_unit_id=tree.community.id)


def test_a_stranger_changes_nothing(tree: Tree) -> None:
    """No grant, no right."""
    stranger = Actor(1, "路人")
    with refused(Forbidden, "unit.not_allowed"):
        service.create_unit(stranger, kind=UnitKind.GRID, name="新", parent_id=tree.community.id)
    with pytest.raises(NotFound):
        service.close_unit(stranger, 10**9)
