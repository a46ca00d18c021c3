"""党员接单: who may claim and how many, visits, reports, done, given back."""

from datetime import timedelta
from typing import Any

import pytest

from app.categories.models import Category
from app.categories.states import NeedsPhoto
from app.kernel.clock import now
from app.kernel.database import session
from app.organisation.service import set_setting
from app.people.models import Person
from app.people.service import set_away
from tests.conftest import Clock
from tests.orders.rows import file_of, heard, last_message, later, local_morning, refused
from tests.orders.stories import actions_of, do, events_for, order_of, read
from tests.world import SYSTEM, World


def _pooled(world: World, category: str | None = None, **body: Any) -> int:
    if category is not None:
        body["category_id"] = world.categories[category]
    order_id = int(world.order(**body)["id"])
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    return order_id


def _rule(world: World, category: str, **rules: Any) -> None:
    row = session.get_one(Category, world.categories[category])
    for name, value in rules.items():
        setattr(row, name, value)
    session.commit()


def _started(world: World, category: str | None = None) -> int:
    order_id = _pooled(world, category)
    world.act("member", order_id, "claim")
    world.act("member", order_id, "start")
    return order_id


def test_claiming(world: World) -> None:
    """One answers for it; resident and desk hear who, masked; the others hear that it is taken."""
    order_id = _pooled(world)
    since = last_message()
    order = world.act("member", order_id, "claim")
    assert order["status"] == "claimed"
    assert order["assignees"] == [
        {"kind": "member", "id": world.ids["member"], "name": "测******", "part": None}
    ]
    desk = {(who, "claimed_staff") for who in ("dispatcher", "duty", "leader")}
    assert heard(world, order_id, since) == desk | {("resident", "claimed")}
    again = refused(world, "member2", f"/orders/{order_id}/claim")
    assert again == (409, "order.already_claimed")
    assert world.get("member2", f"/orders/{order_id}").status_code == 404


def test_a_volunteer_is_one(world: World) -> None:
    """The kind is kept."""
    order_id = _pooled(world)
    assert world.act("volunteer", order_id, "claim")["assignees"][0]["kind"] == "volunteer"


def test_who_may_not_claim(world: World) -> None:
    """Elsewhere it is unknown; residents and staff are no members."""
    order_id = _pooled(world)
    for who, wanted in (
        ("other_member", (404, "not_found")),
        ("resident2", (404, "not_found")),
        ("resident", (403, "order.not_allowed")),
        ("grid", (403, "order.not_allowed")),
    ):
        assert refused(world, who, f"/orders/{order_id}/claim") == wanted, who


def test_not_ones_own(world: World) -> None:
    """Neither one's own nor one placed for another."""
    for body in ({}, {"on_behalf_of": {"name": "李奶奶", "phone": "13912345678"}}):
        order = world.order("member", **body)
        world.act("dispatcher", order["id"], "dispatch", mode="pool")
        sent = refused(world, "member", f"/orders/{order['id']}/claim")
        assert sent == (403, "order.not_allowed")
        assert "claim" not in read(world, "member", f"/orders/{order['id']}")["actions"]


def test_three_open_without_suspended_ones(world: World, clock: Clock) -> None:
    """A suspended one makes room, a completed one too; each member has caps of his or her own."""
    clock.set(local_morning().isoformat())
    do(set_setting, SYSTEM, world.street.id, key="orders.daily_cap", value=50)
    ids = [_pooled(world) for _ in range(5)]
    for order_id in ids[:3]:
        world.act("member", order_id, "claim")
    path = f"/orders/{ids[3]}/claim"
    assert refused(world, "member", path) == (409, "order.open_cap")
    world.act("member2", ids[4], "claim")
    world.act("member", ids[0], "suspend", reason="等配件", until=later(days=1))
    world.act("member", ids[3], "claim")
    assert refused(world, "member", f"/orders/{ids[4]}/claim")[1] == "order.already_claimed"
    clock.set((now() + timedelta(hours=1)).isoformat())
    last = _pooled(world, who="resident2")
    assert refused(world, "member", f"/orders/{last}/claim") == (409, "order.open_cap")
    world.act("member", ids[1], "complete", note="办好了，请看看。")
    world.act("member", last, "claim")


def test_two_new_a_local_day(world: World, clock: Clock) -> None:
    """Given back or not; assigned work is not counted; midnight is Shanghai's."""
    clock.set(local_morning(hour=23).isoformat())
    ids = [_pooled(world) for _ in range(3)]
    world.act("member", ids[0], "claim")
    world.act("member", ids[0], "return", reason="家里有急事")
    world.act("member", ids[1], "claim")
    assert refused(world, "member", f"/orders/{ids[2]}/claim") == (409, "order.daily_cap")
    clock.set((now() + timedelta(minutes=59)).isoformat())
    assert refused(world, "member", f"/orders/{ids[2]}/claim") == (409, "order.daily_cap")
    clock.set((now() + timedelta(minutes=1)).isoformat())
    world.act("member", ids[2], "claim")


def test_caps_are_the_units(world: World) -> None:
    """A setting of the unit, inherited downward."""
    do(set_setting, SYSTEM, world.street.id, key="orders.open_cap", value=1)
    first, second = _pooled(world), _pooled(world)
    world.act("member", first, "claim")
    assert refused(world, "member", f"/orders/{second}/claim") == (409, "order.open_cap")


def test_skills(world: World) -> None:
    """One of those that the category asks for."""
    order_id = _pooled(world, "下水堵塞污水外溢")
    session.get_one(Person, world.ids["member"]).skills = ["电工", "保洁"]
    session.commit()
    sent = refused(world, "member", f"/orders/{order_id}/claim")
    assert sent == (403, "order.skill_missing")
    assert world.act("member2", order_id, "claim")["status"] == "claimed"


def test_vetted(world: World) -> None:
    """Some matters are for vetted people alone."""
    _rule(world, "教用手机", vetted_only=True)
    order_id = _pooled(world, "教用手机")
    sent = refused(world, "member", f"/orders/{order_id}/claim")
    assert sent == (403, "order.vetted_only")
    session.get_one(Person, world.ids["member"]).vetted = True
    assert world.act("member", order_id, "claim")["status"] == "claimed"


def test_not_while_away(world: World, clock: Clock) -> None:
    """暂不接单 until the date, not after."""
    clock.set(local_morning().isoformat())
    order_id = _pooled(world)
    do(set_away, world.actor("member"), now() + timedelta(hours=2))
    assert refused(world, "member", f"/orders/{order_id}/claim") == (409, "person.away")
    clock.set((now() + timedelta(hours=2)).isoformat())
    assert world.act("member", order_id, "claim")["status"] == "claimed"


def test_a_home_visit_starts_with_the_code(world: World, clock: Clock) -> None:
    """Four digits that the resident sees and the member asks for."""
    order_id = _pooled(world, "家庭小修换灯")
    assert read(world, "resident", f"/orders/{order_id}")["visit_code"] is None
    world.act("member", order_id, "claim")
    code = read(world, "resident", f"/orders/{order_id}")["visit_code"]
    assert len(code) == 4 and code.isdigit()
    wrong = f"{(int(code) + 1) % 10_000:04d}"
    path = f"/orders/{order_id}/start"
    assert refused(world, "member", path) == (422, "order.visit_code_required")
    for _ in range(5):
        guess = world.post("member", path, visit_code=wrong)
        assert (guess.status_code, guess.get_json()["code"]) == (422, "order.visit_code_wrong")
    locked = world.post("member", path, visit_code=code)
    assert (locked.status_code, locked.get_json()["code"]) == (429, "order.visit_code_locked")
    clock.shift(3700)
    assert refused(world, "member", path, visit_code="12345") == (422, "body.invalid")
    assert world.act("member", order_id, "start", visit_code=code)["status"] == "in_progress"
    assert order_of(order_id).visited_at is not None
    assert events_for(world, "dispatcher", order_id)[-1]["details"] == {"visit_proven": True}


def test_appointing(world: World) -> None:
    """When the member comes, told to the resident; not into the past."""
    order_id = _pooled(world)
    world.act("member", order_id, "claim")
    path = f"/orders/{order_id}/appoint"
    assert refused(world, "member", path, at=later(seconds=-1)) == (422, "order.time_in_the_past")
    naive = refused(world, "member", path, at="2027-01-01T09:00:00")
    assert naive == (422, "time.zone_missing")
    since = last_message()
    order = world.act("member", order_id, "appoint", at=later(hours=3))
    assert (order["status"], order["appointed_at"] is None) == ("claimed", False)
    assert heard(world, order_id, since) == {("resident", "appointed")}


def test_a_report_has_ten_characters_or_a_picture(world: World) -> None:
    """So that it counts; the first one begins the work."""
    order_id = _pooled(world)
    world.act("member", order_id, "claim")
    path = f"/orders/{order_id}/progress"
    for note in (None, "好", "一二三四五六七八九"):
        assert refused(world, "member", path, note=note) == (422, "order.progress_too_short")
    since = last_message()
    order = world.act("member", order_id, "progress", note="一二三四五六七八九十")
    assert order["status"] == "in_progress"
    assert heard(world, order_id, since) == {("resident", "progress")}
    photo_id = file_of(world, "member")
    world.act("member", order_id, "progress", photo_ids=[photo_id])
    assert events_for(world, "resident", order_id)[-1]["photo_ids"] == [photo_id]
    foreign = file_of(world, "member2")
    sent = refused(world, "member", path, photo_ids=[foreign])
    assert sent == (422, "file.unknown")


def test_an_internal_report(world: World) -> None:
    """Not for the resident, who is not told either."""
    order_id = _started(world)
    since = last_message()
    world.act("member", order_id, "progress", note="这家情况特殊，请社区留意。", visible=False)
    assert heard(world, order_id, since) == set()
    assert events_for(world, "resident", order_id)[-1]["action"] == "start"
    assert events_for(world, "member", order_id)[-1]["action"] == "progress"


def test_completing(world: World) -> None:
    """With words; then the resident is asked and nobody else."""
    order_id = _started(world)
    assert refused(world, "member", f"/orders/{order_id}/complete") == (422, "body.invalid")
    since = last_message()
    done = world.act("member", order_id, "complete", note="换好了。", minutes_spent=30)
    assert (done["status"], done["completed_at"] is None) == ("completed", False)
    assert [a["id"] for a in done["assignees"]] == [world.ids["member"]]
    assert heard(world, order_id, since) == {("resident", "completed")}
    details = events_for(world, "dispatcher", order_id)[-1]["details"]
    assert details["minutes_spent"] == 30


def test_a_picture_where_the_category_asks(world: World) -> None:
    """With the report of done, or with one before in this round."""
    _rule(world, "教用手机", needs_photo=NeedsPhoto.AFTER)
    order_id = _started(world, "教用手机")
    path = f"/orders/{order_id}/complete"
    assert refused(world, "member", path, note="好了") == (422, "order.photo_required")
    world.act("member", order_id, "progress", photo_ids=[file_of(world, "member")])
    world.act("member", order_id, "complete", note="好了")
    world.act("resident", order_id, "rate", solved=False)
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    world.act("member2", order_id, "claim")
    assert refused(world, "member2", path, note="好了") == (422, "order.photo_required")
    done = world.act(
        "member2", order_id, "complete", note="好了", photo_ids=[file_of(world, "member2")]
    )
    assert done["status"] == "completed"


@pytest.mark.parametrize("helper", ["member", "resident2", "other_member", None])
def test_helpers_belong_to_the_unit(world: World, helper: str | None) -> None:
    """Not oneself, no resident, nobody from elsewhere, nobody unknown."""
    order_id = _started(world)
    ids = [world.ids[helper] if helper else 999_999]
    sent = refused(world, "member", f"/orders/{order_id}/complete", note="好了", helper_ids=ids)
    assert sent == (422, "helper.unknown")


def test_two_people(world: World) -> None:
    """Some visits are made by two, and both stand in the order."""
    _rule(world, "教用手机", two_people=True)
    order_id = _started(world, "教用手机")
    assert order_of(order_id).people_needed == 2
    path = f"/orders/{order_id}/complete"
    assert refused(world, "member", path, note="好了") == (422, "order.two_people")
    twice = refused(world, "member", path, note="好了", helper_ids=[world.ids["member2"]] * 2)
    assert twice == (422, "helper.unknown")
    done = world.act("member", order_id, "complete", note="好了", helper_ids=[world.ids["member2"]])
    found = {(a["id"], a["part"]) for a in done["assignees"]}
    assert found == {(world.ids["member"], None), (world.ids["member2"], "helper")}
    since = last_message()
    world.act("resident", order_id, "rate", solved=True)
    assert heard(world, order_id, since) == {("member", "rated"), ("member2", "rated")}


def test_giving_it_back(world: World) -> None:
    """To the pool, with the reason, which the resident does not read; the desk is told."""
    order_id = _started(world)
    assert refused(world, "member", f"/orders/{order_id}/return") == (422, "body.invalid")
    since = last_message()
    order = world.act("member", order_id, "return", reason="家里有急事")
    assert (order["status"], order["mode"], order["assignees"]) == ("dispatched", "pool", [])
    assert heard(world, order_id, since) == {
        (who, "returned") for who in ("dispatcher", "duty", "leader")
    }
    assert order_of(order_id).holder_id is None
    assert actions_of(order_id)[-1] == "return"
    assert events_for(world, "resident", order_id)[-1]["action"] == "start"


def test_who_gave_it_back_hears_no_thanks(world: World) -> None:
    """Done by another: the other is named and thanked."""
    order_id = _pooled(world)
    world.act("member", order_id, "claim")
    world.act("member", order_id, "return", reason="家里有急事")
    world.act("member2", order_id, "claim")
    done = world.act("member2", order_id, "complete", note="换好了。")
    assert [a["id"] for a in done["assignees"]] == [world.ids["member2"]]
    since = last_message()
    world.act("resident", order_id, "rate", solved=True)
    assert heard(world, order_id, since) == {("member2", "rated")}


def test_declining_is_for_who_was_asked(world: World) -> None:
    """Nobody declines what lies in the pool; after declining it is unknown."""
    order_id = _pooled(world)
    sent = refused(world, "member", f"/orders/{order_id}/decline", reason="没空")
    assert sent == (403, "order.not_allowed")
