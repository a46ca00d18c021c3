"""What is near: of public places alone, by building or by distance, at most five, and open to joining."""

import math
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import insert, inspect, text

from app.categories.models import Category
from app.files.service import set_content_state
from app.files.states import ContentState
from app.kernel.clock import local_date
from app.kernel.database import is_sqlite, session
from app.kernel.database.fast.rows import table_of
from app.orders.ticket.models import Order
from app.organisation.geometry import EARTH_RADIUS, to_gcj02
from app.organisation.models import Place
from app.organisation.service import create_place
from app.organisation.states import PlaceKind
from app.people.models import Person
from tests.orders.rows import file_of
from tests.orders.stories import code_of, order_of
from tests.statements import sent
from tests.world import SOUTH, STEP, SYSTEM, WEST, World

pytestmark = pytest.mark.slow

LAMP, RUBBISH, DOGS = "路灯楼道灯", "垃圾清运", "养犬"
HERE = (SOUTH + STEP / 2, WEST + STEP / 2)


@pytest.fixture(autouse=True)
def _many(world: World) -> None:
    world.lift_caps()


def moved(north: float = 0, east: float = 0) -> dict[str, Any]:
    """The point so many metres from HERE, as an order takes it."""
    latitude = HERE[0] + math.degrees(north / EARTH_RADIUS)
    shrink = math.cos(math.radians(HERE[0]))
    longitude = HERE[1] + math.degrees(east / EARTH_RADIUS / shrink)
    return {"latitude": latitude, "longitude": longitude, "coordinate_system": "gcj02"}


def reported(world: World, category: str = LAMP, who: str = "resident", **body: Any) -> int:
    """A public order whose words and pictures have passed."""
    order_id = int(world.order(who, category_id=world.categories[category], **body)["id"])
    world.act("dispatcher", order_id, "check_content", state="passed")
    return order_id


def near(world: World, who: str = "resident2", **query: Any) -> list[dict[str, Any]]:
    """What is shown."""
    answer = world.get(who, f"/orders/nearby?{urlencode(query)}")
    assert answer.status_code == 200, answer.get_json()
    assert answer.get_json()["next_cursor"] is None
    return list(answer.get_json()["items"])


def ids(world: World, who: str = "resident2", **query: Any) -> list[int]:
    """The ids of what is shown."""
    return [item["id"] for item in near(world, who, **query)]


def lamp(world: World, **query: Any) -> dict[str, Any]:
    """A query about a lamp."""
    return {"category_id": world.categories[LAMP], **query}


def place(parent: Place | None, kind: PlaceKind, name: str, world: World) -> Place:
    """One more place."""
    unit_id = world.grid.id if parent is None else None
    parent_id = None if parent is None else parent.id
    made = create_place(SYSTEM, kind=kind, name=name, parent_id=parent_id, unit_id=unit_id)
    session.commit()
    return made


def test_by_distance(world: World) -> None:
    """The category's own radius in metres, to the metre; nearest first, in steps of fifty."""
    far = reported(world, location=moved(north=79.5))
    reported(world, location=moved(north=80.5))
    close = reported(world, location=moved(east=-30))
    reported(world, location=moved(north=60, east=60))
    query = lamp(world, **moved())
    assert [(item["id"], item["distance"]) for item in near(world, **query)] == [
        (close, 50),
        (far, 100),
    ]
    rubbish = reported(world, RUBBISH, location=moved(east=149))
    reported(world, RUBBISH, location=moved(east=151))
    assert ids(world, **{**query, "category_id": world.categories[RUBBISH]}) == [rubbish]


def test_the_categorys_own_figure(world: World) -> None:
    """As its administrator has set it; without one it is that of the open air."""
    order_id = reported(world, location=moved(east=300))
    category = session.get_one(Category, world.categories[LAMP])
    query = lamp(world, **moved())
    for radius, shown in ((310, [order_id]), (290, []), (None, [])):
        category.radius_m = radius
        session.commit()
        assert ids(world, **query) == shown
    second = reported(world, location=moved(east=149))
    assert ids(world, **query) == [second]


def test_at_most_five(world: World) -> None:
    """The nearest of many, whatever came first."""
    placed = [reported(world, location=moved(north=metres)) for metres in range(70, 0, -10)]
    assert ids(world, **lamp(world, **moved())) == placed[:1:-1]


def test_by_building(world: World) -> None:
    """The same building with its doorways and rooms, and the estate as such; never another's."""
    building = world.place
    estate = session.get_one(Place, building.parent_id)
    doorway = place(building, PlaceKind.DOORWAY, "2单元", world)
    room = place(doorway, PlaceKind.ROOM, "201", world)
    neighbour = place(estate, PlaceKind.BUILDING, "4号楼", world)
    other = place(None, PlaceKind.ESTATE, "别的小区", world)
    here = {
        at.id: reported(world, who="dispatcher", place_id=at.id)
        for at in (estate, building, doorway, room)
    }
    there = reported(world, place_id=neighbour.id)
    reported(world, place_id=other.id)
    for at in (building, doorway):
        assert set(ids(world, **lamp(world, place_id=at.id))) == set(here.values())
    assert set(ids(world, "grid", **lamp(world, place_id=room.id))) == set(here.values())
    found = ids(world, **lamp(world, place_id=neighbour.id))
    assert found == [there, here[estate.id]]
    assert set(ids(world, **lamp(world, place_id=estate.id))) == {there, *here.values()}
    assert ids(world, **lamp(world, place_id=world.other_place.id)) == []


def test_the_place_goes_before_the_distance(world: World) -> None:
    """Next door is another place, however near; what has no place is near by its point."""
    estate = session.get_one(Place, world.place.parent_id)
    neighbour = place(estate, PlaceKind.BUILDING, "4号楼", world)
    next_door = reported(world, place_id=neighbour.id, location=moved(east=10))
    loose = reported(world, location=moved(east=20))
    same = reported(world, place_id=world.place.id, location=moved(east=200))
    # Of the place itself the point is known, or that of the place around it.
    doorway = place(world.place, PlaceKind.DOORWAY, "1单元", world)
    for at in (world.place, doorway):
        shown = near(world, **lamp(world, place_id=at.id))
        assert [(item["id"], item["distance"]) for item in shown] == [(loose, 0), (same, 200)]
    # A phone that knows where it is knows better.
    shown = near(world, **lamp(world, place_id=world.place.id, **moved(east=70)))
    assert [(item["id"], item["distance"]) for item in shown] == [(loose, 50), (same, 150)]
    assert ids(world, **lamp(world, **moved())) == [next_door, loose]


def test_a_place_without_any_point(world: World) -> None:
    """The building alone decides, and the distance is none."""
    estate = place(None, PlaceKind.ESTATE, "新小区", world)
    building = place(estate, PlaceKind.BUILDING, "1号楼", world)
    doorway = place(building, PlaceKind.DOORWAY, "1单元", world)
    inside = reported(world, place_id=doorway.id)
    around = reported(world, place_id=building.id)
    shown = near(world, **lamp(world, place_id=building.id))
    assert [(item["id"], item["distance"]) for item in shown] == [(around, 0), (inside, 0)]


def test_only_what_a_neighbour_may_join(world: World) -> None:
    """Open, public, passed, named, nobody's secret, and not one's own or placed by oneself."""
    at = {"location": moved()}
    shown = reported(world, **at)
    claimed = reported(world, **at)
    world.act("dispatcher", claimed, "dispatch", mode="pool")
    world.act("member", claimed, "claim")
    world.order(category_id=world.categories[LAMP], **at)
    held = reported(world, **at)
    world.act("dispatcher", held, "check_content", state="held")
    reported(world, anonymous=True, **at)
    done = reported(world, **at)
    world.act("dispatcher", done, "settle", note="已经修好了。")
    reported(world, DOGS, **at)
    secret = reported(world, **at)
    session.get_one(Order, secret).sensitive = True
    session.commit()
    own = reported(world, who="resident2", **at)
    for_her = reported(
        world, who="resident2", on_behalf_of={"name": "李奶奶", "phone": "13912345678"}, **at
    )
    query = lamp(world, **moved())
    assert set(ids(world, **query)) == {shown, claimed}
    assert set(ids(world, "other_resident", **query)) == {shown, claimed, own, for_her}
    assert set(ids(world, "resident", **query)) == {own, for_her}
    for who in ("dispatcher", "admin", "member"):
        assert set(ids(world, who, **query)) == {shown, claimed, own, for_her}, who


def test_categories(world: World) -> None:
    """One, the leaves of a group, or any, each with its own radius; none that is not public."""
    order_id = reported(world, location=moved(east=60))
    rubbish = reported(world, RUBBISH, location=moved(east=120))
    reported(world, location=moved(east=100))
    for category, shown in (
        (LAMP, [order_id]),
        (RUBBISH, [rubbish]),
        ("水电与设施", [order_id]),
        ("环境卫生", [rubbish]),
        ("楼道堆物", []),
        (DOGS, []),
    ):
        query = {"category_id": world.categories[category], **moved()}
        assert ids(world, **query) == shown, category
    assert ids(world, **moved()) == [order_id, rubbish]
    # What was a public place when it was placed is shown no more once it is none.
    session.get_one(Category, world.categories[LAMP]).public_place = False
    session.commit()
    assert ids(world, **lamp(world, **moved())) == []
    assert ids(world, **moved()) == [rubbish]


def test_the_satellites_point(world: World) -> None:
    """WGS-84 is turned into what orders are kept in."""
    order_id = reported(world, location=moved())
    latitude, longitude = HERE
    shifted = to_gcj02(latitude, longitude)
    back = {
        "latitude": 2 * latitude - shifted[0],
        "longitude": 2 * longitude - shifted[1],
        "coordinate_system": "wgs84",
    }
    assert ids(world, **lamp(world, **back)) == [order_id]
    assert ids(world, **lamp(world, **{**back, "coordinate_system": "gcj02"})) == []


def test_what_is_shown(world: World) -> None:
    """No words, no person, no place."""
    photo = file_of(world, "resident")
    order_id = reported(
        world, description="三单元王小明家门口", location=moved(east=40), photo_ids=[photo]
    )
    (item,) = near(world, **lamp(world, **moved()))
    thumbnail = item.pop("thumbnail_url")
    assert thumbnail.startswith("/api/v1/files/")
    assert item == {
        "id": order_id,
        "category": {"id": world.categories[LAMP], "name": LAMP},
        "distance": 50,
        "joined": 0,
        "submitted_on": local_date(order_of(order_id).submitted_at).isoformat(),
    }


def test_a_picture_that_was_held_back_is_not_shown(world: World) -> None:
    """The next one is, if there is one."""
    photos = [file_of(world, "resident") for _ in range(2)]
    reported(world, location=moved(), photo_ids=photos)

    def thumbnail() -> Any:
        return near(world, **lamp(world, **moved()))[0]["thumbnail_url"]

    seen = [thumbnail()]
    for photo, state in zip(photos, (ContentState.HELD, ContentState.REFUSED), strict=True):
        set_content_state(SYSTEM, photo, state)
        session.commit()
        seen.append(thumbnail())
    assert seen[0] and seen[1] and seen[0] != seen[1]
    assert seen[2] is None


def test_joining_from_there(world: World) -> None:
    """Whoever finds it joins it, from anywhere; every other foreign order is as if it were not."""
    order_id = reported(world, location=moved())
    query = lamp(world, **moved())
    for count, who in enumerate(("resident2", "other_resident", "other_member"), start=1):
        assert ids(world, who, **query) == [order_id]
        assert world.get(who, f"/orders/{order_id}").status_code == 404
        assert world.act(who, order_id, "join")["joined"] == count
        assert near(world, who, **query)[0]["joined"] == count
    assert code_of(world, "resident2", order_id, "join") == (409, "order.already_joined")
    unchecked = int(world.order(category_id=world.categories[LAMP], location=moved())["id"])
    private = reported(world, DOGS, location=moved())
    hidden = reported(world, anonymous=True, location=moved())
    for foreign in (unchecked, private, hidden):
        assert code_of(world, "resident2", foreign, "join") == (404, "not_found")
        assert world.get("resident2", f"/orders/{foreign}").status_code == 404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (lambda w: {}, "nearby.where_missing"),
        (lambda w: lamp(w), "nearby.where_missing"),
        (lambda w: {"latitude": 36}, "nearby.where_missing"),
        (lambda w: {"longitude": 117, "place_id": w.place.id}, "nearby.where_missing"),
        (lambda w: {"place_id": 999_999}, "place.unknown"),
        (lambda w: {"category_id": 999_999, **moved()}, "category.unknown"),
        (lambda w: {**moved(), "latitude": 91}, "body.invalid"),
        (lambda w: {**moved(), "latitude": "nan"}, "body.invalid"),
        (lambda w: {**moved(), "longitude": "east"}, "body.invalid"),
        (lambda w: {**moved(), "coordinate_system": "bd09"}, "body.invalid"),
        (lambda w: {**moved(), "radius": 9000}, "field.unknown"),
    ],
)
def test_bad_input(world: World, query: Callable[[World], dict[str, Any]], code: str) -> None:
    """Each with its own code."""
    answer = world.get("resident", f"/orders/nearby?{urlencode(query(world))}")
    assert (answer.status_code, answer.get_json()["code"]) == (422, code)
    assert world.get(None, "/orders/nearby").status_code == 401


def test_at_home(world: World) -> None:
    """Without a word of where, around the saved home, be it a room that others may not name."""
    order_id = reported(world, place_id=world.place.id)
    room = place(world.place, PlaceKind.ROOM, "301", world)
    session.get_one(Person, world.ids["resident2"]).home_place_id = room.id
    session.commit()
    found = world.get("resident2", "/orders/nearby").get_json()["items"]
    assert [entry["id"] for entry in found] == [order_id]
    assert world.get("resident2", "/orders/nearby?latitude=36").status_code == 422


def test_a_room_that_one_may_not_see_is_no_place(world: World) -> None:
    room = place(world.place, PlaceKind.ROOM, "301", world)
    answer = world.get("resident", f"/orders/nearby?place_id={room.id}")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "place.unknown")


def test_at_the_ends_of_the_earth(world: World) -> None:
    for latitude in (-90, 90):
        for longitude in (-180, 180):
            assert ids(world, latitude=latitude, longitude=longitude) == []


def test_an_index_serves_it(world: World) -> None:
    """Among many orders the square around the point is looked up, and what stands at the places."""
    pattern = order_of(reported(world, location=moved()))
    row = {column.key: getattr(pattern, column.key) for column in inspect(Order).columns}
    rows = [row | {"id": pattern.id + n, "latitude": 30 + n / 1000} for n in range(1, 3000)]
    session.execute(insert(table_of(Order)), rows)
    if not is_sqlite():
        session.execute(text("ANALYZE orders"))
    with sent() as heard:
        near(world, **lamp(world, place_id=world.place.id, **moved()))
    plans = heard.plans("FROM orders")
    assert "ix_orders_nearby" in plans
    assert "SCAN orders" not in plans
    assert "Seq Scan on orders" not in plans
