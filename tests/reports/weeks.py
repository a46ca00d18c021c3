"""Two weeks of five orders, small enough to be counted by hand."""

from app.orders.clockwork import jobs
from tests.orders.days import Day, run
from tests.orders.stages import NOTE
from tests.world import World


def two_weeks(world: World, day: Day) -> dict[str, int]:
    """Five orders of the morning of Monday 1 March 2027; two weeks later somebody counts.

    a: done in two days.  b: dispatched after 28 hours, done after eight days, and not solved.
    c: nobody takes it in time, recalled, taken the next morning.  e: settled at once, never rated.
    d: a neighbour's.
    """
    world.lift_caps()
    ids = {name: int(world.order()["id"]) for name in "abce"}
    a, b, c, e = ids.values()
    ids["d"] = int(world.order("other_resident")["id"])
    day.go(minutes=20)
    world.act("dispatcher", e, "settle", note=NOTE)
    day.go(minutes=30)
    world.act("dispatcher", c, "dispatch", mode="pool")
    day.go(hours=1)
    world.act("dispatcher", a, "dispatch", mode="pool")
    day.go(hours=2)
    world.act("member", a, "claim")
    day.go(hours=7)
    world.act("dispatcher", c, "recall", reason="没有人接")
    day.go(hours=8, minutes=10)
    world.act("dispatcher", c, "dispatch", mode="pool")
    day.go(days=1)
    world.act("member", a, "progress", note="已经看过，明天带灯管来换。")
    world.act("member2", c, "claim")
    day.go(days=1, hours=1)
    world.act("member2", c, "complete", note=NOTE)
    day.go(days=1, hours=2)
    world.act("resident", c, "rate", solved=True, satisfied=False)
    day.go(days=1, hours=4)
    world.act("dispatcher", b, "dispatch", mode="pool")
    day.go(days=1, hours=5, minutes=30)
    world.act("member", b, "claim")
    day.go(days=2)
    world.act("member", a, "complete", note=NOTE)
    day.go(days=2, hours=1)
    world.act("resident", a, "rate", solved=True, satisfied=True)
    day.go(days=7, hours=2)
    assert run(jobs.close_unanswered) == 1
    day.go(days=8)
    world.act("member", b, "complete", note=NOTE)
    world.act("member", b, "lateness", stage="solve", reason="material")
    day.go(days=8, hours=1)
    world.act("resident", b, "rate", solved=False)
    day.go(days=14)
    return ids
