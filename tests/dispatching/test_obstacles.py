"""Who cannot be given an order, and why: shown as such, last, with what the verb would say."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.people.models import RoleGrant
from app.people.service import approve_registration, report_to_unit
from app.people.states import PersonStatus, RegistrationKind
from tests.conftest import Clock
from tests.dispatching.conftest import WEDNESDAY
from tests.dispatching.test_candidates import ask, keys, lamp, one
from tests.orders.rows import refused
from tests.world import World


def _refused_to(world: World, who: str, order: int) -> tuple[int, str]:
    body = {"mode": "direct", "assignee_id": world.ids[who]}
    return refused(world, "dispatcher", f"/orders/{order}/dispatch", **body)


def test_away(world: World, change: Callable[..., None], clock: Clock) -> None:
    """Shown with the reason, last; the verb says the same."""
    clock.set(WEDNESDAY)
    change("member", away_until=now().replace(day=9))
    order = lamp(world)
    found = one(world, order, "member")
    assert (found["possible"], found["why_not"]) == (False, "现在暂不接单。")
    assert keys(world, ask(world, order))[-1] == "member"
    assert _refused_to(world, "member", order) == (409, "person.away")


def test_missed_visits(world: World, change: Callable[..., None]) -> None:
    """Two in sixty days: a leader talks first."""
    change("member", offers_blocked_at=now())
    order = lamp(world)
    assert "领导" in one(world, order, "member")["why_not"]
    assert _refused_to(world, "member", order) == (409, "person.offers_blocked")


def test_the_own_order(world: World) -> None:
    order = world.order("member")["id"]
    assert one(world, order, "member")["why_not"] == "是下单人本人，不能派给自己。"
    assert _refused_to(world, "member", order) == (422, "order.own")


def test_who_has_it_already(world: World) -> None:
    """To be given to another: not to the one who has it, or was asked."""
    order = world.claimed()["id"]
    assert one(world, order, "member")["why_not"] == "这张工单已经在他手里了。"
    body = {"reason": "换人", "mode": "direct", "assignee_id": world.ids["member2"]}
    world.act("dispatcher", order, "reassign", **body)
    assert one(world, order, "member")["possible"]
    assert not one(world, order, "member2")["possible"]


def test_skill_missing(world: World, change: Callable[..., None]) -> None:
    """A member needs it; for a grid worker it is a wish."""
    change("member", skills=["水工"])
    order = lamp(world)
    assert one(world, order, "member")["why_not"] == "需要会这些的人来办：电工。"
    assert one(world, order, "grid")["possible"]
    assert one(world, order, "grid")["reasons"][0] == "不会电工"


def test_caps(world: World) -> None:
    """Held, offered and newly taken count as when claiming."""
    for _ in range(2):
        world.claimed()
    found = one(world, lamp(world), "member")
    assert found["why_not"] == "今天新接的已到上限2件。"
    assert one(world, lamp(world), "member2")["possible"]


def test_open_cap_counts_offers(world: World) -> None:
    """What waits for an answer is as good as taken."""
    for _ in range(3):
        order = world.order()["id"]
        body = {"mode": "direct", "assignee_id": world.ids["member"]}
        world.act("dispatcher", order, "dispatch", **body)
    found = one(world, lamp(world), "member")
    assert found["why_not"] == "手上有0件，等答复的有3件，已到上限3件。"
    assert "还有3件等他答复" in found["reasons"]
    assert found["open_load"] == 0


def test_suspended_ones_do_not_count(world: World) -> None:
    order = world.claimed()["id"]
    until = (now() + timedelta(days=2)).isoformat()
    world.act("member", order, "suspend", reason="等配件到货", until=until)
    assert one(world, lamp(world), "member")["open_load"] == 0


def test_confidential_for_the_cleared_alone(world: World, change: Callable[..., None]) -> None:
    """Vetted people, and staff who may read it."""
    order = world.order(category_id=world.categories["噪声扰民"])["id"]
    change("member2", skills=["调解"])
    change("member", skills=["调解"], vetted=True)
    assert one(world, order, "member")["possible"]
    assert "保密" in one(world, order, "member2")["why_not"]
    assert one(world, order, "leader")["possible"]
    assert "保密" in one(world, order, "grid")["why_not"]
    assert "保密" in one(world, order, "duty")["why_not"]


def test_vetted_only(world: World, change: Callable[..., None]) -> None:
    order = world.order(category_id=world.categories["课后看护"], answers={"grade": "一二年级"})[
        "id"
    ]
    change("member", skills=["教育"], vetted=True)
    change("member2", skills=["教育"])
    assert one(world, order, "member")["possible"]
    assert not one(world, order, "member2")["possible"]


def test_who_has_gone_is_not_shown(world: World, change: Callable[..., None]) -> None:
    """An inactive person is no candidate at all, nor one whose role is over or has not begun."""
    order = lamp(world)
    change("member2", status=PersonStatus.INACTIVE)
    for who, span_ in (("grid", {"until": now()}), ("duty", {"since": now() + timedelta(days=1)})):
        grant = session.scalars(select(RoleGrant).filter_by(person_id=world.ids[who])).one()
        for name, moment in span_.items():
            setattr(grant, name, moment)
    session.commit()
    assert not {"member2", "grid", "duty"} & set(keys(world, ask(world, order)))


def test_yesterdays_claims_do_not_count(world: World, clock: Clock) -> None:
    """The daily cap begins anew at midnight in Shanghai."""
    clock.set("2026-12-02T23:50:00+08:00")
    for _ in range(2):
        world.claimed()
    assert not one(world, lamp(world), "member")["possible"]
    clock.set("2026-12-03T00:01:00+08:00")
    assert one(world, lamp(world), "member")["possible"]


def test_registered_above_counts_below_does_not(world: World) -> None:
    """Who has reported to the street serves its communities; who has to one grid, that grid."""
    for who, unit_id, seen in (
        ("other_member", world.street.id, True),
        ("other_member2", world.grid.id, False),
    ):
        me = Actor(world.ids[who], who)
        row = report_to_unit(me, unit_id=unit_id, kind=RegistrationKind.WORK)
        approve_registration(world.actor("street"), row.id)
        session.commit()
        assert (who in keys(world, ask(world, lamp(world)))) is seen
