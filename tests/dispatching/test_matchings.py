"""最优匹配: the proposal over the API, its rows, what is left and why; and that it changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from app.dispatching.queries import matchings
from app.dispatching.solver import Plan
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.organisation.service import set_setting
from app.people.service import approve_registration, report_to_unit
from app.people.states import RegistrationKind
from tests.conftest import Clock
from tests.dispatching.conftest import WEDNESDAY, span
from tests.orders.rows import refused, rows
from tests.orders.stories import order_of
from tests.world import SYSTEM, World

LAMP, TALK, VISIT = "家庭小修换灯", "噪声扰民", "探访独居老人"


def propose(
    world: World, who: str = "dispatcher", unit_id: int | None = None, **body: Any
) -> dict[str, Any]:
    """The proposal for the first community."""
    answer = world.post(
        who, "/dispatching/matchings", unit_id=unit_id or world.community.id, **body
    )
    assert answer.status_code == 200, answer.json
    return dict(answer.json or {})


def pairs(world: World, found: dict[str, Any]) -> dict[int, set[str]]:
    """Order id: who should do it, by keys of the world."""
    names = {person_id: key for key, person_id in world.ids.items()}
    return {row["order_id"]: {names[a["id"]] for a in row["assignees"]} for row in found["rows"]}


def whys(found: dict[str, Any]) -> dict[int, str]:
    """Order id: why nobody."""
    return {row["order_id"]: row["why"] for row in found["unmatched"]}


def alone(change: Callable[..., None], *out: str) -> None:
    """Takes these people out of every plan."""
    for who in out:
        change(who, away_until=now().replace(year=now().year + 1))


def test_all_that_waits(world: World) -> None:
    """What lies at the desk and in the pool; not what somebody has or was asked."""
    submitted = world.order()["id"]
    pooled = world.order()["id"]
    world.act("dispatcher", pooled, "dispatch", mode="pool")
    offered = world.order()["id"]
    body = {"mode": "direct", "assignee_id": world.ids["member"]}
    world.act("dispatcher", offered, "dispatch", **body)
    world.claimed("member2")
    world.order("other_resident")
    found = propose(world)
    assert set(pairs(world, found)) == {submitted, pooled}
    assert all(row["number"] == order_of(row["order_id"]).number for row in found["rows"])
    assert found["unmatched"] == []
    assert found["totals"]["matched"] == 2
    assert found["totals"]["proven"] is True


def test_a_row_says_who_and_why(world: World, house: Callable[[str, int], int]) -> None:
    """Masked, with reasons in words and the way; the totals are the sums of the rows."""
    house("member", 300)
    order = world.order(category_id=world.categories[LAMP], place_id=world.place.id)["id"]
    found = propose(world)
    (row,) = found["rows"]
    assert row["order_id"] == order
    assert row["assignees"][0]["name"].endswith("*")
    assert row["reasons"][0] in ("会电工", "不会电工")
    assert row["time"] is None
    assert found["totals"] == {
        "matched": 1,
        "distance_m": row["distance_m"],
        "unmet_skills": 0,
        "proven": True,
        "left_out": 0,
    }


def test_the_sum_of_the_ways_is_least(
    world: World, house: Callable[[str, int], int], change: Callable[..., None]
) -> None:
    """The nearest for one would leave a long way for the other."""
    alone(change, "volunteer", "grid")
    house("member", 90)
    house("member2", -100)
    places = [house("resident2", 0), house("resident", 200)]
    set_setting(SYSTEM, world.street.id, key="orders.daily_cap", value=1)
    session.commit()
    first, second = (world.order(place_id=place)["id"] for place in places)
    found = propose(world)
    assert pairs(world, found) == {first: {"member2"}, second: {"member"}}
    assert found["totals"]["distance_m"] == 210


def test_caps_hold(world: World, change: Callable[..., None]) -> None:
    """Two new a day each; what is left is told as such, the older ones are served."""
    alone(change, "grid", "volunteer", "member2")
    orders = [world.order()["id"] for _ in range(4)]
    found = propose(world)
    assert pairs(world, found) == {orders[0]: {"member"}, orders[1]: {"member"}}
    assert set(whys(found)) == set(orders[2:])
    assert set(whys(found).values()) == {"合适的人都排给了更急或更早的工单。"}


def test_what_is_held_and_offered_counts(world: World, change: Callable[..., None]) -> None:
    alone(change, "grid", "volunteer", "member2")
    world.claimed()
    offered = world.order()["id"]
    body = {"mode": "direct", "assignee_id": world.ids["member"]}
    world.act("dispatcher", offered, "dispatch", **body)
    order = world.order()["id"]
    assert whys(propose(world)) == {order: "合适的人手上都满了，或今天新接的已到上限。"}


def test_a_unit_sets_its_caps(world: World, change: Callable[..., None]) -> None:
    """Whoever serves two communities is bound in each by the figure of that one, over all he holds."""
    world.lift_caps()
    set_setting(SYSTEM, world.community.id, key="orders.daily_cap", value=1)
    member = Actor(world.ids["member"], "member")
    row = report_to_unit(member, unit_id=world.other_community.id, kind=RegistrationKind.WORK)
    approve_registration(world.actor("other_leader"), row.id)
    session.commit()
    rest = ["grid", "volunteer", "member2"]
    alone(change, *rest, *(f"other_{who}" for who in ("member", *rest)))
    here = [world.order()["id"] for _ in range(2)]
    there = [world.order("other_resident")["id"] for _ in range(2)]
    found = propose(world, "street", world.street.id)
    assert set(pairs(world, found)) == {here[0], *there}


def test_the_most_pressing_first(world: World, change: Callable[..., None]) -> None:
    """Emergency, urgent, green channel, the rest; rows stand in this order."""
    alone(change, "grid", "volunteer", "member2")
    world.lift_caps()
    normal = world.order()["id"]
    green, urgent, emergency = (world.order()["id"] for _ in range(3))
    world.act("leader", green, "amend", green_channel=True, reason="家里有老人")
    world.act("dispatcher", urgent, "amend", urgency="urgent", reason="更急了")
    world.act("dispatcher", emergency, "amend", urgency="emergency", reason="有危险")
    rows_ = propose(world)["rows"]
    assert [row["order_id"] for row in rows_] == [emergency, urgent, green, normal]
    set_setting(SYSTEM, world.street.id, key="orders.daily_cap", value=2)
    session.commit()
    found = propose(world)
    assert set(pairs(world, found)) == {emergency, urgent}


def test_skills(world: World, change: Callable[..., None]) -> None:
    """A member needs the skill; a grid worker is taken without when nobody has it, and it counts."""
    for who in ("member", "member2", "volunteer"):
        change(who, skills=["水工"])
    order = world.order(category_id=world.categories[LAMP])["id"]
    found = propose(world)
    assert pairs(world, found) == {order: {"grid"}}
    assert found["totals"]["unmet_skills"] == 1
    change("volunteer", skills=["电工"])
    assert pairs(world, propose(world)) == {order: {"volunteer"}}
    alone(change, "volunteer", "grid")
    assert whys(propose(world)) == {order: "没有会这些的人可派：电工。"}


def test_vetted_and_cleared(world: World, change: Callable[..., None]) -> None:
    """Confidential matters and those for vetted people go to nobody else."""
    for who in ("member", "member2", "volunteer"):
        change(who, skills=["调解", "教育"])
    talk = world.order(category_id=world.categories[TALK])["id"]
    assert whys(propose(world)) == {talk: "这是保密的事，请直接派给工作人员。"}
    change("member2", vetted=True)
    assert pairs(world, propose(world)) == {talk: {"member2"}}


def test_never_the_own_order(world: World, change: Callable[..., None]) -> None:
    alone(change, "grid", "volunteer", "member2")
    order = world.order("member")["id"]
    assert whys(propose(world)) == {order: "能派的人现在都暂不接单。"}
    change("member2", away_until=None)
    assert pairs(world, propose(world)) == {order: {"member2"}}


def test_two_people_or_none(world: World, change: Callable[..., None]) -> None:
    """Two different ones, both with their reasons; with one alone nobody goes."""
    for who in ("member", "member2"):
        change(who, vetted=True)
    alone(change, "grid", "volunteer")
    order = world.order(category_id=world.categories[VISIT])["id"]
    found = propose(world)
    assert pairs(world, found) == {order: {"member", "member2"}}
    (row,) = found["rows"]
    assert all(reason.startswith("测") and "：" in reason for reason in row["reasons"])
    alone(change, "member2")
    assert whys(propose(world)) == {order: "须2人同行，合适的只有1人。"}


# --- times


def test_free_when_it_suits(
    world: World, clock: Clock, hours: Callable[..., None], change: Callable[..., None]
) -> None:
    """Free hours against the resident's times; the row says which."""
    clock.set(WEDNESDAY)
    alone(change, "grid", "volunteer")
    hours("member", sat=[["09:00", "12:00"]])
    hours("member2", thu=[["18:00", "21:00"]])
    order = world.order(preferred_times=[span(4, 9, 11), span(3, 19, 22)])["id"]
    found = propose(world)
    assert pairs(world, found) == {order: {"member2"}}
    assert found["rows"][0]["time"] == {
        "since": "2026-12-03T19:00:00.000+08:00",
        "until": "2026-12-03T22:00:00.000+08:00",
    }
    alone(change, "member2")
    why = whys(propose(world))[order]
    assert why.startswith("居民方便的时间（周五（12月4日）09:00至11:00、")


def test_nobody_is_at_two_places_at_once(
    world: World, clock: Clock, change: Callable[..., None]
) -> None:
    """Two orders at the same time need two people; one that also suits later does not."""
    clock.set(WEDNESDAY)
    alone(change, "grid", "volunteer", "member2")
    first = world.order(preferred_times=[span(3, 18, 20)])["id"]
    second = world.order(preferred_times=[span(3, 19, 21)])["id"]
    found = propose(world)
    assert set(pairs(world, found)) == {first}
    third = world.order(preferred_times=[span(3, 19, 20), span(4, 19, 20)])["id"]
    found = propose(world)
    assert set(pairs(world, found)) == {first, third}
    times = {row["order_id"]: row["time"]["since"][:10] for row in found["rows"]}
    assert times == {first: "2026-12-03", third: "2026-12-04"}
    assert second in whys(found)


def test_not_during_an_appointment(world: World, clock: Clock, change: Callable[..., None]) -> None:
    """Nor during the one time that suits an order he or she was asked to take."""
    clock.set(WEDNESDAY)
    alone(change, "grid", "volunteer", "member2")
    held = world.claimed()["id"]
    world.act("member", held, "appoint", at="2026-12-03T19:30:00+08:00")
    order = world.order(preferred_times=[span(3, 19, 20)])["id"]
    assert "没有合适的人有空" in whys(propose(world))[order]
    world.act("member", held, "appoint", at="2026-12-04T19:30:00+08:00")
    assert set(pairs(world, propose(world))) == {order}
    offered = world.order(preferred_times=[span(3, 18, 20)])["id"]
    body = {"mode": "direct", "assignee_id": world.ids["member"]}
    world.act("dispatcher", offered, "dispatch", **body)
    world.lift_caps()
    assert "没有合适的人有空" in whys(propose(world))[order]


def test_times_that_are_over_bind_nobody(world: World, clock: Clock) -> None:
    clock.set(WEDNESDAY)
    order = world.order(preferred_times=[span(3, 18, 20)])["id"]
    clock.set("2026-12-05T09:00:00+08:00")
    found = propose(world)
    assert found["rows"][0]["order_id"] == order
    assert found["rows"][0]["time"] is None


# --- which orders


def test_named_orders(world: World) -> None:
    """Those alone; a foreign one is told like one that is not there, others by their state."""
    wanted, other = world.order()["id"], world.order()["id"]
    held = world.claimed()["id"]
    foreign = world.order("other_resident")["id"]
    found = propose(world, order_ids=[wanted, held, foreign, 99999999])
    assert set(pairs(world, found)) == {wanted}
    assert other not in whys(found)
    assert whys(found)[held] == "工单现在是“已接单”，不用再派。"
    assert whys(found)[foreign] == whys(found)[99999999]


def test_the_duty_person_leaves_the_pool_alone(world: World) -> None:
    """Taking an order out of the pool is the dispatcher's."""
    pooled = world.order()["id"]
    world.act("dispatcher", pooled, "dispatch", mode="pool")
    submitted = world.order()["id"]
    assert set(pairs(world, propose(world, "duty"))) == {submitted}
    named = propose(world, "duty", order_ids=[pooled])
    assert whys(named) == {pooled: "这张工单不由您来派。"}


def test_confidential_ones_for_those_who_see_them(world: World) -> None:
    order = world.order(category_id=world.categories[TALK])["id"]
    assert set(whys(propose(world))) == {order}
    assert whys(propose(world, "duty")) == {}


def test_a_leader_decides_first(world: World) -> None:
    order = world.order()["id"]
    for _ in range(2):
        world.act("dispatcher", order, "settle", note="已经电话答复了居民。")
        world.act("resident", order, "rate", solved=False)
    assert whys(propose(world)) == {order: "请领导先研判。"}


def test_the_most_pressing_two_hundred(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is beyond is counted."""
    monkeypatch.setattr(matchings, "MOST_ORDERS", 2)
    world.order()
    second = world.order()["id"]
    world.order()
    world.act("dispatcher", second, "amend", urgency="urgent", reason="更急了")
    found = propose(world)
    assert found["totals"]["left_out"] == 1
    assert found["rows"][0]["order_id"] == second
    assert len(found["rows"]) == 2


def test_nobody_there(world: World, change: Callable[..., None]) -> None:
    """An empty unit, and one whose people are all away."""
    assert propose(world) == {
        "rows": [],
        "unmatched": [],
        "totals": {
            "matched": 0,
            "distance_m": 0,
            "unmet_skills": 0,
            "proven": True,
            "left_out": 0,
        },
    }
    order = world.order()["id"]
    alone(change, "grid", "volunteer", "member2", "member")
    assert whys(propose(world)) == {order: "能派的人现在都暂不接单。"}


def test_staff_are_not_proposed(world: World, change: Callable[..., None]) -> None:
    """They give out; by hand they may take an order themselves."""
    alone(change, "grid", "volunteer", "member2", "member")
    world.order()
    assert propose(world)["rows"] == []


def test_not_proven_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matchings, "match", lambda *_, **__: Plan((), proven=False))
    world.order()
    assert propose(world)["totals"]["proven"] is False


# --- what it leaves as it was


def test_it_changes_nothing(world: World) -> None:
    """Not a row of any table."""
    world.order(category_id=world.categories[VISIT])
    world.order()
    headers = world.login("dispatcher")
    before = rows()
    assert world.client is not None
    body = {"unit_id": world.community.id}
    answer = world.client.post("/api/v1/dispatching/matchings", json=body, headers=headers)
    assert answer.status_code == 200
    assert rows() == before


def test_who_may(world: World) -> None:
    """Whoever gives out the unit's orders; a unit that is none is said to be none."""
    path, unit = "/dispatching/matchings", world.community.id
    for who in ("resident", "member", "grid", "other_dispatcher", "admin"):
        assert refused(world, who, path, unit_id=unit) == (403, "matching.not_allowed")
    for who in ("duty", "dispatcher", "leader", "street", "district"):
        assert world.post(who, path, unit_id=unit).status_code == 200
    assert refused(world, "dispatcher", path, unit_id=99999999) == (422, "unit.unknown")
    assert refused(world, "dispatcher", path)[0] == 422
    assert refused(world, "dispatcher", path, unit_id=unit, order_ids=[])[0] == 422
