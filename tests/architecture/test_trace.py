"""Five acts run through no more files, rooms and statements than is written here."""

from sqlalchemy import text

from app.kernel.clock import now, to_local
from app.kernel.database import session
from app.kernel.http import App
from app.organisation.queries import setting
from tests.architecture.acts import traced_acts
from tests.architecture.trace import Trace, tracing
from tests.conftest import Clock
from tests.world import World

# Files of ours entered, changes of room, statements: none of these figures may grow. A claim was at
# (48, 285, 25) while orders had flat files. The aim is (30, 150, 25).
CEILINGS = {
    "place": (64, 172, 18),
    "claim": (59, 168, 25),
    "rate": (48, 112, 22),
    "sweep": (29, 67, 9),
    "imported row": (43, 136, 13),
}


def test_no_act_wanders_further(app: App, world: World, clock: Clock) -> None:
    """Each act stays below its ceilings; the failure shows what an act did that does not."""
    world.lift_caps()
    traces = traced_acts(world, app, clock.set)
    assert traces.keys() == CEILINGS.keys()
    above = [act for act, ceiling in CEILINGS.items() if _is_above(traces[act], ceiling)]
    assert not above, "\n".join(
        line for act in above for line in (f"{act}: {traces[act].figures}", *traces[act].report())
    )


def _is_above(trace: Trace, ceiling: tuple[int, int, int]) -> bool:
    return any(found > most for found, most in zip(trace.figures, ceiling, strict=True))


def test_the_trace_counts(world: World) -> None:
    """Files, rooms and statements of a block, also where a library stands between two functions."""
    with tracing() as trace:
        moment = now()
        sorted([moment], key=to_local)
        setting(world.community.id, "orders.open_cap")
        session.execute(text("SELECT 1"))
    assert trace.calls["kernel/clock.py"] == 2
    assert trace.calls["organisation/queries/settings.py"] >= 1
    assert any(
        (caller.room, callee.room) == ("organisation", "kernel") for caller, callee in trace.between
    )
    assert trace.changes >= 2
    assert trace.statements[-1] == "SELECT 1"
