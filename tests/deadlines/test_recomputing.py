"""After a change of policy, calendar or hours everything that runs is computed again, and told."""

from sqlalchemy import select, update

from app.deadlines.computing.states import Stage
from app.deadlines.policies.service import publish_policy
from app.deadlines.standing.behind import unfinished
from app.deadlines.standing.models import Deadline, DeadlineFact, DeadlineStep, Recomputation
from app.deadlines.standing.rebuilding import differences
from app.deadlines.terms.models import DeadlinePolicy
from app.kernel.database import session
from app.organisation.service import set_setting
from app.pasts.checking import check_facts
from tests.conftest import Clock
from tests.deadlines.changes import change_day, publish_days, recompute_all
from tests.deadlines.ladders import at, climb, sweep_all
from tests.orders.stories import order_of, told
from tests.world import SYSTEM, World


def _current(code: str) -> DeadlinePolicy:
    rows = select(DeadlinePolicy).where(
        DeadlinePolicy.code == code,
        DeadlinePolicy.superseded_at.is_(None),
        DeadlinePolicy.unit_id.is_(None),
    )
    return session.scalars(rows).one()


def _solving(order_id: int) -> Deadline:
    mine = (Deadline.subject_id == order_id, Deadline.stage == Stage.SOLVE)
    return session.scalars(select(Deadline).where(*mine)).one()


def test_a_shorter_policy(world: World, clock: Clock) -> None:
    """What is used is kept, the ladder begins anew, the resident hears, what is met stays judged."""
    world.lift_caps()
    clock.set(at("12-01 09:00").isoformat())
    running, done = int(world.claimed()["id"]), int(world.claimed()["id"])
    world.act("member", done, "complete", note="换好了灯管，请看看。")
    clock.set(at("12-02 09:00").isoformat())
    publish_days("ordinary_13710", solve=4)
    clock.set(at("12-04 22:00").isoformat())
    # Until it has been computed again nothing is announced by the old dates.
    before = told(world, "member", "due_soon", running)
    sweep_all()
    assert told(world, "member", "due_soon", running) == before
    assert recompute_all() == 2
    assert order_of(running).due_at == at("12-05 09:00")
    assert told(world, "resident", "extended", running) == 1
    row = _solving(running)
    assert (row.generation, row.started_at) == (2, at("12-01 09:00"))
    skipped = session.scalars(select(DeadlineStep).where(DeadlineStep.deadline_id == row.id))
    assert {(step.step, step.skipped) for step in skipped} == {
        ("share_50", True),
        ("last_day", True),
    }
    assert _solving(done).due_at == at("12-08 09:00")
    assert order_of(done).due_at == at("12-08 09:00")
    heard = climb(world, clock, at("12-05 10:00"))
    assert ("12-05 09:00", "member", "overdue", "solve") in heard
    assert [*differences("order", running), *check_facts([running, done])] == []


def test_no_day_that_is_past_is_promised(world: World, clock: Clock) -> None:
    """A rule so short that the order is overdue by it at once: the resident reads of no new day."""
    clock.set(at("12-01 09:00").isoformat())
    order_id = int(world.order()["id"])
    clock.set(at("12-06 09:00").isoformat())
    publish_days("ordinary_13710", solve=2)
    assert recompute_all() == 1
    assert order_of(order_id).due_at == at("12-03 09:00")
    assert told(world, "resident", "extended", order_id) == 0


def test_it_is_finished_when_no_straggler_can_be_left(world: World, clock: Clock) -> None:
    """Progress is counted; a minute later it still looks, after five it is done."""
    clock.set(at("12-01 09:00").isoformat())
    world.order()
    publish_days("ordinary_13710", solve=5)
    (change,) = session.scalars(select(Recomputation)).all()
    assert (change.policy, change.total, change.done) == ("ordinary_13710", 1, 0)
    assert recompute_all() == 1
    (change,) = session.scalars(select(Recomputation)).all()
    assert (change.done, change.finished_at) == (1, None)
    clock.set(at("12-01 09:06").isoformat())
    assert recompute_all() == 0
    (change,) = session.scalars(select(Recomputation)).all()
    assert change.finished_at == at("12-01 09:06")
    assert unfinished() == ()


def test_what_an_earlier_change_has_done_counts_for_the_later(world: World, clock: Clock) -> None:
    """Two in a row are computed once; when both are finished, neither stands at nothing."""
    clock.set(at("12-01 09:00").isoformat())
    world.order()
    publish_days("ordinary_13710", solve=5)
    publish_days("ordinary_13710", solve=4)
    assert recompute_all() == 1
    clock.set(at("12-01 09:06").isoformat())
    assert recompute_all() == 0
    found = session.scalars(select(Recomputation).order_by(Recomputation.id))
    assert [(change.done, change.total) for change in found] == [(1, 1), (1, 1)]
    assert unfinished() == ()


def test_of_a_unit_that_tightens(world: World, clock: Clock) -> None:
    """Its own orders alone, and those placed after at once by the new rule."""
    clock.set(at("12-01 09:00").isoformat())
    here = int(world.order()["id"])
    there = int(world.order("other_resident")["id"])
    stages = [{"stage": "solve", "days": 3}]
    publish_policy(
        SYSTEM, "ordinary_13710", unit_id=world.community.id, stages=stages, based_on=None
    )
    session.commit()
    assert recompute_all() == 1
    assert order_of(here).due_at == at("12-04 09:00")
    assert order_of(there).due_at == at("12-08 09:00")
    assert order_of(int(world.order("resident2")["id"])).due_at == at("12-04 09:00")


def test_a_holiday_that_is_announced(world: World, clock: Clock) -> None:
    """A working day less: seven working days end a day later; natural days stay."""
    clock.set(at("12-01 09:00").isoformat())
    about = world.categories["社保医保"]
    by_working_days = int(world.order(category_id=about)["id"])
    natural = int(world.order()["id"])
    assert order_of(by_working_days).due_at == at("12-10 09:00")
    change_day("2026-12-04")
    assert recompute_all() == 2
    assert order_of(by_working_days).due_at == at("12-11 09:00")
    assert order_of(natural).due_at == at("12-08 09:00")


def test_other_hours(world: World, clock: Clock) -> None:
    """Four working hours of a unit that works in the mornings alone."""
    clock.set(at("12-01 09:00").isoformat())
    order_id = int(world.order()["id"])
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    accepting = (Deadline.subject_id == order_id, Deadline.stage == Stage.ACCEPT)
    row = session.scalars(select(Deadline).where(*accepting)).one()
    assert row.due_at == at("12-01 15:00")
    mornings = {str(day): [["09:00", "12:00"]] for day in range(1, 6)}
    set_setting(SYSTEM, world.street.id, key="deadlines.hours", value=mornings)
    session.commit()
    assert recompute_all() == 1
    row = session.scalars(select(Deadline).where(*accepting)).one()
    assert row.due_at == at("12-02 10:00")


def test_what_is_done_meanwhile_is_computed_again_too(world: World, clock: Clock) -> None:
    """A verb between the change and the computing goes by the old rule, and is still behind."""
    clock.set(at("12-01 09:00").isoformat())
    order_id = int(world.order()["id"])
    publish_days("ordinary_13710", solve=4)
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    assert order_of(order_id).due_at == at("12-08 09:00")
    assert recompute_all() == 1
    assert order_of(order_id).due_at == at("12-05 09:00")


def test_reminders_at_other_times(world: World, clock: Clock) -> None:
    """Of the same date: what it waited for is no longer a rung, and all that come after it stand."""
    clock.set(at("12-01 09:00").isoformat())
    order_id = int(world.claimed()["id"])
    row = _current("ordinary_13710")
    stages = [{**s, "shares": [60, 90]} if s["stage"] == "solve" else s for s in row.stages]
    publish_policy(SYSTEM, "ordinary_13710", stages=stages, based_on=row.id)
    session.commit()
    assert (_solving(order_id).next_step, recompute_all()) == ("share_50", 1)
    assert (_solving(order_id).generation, _solving(order_id).next_step) == (1, "share_60")
    clock.set(at("12-01 09:06").isoformat())
    recompute_all()
    heard = [line for line in climb(world, clock, at("12-14 09:00")) if line[3] == "solve"]
    assert [line for line in heard if line[1] in ("member", "street", "district")] == [
        ("12-05 13:48", "member", "due_soon", "solve"),
        ("12-07 16:12", "member", "due_soon", "solve"),
        ("12-08 09:00", "member", "overdue", "solve"),
        ("12-10 08:30", "street", "escalated", "solve"),
        ("12-14 08:30", "district", "escalated", "solve"),
    ]


def test_a_bad_one_holds_up_nobody(world: World, clock: Clock) -> None:
    """What cannot be computed keeps its dates and is reminded by them; the others are computed."""
    clock.set(at("12-01 09:00").isoformat())
    world.lift_caps()
    bad, good = int(world.claimed()["id"]), int(world.claimed()["id"])
    broken = update(DeadlineFact).where(DeadlineFact.subject_id == bad)
    session.execute(broken.values(details={"versions": "unreadable"}))
    session.commit()
    publish_days("ordinary_13710", solve=4)
    assert recompute_all() == 2
    assert (order_of(bad).due_at, order_of(good).due_at) == (at("12-08 09:00"), at("12-05 09:00"))
    clock.set(at("12-08 09:00").isoformat())
    assert recompute_all() == 0
    assert unfinished() == ()
    sweep_all()
    steps = select(DeadlineStep.step).where(
        DeadlineStep.deadline_id == _solving(bad).id, ~DeadlineStep.skipped
    )
    assert session.scalars(steps).all() == ["late_desk"]
