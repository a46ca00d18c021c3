"""Kept deadlines are what the facts say, and the facts are what the histories say."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from app.deadlines.computing.states import DayKind, FactKind
from app.deadlines.standing.models import Deadline, DeadlineFact, DeadlineStep
from app.deadlines.standing.rebuilding import differences, rebuild
from app.deadlines.standing.subjects import subjects_after
from app.kernel.clock import now
from app.kernel.database import session
from app.orders.ticket.models import Order
from app.pasts.checking import check_facts
from app.pasts.starting import start_missing
from tests.conftest import Clock
from tests.deadlines.changes import change_day, publish_days, recompute_all
from tests.deadlines.ladders import at, sweep_all
from tests.orders.stages import NOTE
from tests.orders.stories import do, order_of
from tests.world import SYSTEM, World

WALKS, STEPS = 25, 14
# How often a step comes after a change of calendar or policy.
CHANGES = 0.08
ACTORS = ("dispatcher", "member", "member2", "resident", "street", "leader", "duty", "grid")


def _bodies(world: World, chance: Random) -> dict[str, tuple[dict[str, Any], ...]]:
    """What an action may be called with, right or not so right."""
    soon = now() + timedelta(hours=chance.randrange(1, 200))
    people = [world.ids[name] for name in ("member", "member2", "grid")]
    unit = world.other_community.id
    return {
        "acknowledge": ({},),
        "settle": ({"note": NOTE},),
        "dispatch": (
            {"mode": "pool"},
            {"mode": "direct", "assignee_id": chance.choice(people)},
            {"mode": "pool", "due_at": soon.isoformat()},
        ),
        "claim": ({},),
        "decline": ({"reason": "没空"},),
        "reassign": (
            {"reason": "换人", "mode": "pool"},
            {"reason": "换人", "assignee_id": chance.choice(people), "due_at": soon.isoformat()},
        ),
        "appoint": ({"at": soon.isoformat()},),
        "start": ({},),
        "progress": ({"note": NOTE},),
        "recall": ({"reason": "重新安排"},),
        "return": ({"reason": "有急事"},),
        "suspend": ({"reason": "等配件", "until": soon.isoformat()},),
        "resume": ({},),
        "complete": ({"note": NOTE},),
        "check": ({"passed": True}, {"passed": False, "note": "没有修好，请再去。"}),
        "rate": ({"solved": True}, {"solved": False}),
        "follow_up": ({"outcome": "reached", "solved": False},),
        "reopen": ({"reason": "又坏了"},),
        "decide": ({"again": True, "reason": "再派"},),
        "report_up": ({"reason": "办不了"},),
        "transfer": ({"unit_id": unit, "reason": "不归我们"},),
        "amend": (
            {"reason": "更急", "urgency": chance.choice(["normal", "urgent", "emergency"])},
            {"reason": "归错类", "category_id": chance.choice(list(world.categories.values()))},
        ),
        "ask": ({"note": "哪一层？"},),
        "extend": ({"due_at": soon.isoformat(), "reason": "等材料"},),
        "plan": (
            {"due_at": (now() + timedelta(days=60)).isoformat(), "note": "分三步走，两个月办完。"},
        ),
        "reject": ({"reason": "不归社区", "note": "请找供电公司"},),
        "unmerge": ({"reason": "不是一回事"},),
    }


def _walk(world: World, clock: Clock, chance: Random) -> int:
    """An order led at random through what its people may do; refusals change nothing."""
    kinds = ["路灯楼道灯", "电梯困人", "下水堵塞污水外溢", "邻里纠纷", "政策咨询", "社保医保", None]
    kind = chance.choice(kinds)
    placed: dict[str, Any] = {"category_id": world.categories[kind]} if kind else {}
    answer = world.post("dispatcher", "/orders", description="坏了", contact_phone=PHONE, **placed)
    order_id = int(answer.get_json()["id"]) if answer.status_code == 201 else 0
    for _ in range(STEPS):
        clock.set((now() + timedelta(minutes=chance.randrange(1, 3000))).isoformat())
        if chance.random() < CHANGES:
            _change(chance)
        who = chance.choice(ACTORS)
        answer = world.get(who, f"/orders/{order_id}")
        if answer.status_code != 200:
            continue
        bodies = _bodies(world, chance)
        possible = [name for name in answer.get_json()["actions"] if name in bodies]
        requests = [r for r in answer.get_json()["requests"] if r["may_decide"]]
        if requests:
            world.post(who, f"/orders/{order_id}/requests/{requests[0]['id']}/agree")
        elif possible:
            action = chance.choice(possible)
            world.post(who, f"/orders/{order_id}/{action}", **chance.choice(bodies[action]))
    return order_id


PHONE = "13800001234"


def _change(chance: Random) -> None:
    """Another calendar or policy, near what is running; computed again at once, or only later."""
    if chance.random() < 0.5:
        day = now() + timedelta(days=chance.randrange(-9, 9))
        if day.year == 2026:
            change_day(f"{day:%Y-%m-%d}", chance.choice([*DayKind, None]))
    else:
        code = chance.choice(["ordinary_13710", "affairs", "danger"])
        publish_days(code, solve=chance.randrange(1, 9), report=chance.randrange(1, 4))
    if chance.random() < 0.5:
        recompute_all()


def _faults(order_ids: Sequence[int]) -> tuple[list[Any], list[Any]]:
    kept = [found for order_id in order_ids for found in differences("order", order_id)]
    return kept, list(check_facts(order_ids))


@pytest.mark.slow
def test_random_walks(world: World, clock: Clock) -> None:
    """Whatever is done to orders: computed along the way or anew from the facts, it is the same."""
    world.lift_caps()
    chance = Random(13710)
    clock.set(at("12-01 09:00").isoformat())
    ids = []
    for _ in range(WALKS):
        ids.append(_walk(world, clock, chance))
        sweep_all()
    recompute_all()
    assert _faults(ids) == ([], [])
    kinds = set(session.scalars(select(DeadlineFact.kind).distinct()))
    # The walks have met all there is, or they would prove little.
    assert kinds == set(FactKind)
    rounds = session.scalar(select(func.max(Deadline.round)))
    assert (rounds or 0) >= 2
    promised = session.execute(
        select(Order.id, Order.next_due_at, func.min(Deadline.due_at))
        .join(Deadline, (Deadline.subject_id == Order.id) & (Deadline.state == "open"))
        .where(Order.id.in_(ids), Order.next_due_at.is_not(None))
        .group_by(Order.id)
    ).all()
    assert promised
    for order_id, next_due_at, earliest in promised:
        assert next_due_at == earliest, order_id


def test_a_fault_is_found_and_mended(world: World, clock: Clock) -> None:
    """A date that somebody has turned by hand, a fact that is gone."""
    clock.set(at("12-01 09:00").isoformat())
    order_id = int(world.claimed()["id"])
    assert _faults([order_id]) == ([], [])
    wrong = Deadline.subject_id == order_id
    session.execute(update(Deadline).where(wrong).values(due_at=at("12-31 09:00")))
    session.commit()
    found = list(differences("order", order_id))
    assert {one.stage for one in found} >= {"solve", "report"}
    assert subjects_after("order", order_id - 1, 1) == [order_id]
    assert rebuild(SYSTEM, "order", order_id) == len(found)
    session.commit()
    assert _faults([order_id]) == ([], [])
    last = select(func.max(DeadlineFact.id)).where(DeadlineFact.subject_id == order_id)
    session.execute(delete(DeadlineFact).where(DeadlineFact.id == session.scalar(last)))
    session.commit()
    assert [one.order_id for one in check_facts([order_id])] == [order_id]


def test_orders_from_before(world: World, clock: Clock) -> None:
    """What has no facts yet gets them from its history, as if they had always been there; once."""
    clock.set(at("12-01 09:00").isoformat())
    order_id = int(world.claimed()["id"])
    clock.set(at("12-02 09:00").isoformat())
    world.act("member", order_id, "progress", note=NOTE)
    mine = select(Deadline).where(Deadline.subject_id == order_id).order_by(Deadline.id)
    kept = {(row.stage, row.turn): (row.state, row.due_at) for row in session.scalars(mine)}
    for table in (DeadlineFact.__table__, Deadline.__table__):
        session.execute(delete(table).where(table.c.subject_id == order_id))
    session.execute(update(Order).where(Order.id == order_id).values(due_at=None))
    session.commit()
    assert do(start_missing, SYSTEM) == 1
    assert do(start_missing, SYSTEM) == 0
    made = {(row.stage, row.turn): (row.state, row.due_at) for row in session.scalars(mine)}
    assert made == kept
    assert _faults([order_id]) == ([], [])
    assert order_of(order_id).due_at == at("12-08 09:00")
    assert not session.scalars(select(DeadlineStep)).all()
