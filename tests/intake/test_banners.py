"""公告: put up for a place or a unit, met by others too, ended once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.intake.models import BannerMeToo
from app.intake.service import banners as service
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.notifications.models import OutboxMessage
from app.organisation.models import Place
from app.organisation.service import close_unit, create_place, create_unit
from app.organisation.states import PlaceKind, UnitKind
from app.people.models import Person
from tests.conftest import Clock, count
from tests.world import SOUTH, STEP, SYSTEM, WEST, World


def soon(**span: float) -> str:
    """A time from now."""
    return (now() + timedelta(**span)).isoformat()


def put_up(world: World, who: str = "duty", **given: Any) -> dict[str, Any]:
    """A banner that must hang."""
    body = {"unit_id": world.community.id, "text": "3号楼停水", "until": soon(hours=3)} | given
    answer = world.post(who, "/banners", **body)
    assert answer.status_code == 201, answer.json
    return dict(answer.json or {})


def shown(world: World, query: str, who: str = "resident") -> list[int]:
    """Ids of what hangs there."""
    answer = world.get(who, f"/banners?{query}")
    assert answer.status_code == 200, answer.json
    return [item["id"] for item in (answer.json or {})["items"]]


def told(moment: str) -> list[tuple[int, dict[str, Any]]]:
    """Who was told of it, and what."""
    rows = session.scalars(select(OutboxMessage).where(OutboxMessage.moment == moment))
    return sorted((row.recipient_id, dict(row.params)) for row in rows)


def test_a_banner_as_people_see_it(world: World) -> None:
    category = next(iter(world.categories.values()))
    banner = put_up(world, place_id=world.place.id, category_id=category)
    assert set(banner) == {
        *("id", "text", "unit", "place", "category", "from", "until", "me_too", "mine"),
        *("ended_at", "version"),
    }
    assert banner["unit"] == {"id": world.community.id, "name": "东风社区"}
    assert banner["place"]["name"].endswith("3号楼")
    assert (banner["me_too"], banner["mine"], banner["ended_at"]) == (0, False, None)
    assert datetime.fromisoformat(banner["from"]) <= now()
    assert world.get("other_resident", f"/banners/{banner['id']}").json == banner


def test_where_it_is_shown(world: World) -> None:
    """For the place, what is around it and what lies in it; elsewhere not."""
    estate_id = session.get_one(Place, world.place.id).parent_id
    doorway = create_place(SYSTEM, kind=PlaceKind.DOORWAY, name="1单元", parent_id=world.place.id)
    other = create_place(SYSTEM, kind=PlaceKind.BUILDING, name="4号楼", parent_id=estate_id)
    building = put_up(world, place_id=world.place.id)["id"]
    whole = put_up(world, text="全社区停电")["id"]
    street = put_up(world, "street", unit_id=world.street.id, text="供暖检修")["id"]
    everything = [street, whole, building]
    assert shown(world, f"place_id={world.place.id}") == everything
    assert shown(world, f"place_id={doorway.id}") == everything
    assert shown(world, f"place_id={estate_id}") == everything
    assert shown(world, f"place_id={other.id}") == [street, whole]
    assert shown(world, f"place_id={world.other_place.id}") == [street]
    assert shown(world, f"unit_id={world.community.id}") == everything
    assert shown(world, f"unit_id={world.grid.id}") == everything
    assert shown(world, f"unit_id={world.other_community.id}") == [street]
    assert shown(world, f"unit_id={world.street.id}") == everything
    at = f"latitude={SOUTH + STEP / 2}&longitude={WEST + STEP / 2}"
    assert shown(world, at) == everything
    assert shown(world, f"{at}&place_id={other.id}") == [street, whole]
    assert shown(world, f"latitude={SOUTH + STEP / 2}&longitude={WEST + STEP * 2.5}") == [street]
    assert shown(world, "latitude=10&longitude=10") == []
    for missing in ("", "latitude=36", "category_id=1"):
        answer = world.get("resident", f"/banners?{missing}")
        assert (answer.json or {})["code"] == "banner.where_missing"


def test_at_home(world: World) -> None:
    """Who says nothing of where is meant to be at the saved home; who has none is asked."""
    room = create_place(SYSTEM, kind=PlaceKind.ROOM, name="301", parent_id=world.place.id)
    building = put_up(world, place_id=world.place.id)["id"]
    put_up(world, "other_duty", unit_id=world.other_community.id)
    session.get_one(Person, world.ids["resident"]).home_place_id = room.id
    session.commit()
    assert shown(world, "") == [building]
    assert world.get("resident", "/banners?latitude=36").status_code == 422
    assert world.get("resident2", "/banners").status_code == 422


def test_a_unit_that_closes_leaves_no_banner(world: World) -> None:
    """Who is counted hears it; those of other units, and those that are over, stay as they are."""
    unit = create_unit(SYSTEM, kind=UnitKind.COMMUNITY, name="临时社区", parent_id=world.street.id)
    session.commit()
    hangs = put_up(world, "street", unit_id=unit.id)["id"]
    over = put_up(world, "street", unit_id=unit.id, until=soon(hours=1))["id"]
    world.post("street", f"/banners/{over}/end")
    other = put_up(world)["id"]
    assert world.post("resident", f"/banners/{hangs}/me_too").status_code == 200
    version = world.get("resident", f"/banners/{over}").json
    with transaction():
        close_unit(world.actor("admin"), unit.id, successor_unit_id=world.community.id)
    ended = [
        bool((world.get("duty", f"/banners/{b}").json or {})["ended_at"]) for b in (hangs, other)
    ]
    assert ended == [True, False]
    assert world.get("resident", f"/banners/{over}").json == version
    assert [person for person, _ in told("banner.ended")] == [world.ids["resident"]]
    assert world.post("resident2", f"/banners/{hangs}/me_too").status_code == 409


def test_of_what_kind(world: World) -> None:
    """A category's banners, its group's, and those that say nothing of it."""
    leaves = [
        leaf["id"]
        for group in (world.get("resident", "/categories").json or {})["items"]
        for leaf in group["children"]
    ]
    first, second = leaves[0], leaves[-1]
    of_first = put_up(world, category_id=first)["id"]
    of_none = put_up(world)["id"]
    where = f"unit_id={world.community.id}"
    assert shown(world, f"{where}&category_id={first}") == [of_none, of_first]
    assert shown(world, f"{where}&category_id={second}") == [of_none]


def test_two_people_are_counted_and_told_once(world: World) -> None:
    banner = put_up(world)
    path = f"/banners/{banner['id']}"
    for who in ("resident", "resident2"):
        answer = world.post(who, f"{path}/me_too")
        assert (answer.status_code, (answer.json or {})["mine"]) == (200, True)
    again = world.post("resident", f"{path}/me_too")
    assert (again.status_code, (again.json or {})["code"]) == (409, "banner.already_counted")
    seen = world.get("duty", path).json or {}
    assert (seen["me_too"], seen["mine"]) == (2, False)
    ended = world.post("dispatcher", f"{path}/end", note="谢谢大家。")
    assert ended.status_code == 200
    assert (ended.json or {})["ended_at"] is not None
    twice = world.post("duty", f"{path}/end")
    assert (twice.status_code, (twice.json or {})["code"]) == (409, "banner.ended")
    heard = {"text": "3号楼停水", "note": "谢谢大家。"}
    assert told("banner.ended") == sorted(
        (world.ids[who], heard) for who in ("resident", "resident2")
    )
    assert shown(world, f"unit_id={world.community.id}") == []
    late = world.post("member", f"{path}/me_too")
    assert (late.status_code, (late.json or {})["code"]) == (409, "banner.ended")


def test_many_are_told_some_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, each once, and no statement names more than a batch."""
    sizes: list[int] = []
    inner = service.notify

    def counted(people: list[int], *args: Any, **given: Any) -> None:
        sizes.append(len(people))
        inner(people, *args, **given)

    monkeypatch.setattr(service, "notify", counted)
    monkeypatch.setattr(service, "BATCH", 2)
    banner = put_up(world)
    everybody = ("resident", "resident2", "other_resident", "member", "leader")
    for who in everybody:
        assert world.post(who, f"/banners/{banner['id']}/me_too").status_code == 200
    assert world.post("duty", f"/banners/{banner['id']}/end").status_code == 200
    assert [person_id for person_id, _ in told("banner.ended")] == sorted(
        world.ids[who] for who in everybody
    )
    assert sizes == [2, 2, 1]


def test_another_time_is_told(world: World) -> None:
    """Another text is not."""
    banner = put_up(world, until="2199-05-01T18:00:00+08:00")
    path = f"/banners/{banner['id']}"
    world.post("resident", f"{path}/me_too")
    body = {"text": "3号楼停水，正在抢修", "from": banner["from"], "until": banner["until"]}
    changed = world.call("duty", "PUT", path, body, If_Match='"1"')
    assert (changed.status_code, (changed.json or {})["version"]) == (200, 2)
    assert told("banner.moved") == []
    body["until"] = "2199-05-01T20:30:00+08:00"
    stale = world.call("duty", "PUT", path, body, If_Match='"1"')
    assert stale.status_code == 412
    assert world.call("duty", "PUT", path, body).status_code == 428
    assert world.call("duty", "PUT", path, body, If_Match='"2"').status_code == 200
    ((person_id, params),) = told("banner.moved")
    assert person_id == world.ids["resident"]
    assert (params["text"], params["until"]) == ("3号楼停水，正在抢修", "5月1日20:30")
    assert world.post("duty", f"{path}/end").status_code == 200
    assert world.call("duty", "PUT", path, body, If_Match='"4"').status_code == 409


def test_a_repeated_wish_is_one(world: World) -> None:
    banner = put_up(world)
    path = f"/banners/{banner['id']}/me_too"
    for _ in range(2):
        answer = world.call("resident", "POST", path, Idempotency_Key="the same")
        assert (answer.status_code, (answer.json or {})["me_too"]) == (200, 1)


def test_the_erased_are_forgotten(world: World) -> None:
    banner = put_up(world)
    for who in ("resident", "resident2"):
        world.post(who, f"/banners/{banner['id']}/me_too")
    assert world.call("resident", "DELETE", "/me").status_code == 204
    assert (world.get("duty", f"/banners/{banner['id']}").json or {})["me_too"] == 1
    assert count(BannerMeToo) == 1
    world.post("duty", f"/banners/{banner['id']}/end")
    assert [person_id for person_id, _ in told("banner.ended")] == [world.ids["resident2"]]


def test_a_forgotten_banner_comes_down(world: World, clock: Clock) -> None:
    """A day after its time; until then it hangs, since nobody has said that it is over."""
    banner = put_up(world)
    where = f"unit_id={world.community.id}"
    clock.shift(4 * 3600)
    assert shown(world, where) == [banner["id"]]
    clock.shift(28 * 3600)
    assert shown(world, where) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"until": "2020-01-01T00:00:00+08:00"}, "banner.times"),
        ({"place_id": "other"}, "banner.place_elsewhere"),
        ({"place_id": "room"}, "place.unknown"),
        ({"place_id": 999999}, "place.unknown"),
        ({"category_id": 999999}, "category.unknown"),
        ({"text": "字" * 201}, "text.too_long"),
        ({"text": " "}, "body.invalid"),
    ],
)
def test_what_is_refused(world: World, given: dict[str, Any], code: str) -> None:
    if given.get("place_id") == "other":
        given = {"place_id": world.other_place.id}
    if given.get("place_id") == "room":
        doorway = create_place(
            SYSTEM, kind=PlaceKind.DOORWAY, name="1单元", parent_id=world.place.id
        )
        room = create_place(SYSTEM, kind=PlaceKind.ROOM, name="101", parent_id=doorway.id)
        given = {"place_id": room.id}
    body = {"unit_id": world.community.id, "text": "停水", "until": soon(hours=1)} | given
    answer = world.post("duty", "/banners", **body)
    assert (answer.status_code, (answer.json or {})["code"]) == (422, code)
    assert shown(world, f"unit_id={world.street.id}") == []
