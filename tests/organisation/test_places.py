"""Places: their tree and names, what they share, who sees rooms, searching."""

from typing import Any

import pytest

from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from app.organisation import queries, service
from app.organisation.geometry import CoordinateSystem, to_gcj02
from app.organisation.models import Place
from app.organisation.states import PLACE_PARENTS, Management, PlaceKind, ProviderKind
from tests.organisation.conftest import SYSTEM, Tree, refused

ESTATE, BUILDING, DOORWAY, ROOM = PlaceKind


def put(kind: PlaceKind, name: str, parent: Place | None = None, **more: Any) -> Place:
    """A new place."""
    more = {"parent_id": parent.id} | more if parent else more
    return service.create_place(SYSTEM, kind=kind, name=name, **more)


@pytest.fixture
def home(tree: Tree) -> dict[PlaceKind, Place]:
    """幸福小区 3号楼 2单元 501室, looked after by 甲社区."""
    estate = put(ESTATE, "幸福小区", unit_id=tree.community.id, management=Management.SELF_MANAGED)
    building = put(BUILDING, "3号楼", estate)
    doorway = put(DOORWAY, "2单元", building)
    return {ESTATE: estate, BUILDING: building, DOORWAY: doorway, ROOM: put(ROOM, "501室", doorway)}


def listed(actor: Actor = SYSTEM, **query: Any) -> list[str]:
    """Full names of a list."""
    blank: dict[str, Any] = dict.fromkeys(("parent_id", "unit_id", "kind", "q", "cursor"))
    page = queries.list_places(actor, **(blank | {"limit": 100} | query))
    return [place.full_name for place in page.items]


def test_the_full_name_is_built(home: dict[PlaceKind, Place], tree: Tree) -> None:
    """And unit and management come from around it."""
    room = home[ROOM]
    assert room.full_name == "幸福小区 3号楼 2单元 501室"
    assert (room.unit_id, room.management) == (tree.community.id, Management.SELF_MANAGED)
    assert room.path == "/" + "".join(f"{place.id}/" for place in home.values())


@pytest.mark.parametrize("kind", list(PlaceKind))
@pytest.mark.parametrize("above", [None, *PlaceKind])
def test_each_kind_stands_only_in_its_own(
    home: dict[PlaceKind, Place], tree: Tree, kind: PlaceKind, above: PlaceKind | None
) -> None:
    """All pairs; a room may be right in a building."""
    parent = home[above] if above else None
    right = above in PLACE_PARENTS[kind] if above else not PLACE_PARENTS[kind]
    if right:
        put(kind, "新", parent, unit_id=tree.community.id)
    else:
        with refused(Invalid, "place.kind_not_allowed"):
            put(kind, "新", parent, unit_id=tree.community.id)


@pytest.mark.parametrize(
    ("more", "kind", "code"),
    [
        ({}, Invalid, "place.unit_missing"),
        ({"unit_id": 10**9}, Invalid, "unit.unknown"),
        ({"parent_id": 10**9}, Invalid, "place.parent_unknown"),
        ({"unit": "street"}, Invalid, "place.unit_kind"),
        ({"unit": "community", "provider_id": 10**9}, Invalid, "provider.unknown"),
    ],
)
def test_bad_estates_are_refused(
    tree: Tree, more: dict[str, Any], kind: type[Refusal], code: str
) -> None:
    """Each with its own code."""
    if "unit" in more:
        more = {**more, "unit_id": getattr(tree, more["unit"]).id}
        del more["unit"]
    with refused(kind, code):
        put(ESTATE, "某小区", **more)


def test_a_place_inside_belongs_to_the_same_unit_or_one_below(
    home: dict[PlaceKind, Place], tree: Tree
) -> None:
    """A building of the estate may have its own grid, not another community."""
    put(BUILDING, "4号楼", home[ESTATE], unit_id=tree.grid.id)
    with refused(Invalid, "place.unit_not_beneath"):
        put(BUILDING, "5号楼", home[ESTATE], unit_id=tree.other_community.id)


def test_names_and_codes_are_unique(home: dict[PlaceKind, Place], tree: Tree) -> None:
    """In one place, in one unit, everywhere."""
    with refused(Conflict, "place.name_taken"), session.begin_nested():
        put(BUILDING, "3号楼", home[ESTATE])
    with refused(Conflict, "place.name_taken"), session.begin_nested():
        put(ESTATE, "幸福小区", unit_id=tree.community.id)
    put(ESTATE, "幸福小区", unit_id=tree.other_community.id, code="E2")
    with refused(Conflict, "place.code_taken"):
        put(ESTATE, "平安小区", unit_id=tree.community.id, code="E2")


def test_what_is_inside_follows(home: dict[PlaceKind, Place], tree: Tree) -> None:
    """Name, unit and management; what differed before keeps its own."""
    own = put(BUILDING, "4号楼", home[ESTATE], management=Management.UNMANAGED)
    service.change_place(
        SYSTEM,
        home[ESTATE].id,
        name="和美小区",
        management=Management.PROFESSIONAL,
        unit_id=tree.grid.id,
    )
    room = home[ROOM]
    assert room.full_name == "和美小区 3号楼 2单元 501室"
    assert (room.unit_id, room.management) == (tree.grid.id, Management.PROFESSIONAL)
    assert (own.full_name, own.management) == ("和美小区 4号楼", Management.UNMANAGED)
    assert home[ESTATE].version == 2


def test_nothing_inside_is_left_to_a_foreign_unit(home: dict[PlaceKind, Place], tree: Tree) -> None:
    """A building of the first grid does not stay in an estate of the second."""
    put(BUILDING, "4号楼", home[ESTATE], unit_id=tree.grid.id)
    with refused(Invalid, "place.unit_not_beneath"):
        service.change_place(
            SYSTEM,
            home[ESTATE].id,
            name="幸福小区",
            management=Management.SELF_MANAGED,
            unit_id=tree.other_grid.id,
        )


def test_a_building_moves_with_its_rooms(home: dict[PlaceKind, Place], tree: Tree) -> None:
    """Entered in the wrong estate by mistake."""
    other = put(ESTATE, "平安小区", unit_id=tree.community.id)
    moved = service.change_place(
        SYSTEM,
        home[BUILDING].id,
        name="3号楼",
        management=Management.SELF_MANAGED,
        parent_id=other.id,
    )
    assert moved.path == f"{other.path}{moved.id}/"
    assert home[ROOM].full_name == "平安小区 3号楼 2单元 501室"
    assert home[ROOM].path.startswith(moved.path)
    with refused(Invalid, "place.kind_not_allowed"):
        service.change_place(
            SYSTEM,
            other.id,
            name="平安小区",
            management=Management.UNMANAGED,
            parent_id=home[ESTATE].id,
        )


def test_a_provider_must_serve_there(home: dict[PlaceKind, Place], tree: Tree) -> None:
    """Its own unit or one above it, and open."""
    above = service.create_provider(
        SYSTEM, unit_id=tree.street.id, name="安心物业", kind=ProviderKind.PROPERTY
    )
    other = service.create_provider(
        SYSTEM, unit_id=tree.other_community.id, name="别家物业", kind=ProviderKind.PROPERTY
    )
    assert (
        put(ESTATE, "甲", unit_id=tree.grid.id, provider_id=above.id).management == "professional"
    )
    with refused(Invalid, "provider.other_unit"):
        put(ESTATE, "乙", unit_id=tree.grid.id, provider_id=other.id)
    service.change_provider(SYSTEM, above.id, name="安心物业", kind=above.kind, closed=True)
    with refused(Conflict, "provider.closed"):
        put(ESTATE, "丙", unit_id=tree.grid.id, provider_id=above.id)


def test_positions_are_kept_in_gcj02(tree: Tree) -> None:
    """Whatever they came in."""
    position = service.Position(30.1, 120.1, CoordinateSystem.WGS84)
    estate = put(ESTATE, "甲", unit_id=tree.grid.id, position=position)
    assert (estate.latitude, estate.longitude) == to_gcj02(30.1, 120.1)


def test_closing(home: dict[PlaceKind, Place]) -> None:
    """From the inside out; then it is in no list, and nothing begins there."""
    with refused(Conflict, "place.has_open_children"):
        service.close_place(SYSTEM, home[DOORWAY].id)
    service.close_place(SYSTEM, home[ROOM].id)
    service.close_place(SYSTEM, home[DOORWAY].id)
    assert listed(parent_id=home[BUILDING].id) == []
    with refused(Conflict, "place.closed"):
        put(ROOM, "502室", home[DOORWAY])
    with refused(Conflict, "place.closed"):
        service.close_place(SYSTEM, home[DOORWAY].id)
    put(DOORWAY, "2单元", home[BUILDING])


def test_rooms_are_for_staff(home: dict[PlaceKind, Place], tree: Tree) -> None:
    """Others see estates, buildings and doorways alone; a foreign room is a missing one."""
    resident = Actor(1, "居民")
    staff = tree.actor(tree.street, "places.rooms")
    foreign = tree.actor(tree.other_street, "places.rooms")
    for actor in (resident, foreign):
        assert listed(actor, parent_id=home[BUILDING].id) == ["幸福小区 3号楼 2单元"]
        assert listed(actor, parent_id=home[DOORWAY].id) == []
        assert listed(actor, q="501") == []
        assert listed(actor, kind=ROOM) == []
        with pytest.raises(NotFound):
            queries.get_visible_place(actor, home[ROOM].id)
    assert listed(staff, parent_id=home[DOORWAY].id) == ["幸福小区 3号楼 2单元 501室"]
    assert queries.get_visible_place(staff, home[ROOM].id).id == home[ROOM].id


def test_searching(home: dict[PlaceKind, Place], tree: Tree) -> None:
    """Words in any order; signs that SQL knows are only signs."""
    put(ESTATE, "100%新村", unit_id=tree.community.id)
    put(ESTATE, "a_b村", unit_id=tree.community.id)
    assert listed(q="新村") == ["100%新村"]
    assert listed(q="0%新") == ["100%新村"]
    assert listed(q="A_B") == ["a_b村"]
    assert listed(q="__") == []
    assert listed(q="%%") == []
    assert listed(q="3号楼 幸福", kind=BUILDING) == ["幸福小区 3号楼"]
    assert listed(q="501", parent_id=home[ESTATE].id) == ["幸福小区 3号楼 2单元 501室"]
    for short in ("", " ", "村", " 村 "):
        with refused(Invalid, "place.query_too_short"):
            listed(q=short)


def test_lists_by_unit_and_in_the_order_of_numbers(tree: Tree) -> None:
    """2号楼 before 10号楼; estates of a street are those of its communities."""
    estate = put(ESTATE, "幸福小区", unit_id=tree.grid.id)
    for name in ("10号楼", "2号楼", "1号楼"):
        put(BUILDING, name, estate)
    assert [name.split()[1] for name in listed(parent_id=estate.id)] == ["1号楼", "2号楼", "10号楼"]
    assert listed(unit_id=tree.street.id) == ["幸福小区"]
    assert listed(unit_id=tree.other_street.id) == []


def test_only_staff_of_the_unit_enter_and_change(home: dict[PlaceKind, Place], tree: Tree) -> None:
    """On both sides of a change of hands."""
    foreign = tree.actor(tree.other_community)
    with refused(Forbidden, "place.not_allowed"):
        service.create_place(foreign, kind=ESTATE, name="新", unit_id=tree.grid.id)
    with refused(Forbidden, "place.not_allowed"):
        service.change_place(
            foreign,
            home[ESTATE].id,
            name="新",
            management=Management.UNMANAGED,
            unit_id=tree.other_community.id,
        )
    with refused(Forbidden, "place.not_allowed"):
        service.close_place(foreign, home[BUILDING].id)
    mine = tree.actor(tree.community, "places.edit")
    service.create_place(mine, kind=ESTATE, name="新", unit_id=tree.grid.id)


def test_a_place_of_a_closed_unit_takes_nothing_in(tree: Tree) -> None:
    """No new things beneath a closed unit."""
    service.close_unit(SYSTEM, tree.grid.id)
    with refused(Conflict, "unit.closed"):
        put(ESTATE, "新", unit_id=tree.grid.id)
