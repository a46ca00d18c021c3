"""Five acts as they are traced: each is done once before, so that caches are full."""

import io
from collections.abc import Callable

from flask import Flask

from app.deadlines.door import jobs
from app.intake.mappings import shipped_mapping
from app.intake.service.importing import enter_lines
from app.intake.sheets import read_sheet
from app.kernel.actor import Actor
from app.kernel.database import transaction
from tests.architecture.trace import Trace, tracing, tracing_requests
from tests.intake.invented import LEDGER, as_csv, ledger_row
from tests.world import World

_IMPORTER = Actor.system("tests")


def traced_acts(world: World, served: Flask, set_clock: Callable[[str], None]) -> dict[str, Trace]:
    """What the second of each of these acts does; no order may be there before."""
    for day in (23, 24):
        swept = _sweep(world, set_clock, day)
    return {
        "place": _request(served, lambda: _place(world)),
        "claim": _request(served, lambda: _claim(world)),
        "rate": _request(served, lambda: _rate(world)),
        "sweep": swept,
        "imported row": [_import(world, number) for number in (1, 2)][-1],
    }


def _request(served: Flask, act: Callable[[], object]) -> Trace:
    """The last request that the act sends, the second time."""
    act()
    with tracing_requests(served) as traces:
        act()
    return traces[-1]


def _place(world: World) -> int:
    place, category = world.place.id, world.categories["暖气不热"]
    return int(world.order(place_id=place, category_id=category)["id"])


def _claim(world: World) -> None:
    order_id = _place(world)
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    world.act("member", order_id, "claim")


def _rate(world: World) -> None:
    order_id = _place(world)
    world.act("dispatcher", order_id, "dispatch", mode="direct", assignee_id=world.ids["grid"])
    world.act("grid", order_id, "complete", note="修好了，请看一看。")
    world.act("resident", order_id, "rate", solved=True, satisfied=True, stars=5)


def _import(world: World, number: int) -> Trace:
    """A row of a ledger, read already and entered alone."""
    mapping = shipped_mapping("ledger")
    file = io.BytesIO(as_csv([ledger_row(number)], LEDGER))
    sheet = read_sheet(file, mapping.needed)
    lines = list(sheet.lines)
    with tracing() as trace, transaction():
        entered = enter_lines(_IMPORTER, mapping, world.community.id, sheet.headings, lines, {})
    assert entered.added == 1
    return trace


def _sweep(world: World, set_clock: Callable[[str], None], day: int) -> Trace:
    """The first rung of one order, which is then withdrawn."""
    set_clock(f"2026-11-{day}T09:00:00+08:00")
    order_id = _place(world)
    set_clock(f"2026-11-{day}T21:00:00+08:00")
    with tracing() as trace, transaction():
        assert jobs.sweep() > 0
    world.act("resident", order_id, "cancel", reason="不用了。")
    return trace
