"""人选: who is fit for one order, in which order, with which reasons, and who is not and why."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from app.dispatching.states import MOST_CANDIDATES
from app.identity.service import record_consent
from app.identity.states import CURRENT_VERSIONS, Document
from app.kernel.actor import Actor
from app.kernel.database import session
from app.people.service import (
    approve_registration,
    create_person,
    grant_role,
    report_to_unit,
)
from app.people.states import PersonKind, RegistrationKind
from tests.conftest import Clock
from tests.dispatching.conftest import WEDNESDAY, span
from tests.orders.rows import rows
from tests.world import SYSTEM, World

LAMP = "家庭小修换灯"


def ask(world: World, order_id: int, who: str = "dispatcher") -> list[dict[str, Any]]:
    """The candidates of an order."""
    answer = world.get(who, f"/orders/{order_id}/candidates")
    assert answer.status_code == 200, answer.json
    return list((answer.json or {})["items"])


def one(world: World, order_id: int, who: str) -> dict[str, Any]:
    """What is said of one of them."""
    return next(c for c in ask(world, order_id) if c["person"]["id"] == world.ids[who])


def keys(world: World, found: list[dict[str, Any]]) -> list[str]:
    """By keys of the world."""
    names = {person_id: key for key, person_id in world.ids.items()}
    return [names[candidate["person"]["id"]] for candidate in found]


def lamp(world: World, **body: Any) -> int:
    """Asks for an electrician, at the building in the middle of the first grid."""
    place = {"category_id": world.categories[LAMP], "place_id": world.place.id}
    return int(world.order(**place | body)["id"])


def test_where_it_is_nobody_knows(world: World, house: Callable[[str, int], int]) -> None:
    """Then nobody is near: the place is said to be unknown; with a place it is not."""
    house("member", 300)
    unknown = world.order()["id"]
    found = ask(world, unknown)
    assert all(c["reasons"][0] == "地点不明" and c["distance_m"] is None for c in found)
    assert "离这里约300米" in one(world, lamp(world), "member")["reasons"]


def test_who_may_be_given_it(world: World) -> None:
    """Members and volunteers of the unit, grid workers, staff up to the district; nobody else."""
    found = ask(world, lamp(world))
    expected = {"member", "member2", "volunteer", "grid", "duty", "dispatcher", "leader"}
    assert set(keys(world, found)) == expected | {"street", "district"}
    kinds = {key: c["kind"] for key, c in zip(keys(world, found), found, strict=True)}
    assert (kinds["member"], kinds["volunteer"]) == ("member", "volunteer")
    assert (kinds["grid"], kinds["street"]) == ("grid", "staff")
    assert all(candidate["possible"] for candidate in found)
    assert all(candidate["why_not"] is None for candidate in found)


def test_names_are_masked(world: World) -> None:
    """As everywhere."""
    assert one(world, lamp(world), "member")["person"]["name"] == "测******"


def test_reasons_are_words(
    world: World,
    clock: Clock,
    house: Callable[[str, int], int],
    hours: Callable[..., None],
) -> None:
    """Skill, distance, load, hours, in this order, as one would say them."""
    clock.set(WEDNESDAY)
    house("member", 300)
    hours("member", wed=[["18:00", "21:00"]])
    world.claimed()
    found = one(world, lamp(world), "member")
    assert found["reasons"] == ["会电工", "离这里约300米", "手上还有1件（上限3件）", "今天晚上有空"]
    assert (found["distance_m"], found["open_load"]) == (300, 1)
    assert found["skills_matched"] == ["电工"]


def test_past_results_are_one_sentence(world: World) -> None:
    """What was done and given back in ninety days, and no figure of its own."""
    for _ in range(2):
        order = world.claimed()["id"]
        world.act("member", order, "complete", note="换了新灯管，已经亮了。")
        world.act("resident", order, "rate", solved=True)
        world.lift_caps()
    world.act("member", world.claimed()["id"], "return", reason="家里有急事")
    found = one(world, lamp(world), "member")
    assert found["reasons"][-1] == "近90天办结2件，退回1件"
    assert not {"completed", "returned", "score"} & found.keys()


def test_past_results_are_forgotten(world: World, clock: Clock) -> None:
    """After ninety days nobody speaks of them."""
    world.act("member", world.claimed()["id"], "return", reason="家里有急事")
    assert "近90天办结0件，退回1件" in one(world, lamp(world), "member")["reasons"]
    clock.shift(91 * 24 * 3600)
    assert not any("近90天" in r for r in one(world, lamp(world), "member")["reasons"])


# --- the order


def test_skill_goes_before_distance(
    world: World, house: Callable[[str, int], int], change: Callable[..., None]
) -> None:
    """Who cannot do it stands behind, however near."""
    house("member", 2500)
    house("member2", 10)
    change("member2", skills=["水工"])
    found = ask(world, lamp(world))
    assert keys(world, found)[0:2] == ["volunteer", "member"]
    assert keys(world, found).index("member2") > keys(world, found).index("street")


def test_distance_goes_before_load(world: World, house: Callable[[str, int], int]) -> None:
    """By what people call near; within that the load decides."""
    for who, metres in (("member", 200), ("member2", 250), ("volunteer", 900)):
        house(who, metres)
    world.claimed("member")
    assert keys(world, ask(world, lamp(world)))[:3] == ["member2", "member", "volunteer"]


def test_the_own_building_comes_first(
    world: World, house: Callable[[str, int], int], change: Callable[..., None]
) -> None:
    """党员责任区: the first candidate lives there, even with something in hand."""
    house("member2", 50)
    change("member", home_place_id=world.place.id)
    world.claimed("member")
    found = ask(world, lamp(world))
    assert keys(world, found)[0] == "member"
    assert "就住这栋楼" in found[0]["reasons"]


def test_who_gave_back_more_than_was_done_comes_later(world: World) -> None:
    """Of equals; it is not said of whom it is more."""
    world.act("member", world.claimed("member")["id"], "return", reason="家里有急事")
    found = keys(world, ask(world, lamp(world)))
    assert found.index("member") > found.index("member2")


def test_staff_come_behind_those_who_do_it(world: World) -> None:
    """They give out; a grid worker is told before them."""
    found = keys(world, ask(world, world.order(place_id=world.place.id)["id"]))
    assert found.index("grid") < min(found.index(k) for k in ("duty", "dispatcher", "leader"))


def test_free_at_the_wished_time(world: World, clock: Clock, hours: Callable[..., None]) -> None:
    """Who has time when it suits stands before who has not, and it is said when."""
    clock.set(WEDNESDAY)
    hours("member", thu=[["18:00", "21:00"]])
    hours("member2", sat=[["09:00", "12:00"]])
    order = lamp(world, preferred_times=[span(3, 19, 22)])
    found = ask(world, order)
    assert keys(world, found)[-1] != "member"
    assert keys(world, found).index("member") < keys(world, found).index("member2")
    assert "周四（12月3日）19:00至22:00有空" in one(world, order, "member")["reasons"]
    assert "居民方便的时间他没有空" in one(world, order, "member2")["reasons"]


def test_not_free_with_an_appointment(world: World, clock: Clock) -> None:
    """Who has promised to be elsewhere then is not free."""
    clock.set(WEDNESDAY)
    held = world.claimed()["id"]
    world.act("member", held, "appoint", at="2026-12-03T19:30:00+08:00")
    order = lamp(world, preferred_times=[span(3, 19, 20)])
    assert "居民方便的时间他没有空" in one(world, order, "member")["reasons"]
    later = lamp(world, preferred_times=[span(3, 21, 22)])
    assert "周四（12月3日）21:00至22:00有空" in one(world, later, "member")["reasons"]


def test_work_may_be_nearer_than_home(world: World, house: Callable[[str, int], int]) -> None:
    """Who has also reported to the grid at work is as near as that."""
    house("member", 2000)
    far = one(world, lamp(world), "member")["distance_m"]
    member = Actor(world.ids["member"], "member")
    row = report_to_unit(member, unit_id=world.grid.id, kind=RegistrationKind.WORK)
    approve_registration(world.actor("leader"), row.id)
    session.commit()
    assert (far, one(world, lamp(world), "member")["distance_m"]) == (2000, 0)


def test_nobody_knows_where(world: World, change: Callable[..., None]) -> None:
    """Without a home the distance is not guessed."""
    change("grid", home_unit_id=None)
    found = one(world, lamp(world), "grid")
    assert found["distance_m"] is None
    assert not any("离这里" in reason for reason in found["reasons"])


# --- who may ask


def test_who_may_ask(world: World) -> None:
    """Who gives it out; others who see it are told no, and who does not see it nothing."""
    order = lamp(world)
    assert ask(world, order, "duty")
    assert world.get("grid", f"/orders/{order}/candidates").status_code == 403
    assert world.get("resident", f"/orders/{order}/candidates").status_code == 403
    foreign = world.get("other_dispatcher", f"/orders/{order}/candidates")
    missing = world.get("other_dispatcher", "/orders/99999999/candidates")
    assert foreign.status_code == missing.status_code == 404


def test_reading_changes_nothing(world: World) -> None:
    order = lamp(world)
    headers = world.login("dispatcher")
    before = rows()
    assert world.client is not None
    assert world.client.get(f"/api/v1/orders/{order}/candidates", headers=headers).json
    assert rows() == before


@contextmanager
def counting() -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    bind, ran = session.get_bind(), list[str]()

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        ran.append(statement)

    event.listen(bind, "before_cursor_execute", note)
    try:
        yield ran
    finally:
        event.remove(bind, "before_cursor_execute", note)


def _join(world: World, number: int) -> None:
    leader = world.actor("leader")
    for _ in range(number):
        grid = create_person(SYSTEM, kind=PersonKind.GRID_WORKER, name="网格员")
        grant_role(SYSTEM, grid.id, "grid_worker", world.community.id)
        person = create_person(
            SYSTEM, kind=PersonKind.MEMBER, name="党员", home_unit_id=world.community.id
        )
        me = Actor(person.id, "member")
        for document in (Document.PRIVACY, Document.PARTY_MEMBERSHIP):
            record_consent(me, document, CURRENT_VERSIONS[document], granted=True)
        row = report_to_unit(
            me, unit_id=world.community.id, kind=RegistrationKind.HOME, skills=["电工"]
        )
        approve_registration(leader, row.id)
    session.commit()


def test_as_many_statements_for_many_people(world: World) -> None:
    """One a table; at most twenty people are shown."""
    order = lamp(world)
    figures = []
    for more in (1, 15):
        _join(world, more)
        session.expunge_all()
        with counting() as ran:
            found = ask(world, order)
        figures.append(len(ran))
    assert len(found) == MOST_CANDIDATES
    assert figures[0] == figures[1]
