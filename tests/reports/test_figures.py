"""Figures: a small history counted by hand."""

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from app.deadlines.terms.models import DeadlinePolicy
from app.kernel.database import session
from app.kernel.periods import (
    Period,
    month_of,
    months_of,
    named_period,
    week_name,
    week_of,
    weeks_of,
)
from app.orders.clockwork import jobs
from tests.orders.days import Day, run
from tests.orders.stages import NOTE
from tests.orders.stories import read
from tests.world import World

pytestmark = pytest.mark.slow

PERIOD = "from=2027-03-01&to=2027-03-14"
NOTHING = {
    "due": 0, "on_time": 0, "refused": 0, "met_late": 0, "ended_late": 0, "open_late": 0, "late": 0,
}  # fmt: skip


def _figures(world: World, who: str = "dispatcher", query: str = "", **given: Any) -> Any:
    unit = given.get("unit_id", world.community.id)
    return read(
        world, who, f"/reports/figures?unit_id={unit}&{given.get('period', PERIOD)}&{query}"
    )


def _row(figures: dict[str, Any], stage: str, key: str | None = None) -> dict[str, Any]:
    rows = [row for row in figures["rows"] if row["stage"] == stage and key in (None, row["key"])]
    (found,) = rows
    return dict(found)


def _counts(**given: Any) -> dict[str, Any]:
    return {**NOTHING, **given}


def test_stages_by_hand(world: World, two_weeks_of_orders: dict[str, int]) -> None:
    """Each order once a stage, by its worst; minutes of those that were met, b's rounds both.

    arrange: 60, 1680, 30 and 70, 20 minutes of 1440. accept: in working hours 60, 30, 50 of 240.
    report: 1440, 11520, 1500, 20 of 4320. solve: 2880, 11520, 1500, 20 of 10080.
    """
    figures = _figures(world)
    assert [row["stage"] for row in figures["rows"]] == ["arrange", "accept", "report", "solve"]
    for stage, counts, times in (
        ("arrange", _counts(due=4, on_time=3, open_late=1, late=1), (372, 1068)),
        ("accept", _counts(due=3, on_time=2, ended_late=1, late=1), (47, 193)),
        ("report", _counts(due=4, on_time=3, open_late=1, late=1), (3620, 700)),
        ("solve", _counts(due=4, on_time=3, open_late=1, late=1), (3980, 6100)),
    ):
        row = _row(figures, stage)
        assert {name: row[name] for name in NOTHING} == counts, stage
        assert (row["used_minutes"], row["left_minutes"]) == times, stage
        assert row["rate"] == round(counts["on_time"] / counts["due"], 4)
        assert row["ranked"] is False
    assert figures["unit"] == {"id": world.community.id, "name": "东风社区"}
    assert (figures["from"], figures["to"], figures["by"]) == ("2027-03-01", "2027-03-14", "stage")


def test_answers_closes_and_reasons_by_hand(
    world: World, two_weeks_of_orders: dict[str, int]
) -> None:
    """Who was not asked counts for nothing; the unanswered close stands apart."""
    figures = _figures(world)
    share = {"ranked": False}
    assert figures["response"] == {"count": 3, "of": 4, "rate": 0.75, **share}
    assert figures["solved"] == {"count": 2, "of": 3, "rate": 0.6667, **share}
    assert figures["satisfied"] == {"count": 1, "of": 2, "rate": 0.5, **share}
    assert figures["reopened"] == {"count": 0, "of": 3, "rate": 0.0, **share}
    assert (figures["unanswered"], figures["not_recognised"]) == (1, 0)
    assert figures["reasons"] == [
        {"stage": "arrange", "reason": None, "count": 1},
        {"stage": "accept", "reason": None, "count": 1},
        {"stage": "report", "reason": None, "count": 1},
        {"stage": "solve", "reason": "material", "count": 1},
    ]
    assert figures["weeks"] == [
        {"name": "2027-W09", "since": "2027-03-01", "until": "2027-03-07",
         "due": 0, "met_late": 0, "still_open": 0},
        {"name": "2027-W10", "since": "2027-03-08", "until": "2027-03-14",
         "due": 4, "met_late": 0, "still_open": 1},
    ]  # fmt: skip


def test_a_refused_completion_is_not_on_time(world: World, day: Day) -> None:
    """Done in time, and done again: once for the round that was refused, and the order reopened."""
    order_id = int(world.claimed()["id"])
    for hours in (3, 6):
        day.go(hours=hours)
        if hours == 6:
            world.act("dispatcher", order_id, "dispatch", mode="pool")
            world.act("member", order_id, "claim")
        world.act("member", order_id, "complete", note=NOTE)
        world.act("resident", order_id, "rate", solved=hours == 6)
    day.go(days=14)
    figures = _figures(world)
    solve = _row(figures, "solve")
    assert {name: solve[name] for name in NOTHING} == _counts(due=1, refused=1)
    assert solve["rate"] == 0
    assert figures["reopened"]["count"] == 1
    assert figures["reasons"] == []
    # The second round was due after half the time.
    first, second = (
        _row(_figures(world, period=f"from={day_}&to={day_}"), "solve")
        for day_ in ("2027-03-08", "2027-03-05")
    )
    assert (first["refused"], first["on_time"]) == (1, 0)
    assert (second["refused"], second["on_time"]) == (0, 1)


def test_only_what_has_fallen_due(world: World, day: Day) -> None:
    """Not what is still to come, what was withdrawn before, or what stands still."""
    world.lift_caps()
    gone, paused, last = (int(world.claimed()["id"]) for _ in range(3))
    day.go(days=6)
    world.act("resident", gone, "cancel", reason="不用了")
    (request,) = read(world, "dispatcher", f"/orders/{gone}")["requests"]
    agreed = world.post("dispatcher", f"/orders/{gone}/requests/{request['id']}/agree")
    assert agreed.status_code == 200
    until = "2027-03-09T09:00:00+08:00"
    world.act("member", paused, "suspend", reason="等配件到货", until=until)
    day.go(days=7, minutes=-1)
    figures = _figures(world)
    assert [row["stage"] for row in figures["rows"]] == ["arrange", "accept", "report"]
    day.go(days=7)
    solve = _row(_figures(world), "solve")
    assert {name: solve[name] for name in NOTHING} == _counts(due=1, open_late=1, late=1)
    world.act("dispatcher", last, "recall", reason="重新安排")
    world.act("dispatcher", last, "reject", reason="不归社区管", note="请找供电公司")
    # What was given up after its date stays late.
    solve = _row(_figures(world), "solve")
    assert {name: solve[name] for name in NOTHING} == _counts(due=1, ended_late=1, late=1)


def test_a_merged_one_was_late_before(world: World, day: Day) -> None:
    """It will never be done by itself."""
    root, order_id = (int(world.order()["id"]) for _ in range(2))
    day.go(days=2)
    world.act("dispatcher", order_id, "merge", into_id=root)
    arrange = _row(_figures(world), "arrange")
    assert {name: arrange[name] for name in NOTHING} == _counts(
        due=2, open_late=1, ended_late=1, late=2
    )


def test_by_unit(world: World, two_weeks_of_orders: dict[str, int]) -> None:
    """The units just below with all that is in them; above all their own."""
    street = _figures(world, "street", "by=unit", unit_id=world.street.id)
    mine, other = str(world.community.id), str(world.other_community.id)
    assert {row["key"] for row in street["rows"]} == {mine, other}
    assert _row(street, "solve", mine)["due"] == 4
    assert _row(street, "solve", other)["open_late"] == 1
    assert {row["name"] for row in street["rows"]} == {"东风社区", "西园社区"}
    own = _figures(world, query="by=unit")
    assert {row["key"] for row in own["rows"]} == {mine}
    district = _figures(world, "district", "by=unit", unit_id=world.district.id)
    assert _row(district, "solve", str(world.street.id))["due"] == 5


def test_by_category_week_and_month(world: World, two_weeks_of_orders: dict[str, int]) -> None:
    """An order counts in each week in which a stage of it was due."""
    assert {row["name"] for row in _figures(world, query="by=category")["rows"]} == {"未分类"}
    weeks = _figures(world, query="by=week")
    first, second = (_row(weeks, "arrange", f"2027-W{n}") for n in ("09", "10"))
    # b was late in the first week, and again in the second.
    assert {name: first[name] for name in NOTHING} == _counts(due=4, on_time=3, met_late=1, late=1)
    assert {name: second[name] for name in NOTHING} == _counts(due=1, open_late=1, late=1)
    (month,) = {row["key"] for row in _figures(world, query="by=month")["rows"]}
    assert month == "2027-03"


def test_people_are_not_ranked(world: World, two_weeks_of_orders: dict[str, int]) -> None:
    """For leaders alone; by name, and never comparable."""
    path = f"/reports/figures?unit_id={world.community.id}&{PERIOD}&by=handler"
    for who in ("dispatcher", "duty", "grid"):
        answer = world.get(who, path)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "figures.not_of_people")
    rows = _figures(world, "leader", "by=handler")["rows"]
    names = [(row["name"], row["key"]) for row in rows]
    assert names == sorted(names)
    assert not any(row["ranked"] for row in rows)
    counted = {(row["key"], row["stage"]): row for row in rows}
    # The member has met a's in time, and b's late in its first round.
    member = counted[str(world.ids["member"]), "solve"]
    assert {name: member[name] for name in NOTHING} == _counts(due=2, on_time=1, met_late=1, late=1)
    assert counted["", "solve"]["open_late"] == 1
    assert counted["", "solve"]["name"] == "无人办理"


def test_ten_orders_are_compared(world: World, day: Day) -> None:
    """Nine are not."""
    world.lift_caps()
    for _ in range(9):
        world.order()
    day.go(days=2)
    nine = _row(_figures(world), "arrange")
    assert (nine["due"], nine["rate"], nine["ranked"]) == (9, 0.0, False)
    day.go()
    world.order()
    day.go(days=2)
    assert _row(_figures(world), "arrange")["ranked"] is True
    people = _figures(world, "leader", "by=handler")
    assert [(row["due"], row["ranked"]) for row in people["rows"]] == [(10, False)]


def test_confidential_orders(world: World, day: Day) -> None:
    """Are counted for whoever may see them."""
    world.order(category_id=world.categories["噪声扰民"])
    day.go(days=14)
    assert _row(_figures(world, "dispatcher"), "arrange")["due"] == 1
    assert _figures(world, "duty")["rows"] == []


def test_pauses_take_no_time(world: World, day: Day) -> None:
    """Neither by the clock nor in working hours; what was imposed earlier cuts the target."""
    lamp, errand = (int(world.claimed(**more)["id"]) for more in (
        {}, {"category_id": world.categories["学业辅导"]}
    ))  # fmt: skip
    for order_id in (lamp, errand):
        until = "2027-03-03T09:00:00+08:00"
        world.act("member", order_id, "suspend", reason="等材料", until=until)
    day.go(days=2)
    assert run(jobs.resume_due) == 2
    day.go(days=2, hours=2)
    for order_id in (lamp, errand):
        world.act("member", order_id, "complete", note=NOTE)
    imposed = int(world.order("dispatcher", source="superior", external_number="街〔2027〕3号",
                              on_behalf_of={"name": "李奶奶", "phone": "13912345678"},
                              imposed_due_at="2027-03-03T15:00:00+08:00")["id"])  # fmt: skip
    world.act("dispatcher", imposed, "settle", note=NOTE)
    day.go(days=21)
    by_category = _figures(world, period="from=2027-03-01&to=2027-03-21", query="by=category")
    lamps = _row(by_category, "solve", "")
    errands = _row(by_category, "solve", str(world.categories["学业辅导"]))
    # Two hours of seven days; at once of the four that were left.
    assert (lamps["used_minutes"], lamps["left_minutes"]) == (60, (10080 - 120 + 240) // 2)
    # Of the first day's half past eight to the claim nothing; two hours of 420 a day.
    assert errands["used_minutes"] == 120
    assert errands["used_minutes"] + errands["left_minutes"] == 420 * _errand_days()


def _errand_days() -> int:
    """The target of 代办, in working days."""
    policy = select(DeadlinePolicy.stages).where(DeadlinePolicy.code == "affairs")
    (solve,) = [rule for rule in session.scalars(policy).one() if rule["stage"] == "solve"]
    assert solve["calendar"] == "working"
    return int(solve["days"])


def test_the_first_answer_counts(world: World, day: Day) -> None:
    """What comes back to the desk later, and waits there, changes nothing about it."""
    order_id = int(world.order()["id"])
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    world.act("dispatcher", order_id, "recall", reason="重新安排")
    day.go(days=3)
    figures = _figures(world)
    assert _row(figures, "arrange")["open_late"] == 1
    assert (figures["response"]["count"], figures["response"]["of"]) == (1, 1)


def test_who_sees_which(world: World, two_weeks_of_orders: dict[str, int]) -> None:
    """Staff of the unit and above; a foreign unit is as good as none."""
    for who in ("resident", "member", "admin", "other_leader"):
        missing = world.get(who, f"/reports/figures?unit_id=99999&{PERIOD}")
        foreign = world.get(who, f"/reports/figures?unit_id={world.community.id}&{PERIOD}")
        assert missing.status_code == foreign.status_code == 404, who
        assert missing.get_json()["detail"] == foreign.get_json()["detail"]


@pytest.mark.parametrize(
    ("period", "code"),
    [
        ("from=2027-03-02&to=2027-03-01", "figures.period"),
        ("from=0001-01-01&to=0001-01-02", "figures.period"),
        ("from=2027-01-01&to=9999-12-31", "figures.period"),
        ("from=2027-01-01&to=2028-01-02", "figures.too_long"),
        ("from=2027-03-01", "body.invalid"),
        ("from=1.3.2027&to=2027-03-02", "body.invalid"),
        (f"{PERIOD}&by=weather", "body.invalid"),
    ],
)
def test_bad_periods(world: World, period: str, code: str) -> None:
    answer = world.get("leader", f"/reports/figures?unit_id={world.community.id}&{period}")
    assert (answer.status_code, answer.get_json()["code"]) == (422, code)


@pytest.mark.parametrize(
    ("days", "week"),
    [("from=2000-01-01&to=2000-01-02", "1999-W52"), ("from=2199-12-30&to=2199-12-31", "2200-W01")],
)
def test_a_week_half_beyond_the_years(world: World, days: str, week: str) -> None:
    """The first and the last days that may be asked for stand in a week as all others do."""
    answer = world.get("leader", f"/reports/figures?unit_id={world.community.id}&{days}")
    assert (answer.status_code, [one["name"] for one in answer.get_json()["weeks"]]) == (
        200,
        [week],
    )


def test_a_year_is_not_too_long(world: World) -> None:
    """366 days, weeks cut at both ends."""
    figures = _figures(world, period="from=2027-01-01&to=2028-01-01")
    assert len(figures["weeks"]) == 53
    assert figures["weeks"][0]["name"] == "2026-W53"
    assert figures["weeks"][-1]["until"] == "2028-01-01"


def test_weeks_and_months() -> None:
    """Monday to Sunday, named by the year of its Thursday; months by the calendar."""
    assert week_of(date(2027, 1, 3)) == Period(date(2026, 12, 28), date(2027, 1, 3))
    assert week_name(date(2027, 1, 3)) == "2026-W53"
    assert named_period("2026-W53") == week_of(date(2027, 1, 1))
    assert month_of(date(2028, 2, 29)) == Period(date(2028, 2, 1), date(2028, 2, 29))
    assert named_period("2027-12") == Period(date(2027, 12, 1), date(2027, 12, 31))
    whole = Period(date(2026, 12, 30), date(2027, 1, 5))
    assert list(weeks_of(whole).values()) == [
        Period(date(2026, 12, 30), date(2027, 1, 3)),
        Period(date(2027, 1, 4), date(2027, 1, 5)),
    ]
    assert list(months_of(whole)) == ["2026-12", "2027-01"]
    assert whole.start == datetime.fromisoformat("2026-12-30T00:00:00+08:00")
    assert whole.end == datetime.fromisoformat("2027-01-06T00:00:00+08:00")
    assert whole.days == 7
