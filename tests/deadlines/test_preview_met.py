"""The preview with `met_at`: what was used, what is left and what is late, worked out by hand."""

from dataclasses import dataclass
from typing import Any

import pytest

from app.kernel.clock import LOCAL
from tests.deadlines.around import moment
from tests.deadlines.test_deadlines_api import code_of, ok
from tests.world import World

PATH = "/deadlines/preview"
# A unit works from 08:30 to 12:00 and from 14:00 to 17:30: 210 and 210 minutes.
FOUR_HOURS = {"calendar": "working", "minutes": 240}
ONE_HOUR = {"calendar": "working", "minutes": 60}


@dataclass(frozen=True)
class Case:
    """A target, a start and a moment at which it is met, all of 2026, with the figures by hand."""

    why: str
    target: dict[str, Any]
    start: str
    met_at: str
    due_at: str | None
    used: int | None
    left: int | None
    overdue: bool
    pauses: tuple[tuple[str, str | None], ...] = ()


CASES = (
    # Monday: 180 minutes until lunch, 60 after it: 15:00. From 09:00 to 11:00 are 120.
    Case("within the morning", FOUR_HOURS, "03-02 09:00", "03-02 11:00",
         "03-02 15:00", 120, 120, False),
    # 180 before lunch and 30 after it.
    Case("after lunch", FOUR_HOURS, "03-02 09:00", "03-02 14:30", "03-02 15:00", 210, 30, False),
    # Lunch counts nothing: 180.
    Case("at lunch", FOUR_HOURS, "03-02 09:00", "03-02 13:00", "03-02 15:00", 180, 60, False),
    Case("exactly when it is due", FOUR_HOURS, "03-02 09:00", "03-02 15:00",
         "03-02 15:00", 240, 0, False),
    Case("one minute late", FOUR_HOURS, "03-02 09:00", "03-02 15:01",
         "03-02 15:00", 241, -1, True),
    # Only whole minutes count, but half a minute late is late.
    Case("half a minute late", FOUR_HOURS, "03-02 09:00", "03-02 15:00:30",
         "03-02 15:00", 240, 0, True),
    # Friday 16:30 to 17:30 are 60; the other 180 are Monday's from 08:30: 11:30.
    Case("at the weekend", FOUR_HOURS, "03-06 16:30", "03-07 10:00",
         "03-09 11:30", 60, 180, False),
    # Friday 40 minutes; Saturday the 14th is worked in exchange: 200 from 08:30 are 11:50, 150 until
    # 11:00.
    Case("a Saturday that is worked", FOUR_HOURS, "02-13 16:50", "02-14 11:00",
         "02-14 11:50", 190, 50, False),
    # 60 on the 14th; the Spring Festival goes until the 23rd; on the 24th 210 in the morning and 10
    # after lunch.
    Case("late after a festival", FOUR_HOURS, "02-14 16:30", "02-24 14:10",
         "02-24 11:30", 280, -40, True),
    # Seven days of 420: the 14th, the 24th to the 28th (a worked Saturday), 2 March. Six of them are
    # over on the 28th at the same time of day.
    Case("working days", {"calendar": "working", "days": 7}, "02-13 16:50", "02-28 16:50",
         "03-02 16:50", 2520, 420, False),
    # 60 until 10:00, 60 from 11:00 to 12:00, 90 from 14:00. Due after 30 more.
    Case("an hour of pause", FOUR_HOURS, "03-02 09:00", "03-02 15:30",
         "03-02 16:00", 210, 30, False, (("03-02 10:00", "03-02 11:00"),)),
    # It stands still from 10:00 on, so it has no date and uses nothing up.
    Case("while it stands still", FOUR_HOURS, "03-02 09:00", "03-02 10:30",
         None, 60, 180, False, (("03-02 10:00", None),)),
    # Due at 10:00; 60 until then, 30 until the pause, 30 after it.
    Case("a pause after it was due", ONE_HOUR, "03-02 09:00", "03-02 11:30",
         "03-02 10:00", 120, -60, True, (("03-02 10:30", "03-02 11:00"),)),
    # 420 minutes end with the day: due is the next opening, and the evening counts nothing.
    Case("in the evening of the last day", {"calendar": "working", "minutes": 420},
         "03-02 08:30", "03-02 20:00", "03-03 08:30", 420, 0, False),
    # Natural time: 24 hours, and an hour and a half more.
    Case("a natural day", {"calendar": "every_day", "days": 1}, "03-06 16:00", "03-07 17:30",
         "03-07 16:00", 1530, -90, True),
    Case("a stage without a date", {}, "03-02 09:00", "03-02 10:00", None, None, None, False),
)  # fmt: skip


def _said(text: str) -> str:
    return moment(text).astimezone(LOCAL).isoformat()


def _stage(case: Case) -> str:
    return "solve" if case.target else "zero"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_by_hand(world: World, case: Case) -> None:
    """Date, minutes used, minutes left, and whether it came late."""
    stage = _stage(case)
    pauses = [{"from": _said(since), "to": until and _said(until)} for since, until in case.pauses]
    answer = world.post(
        "duty",
        PATH,
        stages=[{"stage": stage, **case.target}],
        start=_said(case.start),
        pauses=pauses,
        met_at={stage: _said(case.met_at)},
    )
    (found,) = ok(answer)["stages"]
    assert {
        name: found[name] for name in ("due_at", "used_minutes", "left_minutes", "overdue")
    } == {
        "due_at": case.due_at and _said(case.due_at),
        "used_minutes": case.used,
        "left_minutes": case.left,
        "overdue": case.overdue,
    }


def test_only_what_was_met_has_figures(world: World) -> None:
    """Of a policy's other stages nothing is said; without `met_at` nobody has asked."""
    start, met_at = _said("03-02 09:00"), {"accept": _said("03-02 10:00")}
    asked = {"policy": "ordinary_13710", "start": start}
    plain = {stage["stage"]: stage for stage in ok(world.post("duty", PATH, **asked))["stages"]}
    found = ok(world.post("duty", PATH, **asked, met_at=met_at))["stages"]
    names = ("used_minutes", "left_minutes", "overdue")
    said = {stage["stage"]: tuple(stage.pop(name) for name in names) for stage in found}
    assert said.pop("accept") == (60, 180, False)
    assert set(said.values()) == {(None, None, None)}
    assert {stage["stage"]: stage for stage in found} == plain


@pytest.mark.parametrize(
    ("met_at", "code"),
    [
        ({"solve": "2026-03-02T08:59:59+08:00"}, "preview.met_before_start"),
        ({"contact": "2026-03-02T10:00:00+08:00"}, "preview.no_such_stage"),
        ({"lunch": "2026-03-02T10:00:00+08:00"}, "field.unknown"),
        ({"solve": "2026-03-02T10:00:00"}, "time.zone_missing"),
        ({"solve": 5}, "body.invalid"),
    ],
)
def test_what_cannot_be(world: World, met_at: dict[str, Any], code: str) -> None:
    """Met before it began, or what the policy does not ask for."""
    asked = {"policy": "general_7d", "start": "2026-03-02T09:00:00+08:00"}
    assert code_of(world.post("duty", PATH, **asked, met_at=met_at), 422) == code


def test_nothing_is_met_before_its_start_but_at_it(world: World) -> None:
    """Met at once: nothing used, everything left."""
    start = "2026-03-02T09:00:00+08:00"
    answer = world.post(
        "duty", PATH, stages=[{"stage": "solve", **ONE_HOUR}], start=start, met_at={"solve": start}
    )
    (found,) = ok(answer)["stages"]
    assert (found["used_minutes"], found["left_minutes"], found["overdue"]) == (0, 60, False)
