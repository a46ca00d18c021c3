"""Whole ways of orders that nobody attends to, each notice listed; the clock is moved by hand."""

from datetime import timedelta

import pytest

from app.deadlines.standing.rebuilding import differences
from app.orders.clockwork import jobs as orders_jobs
from app.pasts.checking import check_facts
from tests.conftest import Clock
from tests.deadlines.ladders import Heard, at, climb
from tests.orders.stories import order_of
from tests.world import World

DESK = ("dispatcher", "duty", "leader")
HALF_HOUR = timedelta(minutes=30)


def _desk(when: str, what: str, stage: str) -> list[Heard]:
    return [(when, who, what, stage) for who in DESK]


def test_nobody_dispatches(world: World, clock: Clock) -> None:
    """It climbs from the community to the street to the district, and the community still acts."""
    clock.set(at("11-23 09:00").isoformat())
    order_id = int(world.order()["id"])
    heard = climb(world, clock, at("11-26 08:00"))
    assert heard == [
        # Arranged within a day: at half of it, at four fifths when the night is over, at its end.
        *_desk("11-23 21:00", "due_soon", "arrange"),
        *_desk("11-24 07:30", "due_soon", "arrange"),
        *_desk("11-24 09:00", "overdue", "arrange"),
        # Four working hours later the leader.
        ("11-24 15:00", "leader", "overdue", "arrange"),
        # Half of the three days to report.
        *_desk("11-24 21:00", "due_soon", "report"),
    ]
    assert order_of(order_id).attention_unit_id == world.community.id
    heard = climb(world, clock, at("11-26 16:00"))
    assert heard == [
        # A working day after it was due, in the next morning's digest: the street.
        ("11-26 08:30", "street", "escalated", "arrange"),
        *_desk("11-26 08:30", "due_soon", "report"),
        *_desk("11-26 09:00", "overdue", "report"),
        ("11-26 15:00", "leader", "overdue", "report"),
    ]
    assert order_of(order_id).attention_unit_id == world.street.id
    heard = climb(world, clock, at("11-30 08:30"))
    assert heard == [
        *_desk("11-26 21:00", "due_soon", "solve"),
        # On Monday morning the report has come to the street, the arranging to the district.
        ("11-30 08:30", "district", "escalated", "arrange"),
        ("11-30 08:30", "street", "escalated", "report"),
        *_desk("11-30 08:30", "due_soon", "solve"),
    ]
    row = order_of(order_id)
    assert row.attention_unit_id == world.district.id
    assert (row.handling_unit_id, row.status) == (world.community.id, "submitted")
    # The owner has not changed: the community gives it out, and the arranging is heard of no more.
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    heard = climb(world, clock, at("12-04 12:00"))
    assert {stage for _, _, _, stage in heard} == {"accept", "report", "solve"}
    assert heard == [
        # Of two stages of one order that have come at once, the one that has waited longest.
        *_desk("11-30 09:00", "overdue", "solve"),
        # Half of four working hours, four fifths, the end.
        *_desk("11-30 10:30", "due_soon", "accept"),
        *_desk("11-30 11:42", "due_soon", "accept"),
        *_desk("11-30 14:30", "overdue", "accept"),
        ("11-30 15:00", "leader", "overdue", "solve"),
        ("12-01 09:30", "leader", "overdue", "accept"),
        ("12-02 08:30", "district", "escalated", "report"),
        ("12-02 08:30", "street", "escalated", "solve"),
        ("12-04 08:30", "district", "escalated", "solve"),
    ]


def test_suspended_stands_still_and_resumes(world: World, clock: Clock) -> None:
    """The report stays due; the solving waits, and is due later by the pause, told to the resident."""
    clock.set(at("11-23 09:00").isoformat())
    order_id = int(world.claimed()["id"])
    world.act("member", order_id, "suspend", reason="等配件", until=at("11-25 21:00").isoformat())
    heard = climb(world, clock, at("11-25 20:00"))
    assert heard == [("11-24 21:00", "member", "due_soon", "report")]
    clock.set(at("11-25 21:00").isoformat())
    world.act("member", order_id, "resume")
    row = order_of(order_id)
    # Seven days and the two and a half of the pause: 11-30 09:00 became 12-02 21:00.
    assert row.due_at == at("12-02 21:00")
    heard = climb(world, clock, at("12-03 09:00"))
    solving = [line for line in heard if line[3] == "solve"]
    assert solving == [
        # Half of the week that is left when it goes on.
        ("11-29 09:00", "member", "due_soon", "solve"),
        ("12-02 08:30", "member", "due_soon", "solve"),
        ("12-02 21:00", "dispatcher", "overdue", "solve"),
        ("12-02 21:00", "duty", "overdue", "solve"),
        ("12-02 21:00", "leader", "overdue", "solve"),
        ("12-02 21:00", "member", "overdue", "solve"),
    ]


def test_a_second_round(world: World, clock: Clock) -> None:
    """Half of the time, and the lateness of the first round stays."""
    clock.set(at("11-23 09:00").isoformat())
    order_id = int(world.claimed()["id"])
    clock.set(at("12-01 09:00").isoformat())
    world.act("member", order_id, "complete", note="换好了灯管，请看看。")
    world.act("resident", order_id, "rate", solved=False)
    order = world.get("dispatcher", f"/orders/{order_id}").get_json()
    solving = [line for line in order["deadlines"] if line["stage"] == "solve"]
    assert [(line["round"], line["state"]) for line in solving] == [(1, "missed"), (2, "pending")]
    # Three and a half days.
    assert order_of(order_id).due_at == at("12-04 21:00")
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    world.act("member2", order_id, "claim")
    world.act("member2", order_id, "complete", note="线路也换了，亮了。")
    world.act("resident", order_id, "rate", solved=True)
    order = world.get("dispatcher", f"/orders/{order_id}").get_json()
    solving = [line for line in order["deadlines"] if line["stage"] == "solve"]
    assert [(line["round"], line["state"]) for line in solving] == [(1, "missed"), (2, "met")]
    assert climb(world, clock, at("12-11 09:00")) == []


def test_an_extension_has_its_own_reminders(world: World, clock: Clock) -> None:
    """Reminded once for the first date, extended, and reminded anew for the second."""
    clock.set(at("11-23 09:00").isoformat())
    order_id = int(world.claimed()["id"])
    world.act("member", order_id, "progress", note="已经看过现场，要换灯管。")
    assert climb(world, clock, at("11-27 09:00")) == [
        ("11-26 21:00", "member", "due_soon", "solve")
    ]
    world.act(
        "dispatcher", order_id, "extend", due_at=at("12-04 17:00").isoformat(), reason="等材料"
    )
    assert order_of(order_id).due_at == at("12-04 17:00")
    heard = climb(world, clock, at("12-04 17:00"))
    assert heard == [
        # Half of the 176 hours from 11-27 09:00 on, at 12-01 01:00, waits for the morning.
        ("12-01 07:30", "member", "due_soon", "solve"),
        ("12-04 08:30", "member", "due_soon", "solve"),
        *[("12-04 17:00", who, "overdue", "solve") for who in (*DESK, "member")],
    ]


def test_a_month_long_one(world: World, clock: Clock) -> None:
    """With a dated plan and a report every month, each of which is a deadline of its own."""
    clock.set(at("12-02 09:00").isoformat())
    order_id = int(world.claimed()["id"])
    world.act("member", order_id, "progress", note="要等物业整体改造管线。")
    refused = world.post(
        "dispatcher",
        f"/orders/{order_id}/extend",
        due_at=at("01-02 09:00", 2027).isoformat(),
        reason="等",
    )
    assert (refused.status_code, refused.get_json()["code"]) == (422, "order.beyond_month")
    world.act(
        "dispatcher",
        order_id,
        "plan",
        due_at=at("03-02 09:00", 2027).isoformat(),
        note="一月招标，二月施工，月底验收。",
    )
    heard = climb(world, clock, at("01-01 12:00", 2027))
    monthly = [line for line in heard if line[3] == "monthly"]
    assert monthly == [
        ("12-17 09:00", "member", "due_soon", "monthly"),
        # Due on a holiday: in the morning of the last working day before it.
        ("12-31 08:30", "member", "due_soon", "monthly"),
        *[("01-01 09:00", who, "overdue", "monthly") for who in (*DESK, "member")],
    ]
    assert [line for line in heard if line[3] == "solve"] == []
    clock.set(at("01-01 15:00", 2027).isoformat())
    world.act("member", order_id, "progress", note="已经开标，下周进场施工。")
    order = world.get("dispatcher", f"/orders/{order_id}").get_json()
    months = [(d["state"], d["due_at"]) for d in order["deadlines"] if d["stage"] == "monthly"]
    assert months == [
        ("missed", at("01-01 09:00", 2027).isoformat(timespec="milliseconds")),
        ("pending", at("01-31 15:00", 2027).isoformat(timespec="milliseconds")),
    ]


def test_an_emergency_is_paged_up_the_chain(world: World, clock: Clock) -> None:
    """Nothing waits for the morning, and whoever signs for it ends it."""
    clock.set(at("11-23 23:00").isoformat())
    order_id = int(world.order(category_id=world.categories["电梯困人"])["id"])
    heard = climb(world, clock, at("11-23 23:25"))
    paging = [line for line in heard if line[3] == "acknowledge"]
    assert paging == [
        # Ten minutes at night: half, four fifths, the end; then every five minutes one level up.
        *_desk("11-23 23:05", "due_soon", "acknowledge"),
        *_desk("11-23 23:08", "due_soon", "acknowledge"),
        *_desk("11-23 23:10", "overdue", "acknowledge"),
        ("11-23 23:15", "leader", "overdue", "acknowledge"),
        ("11-23 23:20", "street", "escalated", "acknowledge"),
    ]
    world.act("duty", order_id, "acknowledge")
    heard = climb(world, clock, at("11-24 00:30"))
    assert [line for line in heard if line[3] == "acknowledge"] == []


@pytest.mark.parametrize("how", ["amended", "merged"])
def test_what_becomes_an_emergency_is_paged_from_then_on(
    world: World, clock: Clock, how: str
) -> None:
    """An hour after it was placed as an ordinary one: whoever is called has all of the five minutes."""
    clock.set(at("11-23 09:00").isoformat())
    order_id = int(world.order()["id"])
    clock.set(at("11-23 10:00").isoformat())
    if how == "amended":
        world.act("dispatcher", order_id, "amend", reason="有危险", urgency="emergency")
    else:
        other = int(world.order("resident2")["id"])
        world.act("dispatcher", other, "amend", reason="有危险", urgency="emergency")
        world.act("dispatcher", other, "merge", into_id=order_id)
    heard = climb(world, clock, at("11-23 10:40"))
    assert [line for line in heard if line[1] in ("duty", "street", "district")] == [
        ("11-23 10:03", "duty", "due_soon", "acknowledge"),
        ("11-23 10:04", "duty", "due_soon", "acknowledge"),
        ("11-23 10:05", "duty", "overdue", "acknowledge"),
        ("11-23 10:15", "street", "escalated", "acknowledge"),
        ("11-23 10:35", "district", "escalated", "acknowledge"),
    ]
    assert [*differences("order", order_id), *check_facts([order_id])] == []


def test_what_lies_in_the_pool_becomes_an_emergency(world: World, clock: Clock) -> None:
    """Ten minutes to be taken, from then on; that it was late already by four hours stays so."""
    clock.set(at("11-23 09:00").isoformat())
    order_id = int(world.order()["id"])
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    clock.set(at("11-23 16:00").isoformat())
    world.act("dispatcher", order_id, "amend", reason="有危险", urgency="emergency")
    heard = climb(world, clock, at("11-23 16:45"))
    assert [line for line in heard if line[1] in ("street", "district")] == [
        ("11-23 16:20", "street", "escalated", "accept"),
        ("11-23 16:40", "district", "escalated", "accept"),
    ]
    world.act("member", order_id, "claim")
    order = world.get("dispatcher", f"/orders/{order_id}").get_json()
    accepting = [line["state"] for line in order["deadlines"] if line["stage"] == "accept"]
    assert accepting == ["void", "missed"]
    world.act("dispatcher", order_id, "lateness", stage="accept", reason="nobody")
    assert [*differences("order", order_id), *check_facts([order_id])] == []


def test_nobody_claims(world: World, clock: Clock) -> None:
    """From the pool to the backstop, beside the ladder of the accepting."""
    clock.set(at("11-23 09:00").isoformat())
    order_id = int(world.order()["id"])
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    heard = climb(
        world,
        clock,
        at("11-25 09:00"),
        step=HALF_HOUR,
        also=[orders_jobs.call_unclaimed, orders_jobs.return_stale, orders_jobs.lapse_offers],
    )
    assert heard == [
        # Four working hours: half of them at 11:00, four fifths at 14:12, the end at 15:00.
        *_desk("11-23 11:00", "due_soon", "accept"),
        *_desk("11-23 14:30", "due_soon", "accept"),
        *_desk("11-23 15:00", "overdue", "accept"),
        # A day in the pool: the desk is asked to name somebody.
        *_desk("11-24 09:00", "unclaimed", ""),
        # Four working hours after the end: 2.5 of them that day, 1.5 the next morning.
        ("11-24 10:00", "leader", "overdue", "accept"),
        *_desk("11-24 21:00", "due_soon", "report"),
        ("11-25 08:30", "street", "escalated", "accept"),
        # Two days in the pool: without a named backstop the leader.
        *_desk("11-25 09:00", "backstop", ""),
    ]
    world.act("dispatcher", order_id, "reassign", assignee_id=world.ids["grid"], reason="兜底")
    later = climb(world, clock, at("11-26 08:00"))
    assert [line for line in later if line[3] == "accept"] == []
