"""延期到一个月为止, then 立项计划: who may, until when, what is asked every month and who hears of it."""

from datetime import datetime, timedelta

import pytest

from app.kernel.clock import now
from tests.conftest import Clock
from tests.orders.rows import heard, last_message, later, local_morning, refused
from tests.orders.stages import claimed, closed, completed, merged, submitted, suspended
from tests.orders.stories import actions_of, assert_sound, events_for, order_of, read, stage_of
from tests.world import World

HOW = "先请设计院看现场，春天施工，五月底前完工。"
MONTH = timedelta(days=30)


@pytest.fixture(autouse=True)
def _at_nine(clock: Clock) -> None:
    clock.set(local_morning().isoformat())


def _go(clock: Clock, **spans: float) -> None:
    clock.set((now() + timedelta(**spans)).isoformat())


def _plan(world: World, order_id: int, days: float) -> dict[str, object]:
    return world.act("dispatcher", order_id, "plan", due_at=later(days=days), note=HOW)


def test_an_extension_ends_a_month_after_the_beginning(world: World) -> None:
    """To the second, whoever asks; a superior could not agree to more either."""
    order_id = claimed(world)
    for who in ("member", "dispatcher", "street"):
        sent = refused(
            world,
            who,
            f"/orders/{order_id}/extend",
            due_at=later(days=30, seconds=1),
            reason="等材料",
        )
        assert sent == (422, "order.beyond_month"), who
    order = world.act("dispatcher", order_id, "extend", due_at=later(days=30), reason="等材料")
    asked = order["requests"][-1]["id"]
    assert world.post("street", f"/orders/{order_id}/requests/{asked}/agree").status_code == 200
    assert order_of(order_id).due_at == now() + MONTH


def test_the_month_counts_from_the_round(world: World, clock: Clock) -> None:
    """What begins again has a month again."""
    order_id = closed(world)
    _go(clock, days=20)
    world.act("resident", order_id, "reopen", reason="又坏了")
    sent = refused(world, "dispatcher", f"/orders/{order_id}/plan", due_at=later(days=30), note=HOW)
    assert sent == (422, "order.plan_within_month")
    sent = refused(
        world,
        "dispatcher",
        f"/orders/{order_id}/extend",
        due_at=later(days=30, seconds=1),
        reason="等材料",
    )
    assert sent == (422, "order.beyond_month")
    assert stage_of(_plan(world, order_id, 31), "monthly")["round"] == 2


def test_a_plan_is_the_new_promise(world: World) -> None:
    """The resident hears of the day, the unit above of the plan; nobody else of either."""
    order_id = claimed(world)
    since = last_message()
    order = _plan(world, order_id, 90)
    row = order_of(order_id)
    assert row.due_at == row.planned_until == now() + timedelta(days=90)
    assert (order["status"], row.extensions) == ("claimed", 0)
    assert heard(world, order_id, since) == {("resident", "extended"), ("street", "planned")}
    solve = stage_of(order, "solve")
    assert datetime.fromisoformat(solve["due_at"]) == row.due_at
    assert solve["state"] == "pending"
    event = events_for(world, "street", order_id)[-1]
    assert (event["action"], event["note"]) == ("plan", HOW)
    assert_sound(order_id)


def test_a_plan_makes_no_lateness_good(world: World, clock: Clock) -> None:
    """What is overdue stays so for good; the day is told and the reports are asked for all the same."""
    order_id = claimed(world)
    due_at = order_of(order_id).due_at
    _go(clock, days=8)
    since = last_message()
    order = _plan(world, order_id, 60)
    row = order_of(order_id)
    assert (row.due_at, row.planned_until) == (due_at, now() + timedelta(days=60))
    assert stage_of(order, "solve")["state"] == "missed"
    assert stage_of(order, "monthly")["state"] == "pending"
    assert heard(world, order_id, since) == {("resident", "extended"), ("street", "planned")}
    assert_sound(order_id)


def test_of_the_street_the_district_hears(world: World) -> None:
    """Always the unit above the one that handles it."""
    order_id = submitted(world)
    asked = world.act("dispatcher", order_id, "report_up", reason="超出社区能力")["requests"][-1]
    world.post("street", f"/orders/{order_id}/requests/{asked['id']}/agree")
    since = last_message()
    world.act("street", order_id, "plan", due_at=later(days=60), note=HOW)
    assert heard(world, order_id, since) == {("resident", "extended"), ("district", "planned")}


def test_a_report_every_month(world: World, clock: Clock) -> None:
    """Thirty days from the plan, and from each report on; what is late shows so; without, none."""
    order_id = claimed(world)
    stages = [row["stage"] for row in read(world, "dispatcher", f"/orders/{order_id}")["deadlines"]]
    assert "monthly" not in stages
    first = stage_of(_plan(world, order_id, 90), "monthly")
    assert (
        datetime.fromisoformat(first["due_at"]) == now() + MONTH == order_of(order_id).next_due_at
    )
    assert (first["state"], first["met_at"]) == ("pending", None)
    _go(clock, days=29)
    order = world.act("member", order_id, "progress", note="设计院来看过，图纸正在画。")
    turns = [row for row in order["deadlines"] if row["stage"] == "monthly"]
    assert [row["state"] for row in turns] == ["met", "pending"]
    assert datetime.fromisoformat(turns[1]["due_at"]) == now() + MONTH
    _go(clock, days=30, seconds=1)
    order = read(world, "member", f"/orders/{order_id}")
    assert stage_of(order, "monthly")["state"] == "missed"
    assert stage_of(order, "solve")["state"] == "pending"
    # The resident has been promised a day, not reports.
    assert [
        row["stage"] for row in read(world, "resident", f"/orders/{order_id}")["deadlines"]
    ] == ["solve"]


def test_done_is_done(world: World) -> None:
    """Before the first report; nothing is asked for any more."""
    order_id = claimed(world)
    _plan(world, order_id, 90)
    world.act("member", order_id, "complete", note="提前办好了，请看看。")
    seen = read(world, "dispatcher", f"/orders/{order_id}")
    states = {row["stage"]: row["state"] for row in seen["deadlines"]}
    assert (states["monthly"], states["solve"]) == ("met", "met")
    assert order_of(order_id).next_due_at is None


def test_not_done_after_all(world: World, clock: Clock) -> None:
    """What a check gives back is reported on again every month."""
    order_id = claimed(world)
    _plan(world, order_id, 90)
    _go(clock, days=20)
    world.act("member", order_id, "complete", note="提前办好了，请看看。")
    _go(clock, days=1)
    world.act("dispatcher", order_id, "check", passed=False, note="还没有办好，请继续。")
    seen = read(world, "dispatcher", f"/orders/{order_id}")["deadlines"]
    monthly = [row for row in seen if row["stage"] == "monthly"]
    assert [row["state"] for row in monthly] == ["met", "pending"]
    assert datetime.fromisoformat(monthly[1]["due_at"]) == now() + MONTH
    assert_sound(order_id)


def test_a_round_later_there_is_no_plan(world: World) -> None:
    """重办 begins without; its reports are those of every order."""
    order_id = claimed(world)
    _plan(world, order_id, 90)
    world.act("member", order_id, "complete", note="办好了，请看看。")
    world.act("resident", order_id, "rate", solved=False)
    assert order_of(order_id).planned_until is None
    seen = read(world, "dispatcher", f"/orders/{order_id}")
    again = [row["stage"] for row in seen["deadlines"] if row["round"] == 2]
    assert again == ["arrange", "solve"]


def test_a_plan_may_be_made_anew(world: World, clock: Clock) -> None:
    """Later or earlier, but beyond the month; the reports go on as they were due."""
    order_id = claimed(world)
    monthly = stage_of(_plan(world, order_id, 90), "monthly")["due_at"]
    _go(clock, days=10)
    for days in (120, 60):
        order = _plan(world, order_id, days)
        assert order_of(order_id).due_at == now() + timedelta(days=days)
        assert stage_of(order, "monthly")["due_at"] == monthly
    assert actions_of(order_id)[-3:] == ["plan", "plan", "plan"]


def test_also_when_it_is_late_already(world: World, clock: Clock) -> None:
    """Then an extension is refused, a plan is not; but it makes nothing good."""
    order_id = claimed(world)
    _go(clock, days=40)
    path = f"/orders/{order_id}"
    assert stage_of(read(world, "dispatcher", path), "solve")["state"] == "missed"
    past = refused(world, "dispatcher", f"{path}/plan", due_at=later(seconds=0), note=HOW)
    assert past == (422, "order.plan_within_month")
    assert stage_of(_plan(world, order_id, 20), "solve")["state"] == "missed"


def test_who_may(world: World) -> None:
    """The dispatcher and whoever is above; not who handles it, nor the requester."""
    world.lift_caps()
    for who in ("dispatcher", "leader", "street", "district"):
        order_id = claimed(world)
        order = world.act(who, order_id, "plan", due_at=later(days=60), note=HOW)
        assert "plan" in order["actions"]
    for who, wanted in (
        ("member", (403, "order.not_allowed")),
        ("resident", (403, "order.not_allowed")),
        ("duty", (403, "order.not_allowed")),
        ("grid", (403, "order.not_allowed")),
        ("other_dispatcher", (404, "not_found")),
    ):
        body = {"due_at": later(days=60), "note": HOW}
        assert refused(world, who, f"/orders/{order_id}/plan", **body) == wanted, who


def test_bad_plans_change_nothing(world: World) -> None:
    """Within the month, without how, without a zone, beyond a superior's date, of what is done."""
    world.lift_caps()
    path = f"/orders/{claimed(world)}/plan"
    good = {"due_at": later(days=60), "note": HOW}
    for wrong, code in (
        ({"due_at": later(days=30)}, "order.plan_within_month"),
        ({"due_at": later(days=-1)}, "order.plan_within_month"),
        ({"due_at": "2030-01-01T09:00:00"}, "time.zone_missing"),
        ({"note": "慢慢办吧先等等看"}, "order.plan_too_short"),
    ):
        assert refused(world, "dispatcher", path, **(good | wrong)) == (422, code)
    for missing in good:
        body = {name: value for name, value in good.items() if name != missing}
        assert refused(world, "dispatcher", path, **body)[0] == 422, missing
    imposed = world.order("duty", source="superior", imposed_due_at=later(days=45))["id"]
    sent = refused(world, "dispatcher", f"/orders/{imposed}/plan", **good)
    assert sent == (422, "order.beyond_imposed")
    for stage in (completed, closed, merged):
        sent = refused(world, "dispatcher", f"/orders/{stage(world)}/plan", **good)
        assert sent == (409, "order.action_not_allowed")


def test_while_it_stands_still(world: World, clock: Clock) -> None:
    """The plan's day moves by what is left of the pause."""
    order_id = suspended(world)
    until = now() + timedelta(days=60)
    _plan(world, order_id, 60)
    _go(clock, days=1)
    world.act("member", order_id, "resume")
    assert order_of(order_id).due_at == until + timedelta(days=1)
