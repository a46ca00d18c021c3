"""The calendar: filled, edited, imported, and what changes of hours set going."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete, select

from app.deadlines.computing.clocks import Fact
from app.deadlines.computing.states import CalendarKind, DayKind, FactKind, Stage
from app.deadlines.days.queries import YearCalendar, year_calendar
from app.deadlines.days.service import CalendarReport, import_days, seed_calendar, set_day
from app.deadlines.days.special import announced_days, announced_years, differences, fixed_days
from app.deadlines.door import jobs
from app.deadlines.standing.following import Subject, choice, follow
from app.deadlines.standing.models import Recomputation
from app.deadlines.terms.models import CalendarDay
from app.deadlines.terms.surroundings import calendar_of
from app.kernel.audit import AuditRow
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Conflict, Forbidden, Invalid, Stale
from app.organisation.service import set_setting
from tests.conftest import count
from tests.deadlines.test_policies import refused
from tests.world import SYSTEM, World

NEXT = max(announced_years()) + 1
A_WEDNESDAY = date(2026, 3, 4)


def counts(world: World, day: date) -> bool:
    """Whether people of the community work on that day."""
    return calendar_of(world.community.id, CalendarKind.WORKING).is_counting(day)


def change(day: date, kind: DayKind | None, name: str = "", **more: Any) -> CalendarReport:
    values = {"year": day.year, "day": day.isoformat(), "check": lambda _: None} | more
    return set_day(SYSTEM, kind=kind, name=name, **values)


def changes() -> list[Recomputation]:
    return list(session.scalars(select(Recomputation).order_by(Recomputation.id)))


def texts(report: CalendarReport) -> list[tuple[str, str]]:
    return [(difference.change.value, difference.text) for difference in report.differences]


def running(world: World) -> None:
    """Two stages of one subject."""
    stages = (Stage.ARRANGE, Stage.SOLVE)
    chosen = choice("general_7d", "normal", world.community.id).as_details()
    fact = Fact(FactKind.STARTED, now(), 1, stages, chosen)
    follow(Subject("thing", 1, 1, "general_7d"), [fact], is_new=True)


def test_what_is_announced_is_there(world: World) -> None:
    """By the notice of the State Council: 2026 has six days worked in exchange."""
    found = year_calendar(SYSTEM, 2026)
    assert found.confirmed
    worked = [s.day for s in found.days if s.kind is DayKind.WORKDAY]
    assert worked == [
        date(2026, 1, 4),
        date(2026, 2, 14),
        date(2026, 2, 28),
        date(2026, 5, 9),
        date(2026, 9, 20),
        date(2026, 10, 10),
    ]
    off = {s.day: s.text for s in found.days if s.kind is DayKind.HOLIDAY}
    assert len(off) == 33
    assert off[date(2026, 2, 23)] == "放假（春节）"
    assert {s.source for s in found.days} == {"chinesecalendar"}
    assert {day.year for day in session.scalars(select(CalendarDay.day))} == announced_years()
    assert min(announced_years()) == 2024
    assert counts(world, date(2026, 2, 28))
    assert not counts(world, date(2026, 2, 23))


def test_a_year_that_nobody_has_announced_is_provisional(world: World) -> None:
    """Weekdays and the fixed holidays, as the arithmetic has them too."""
    found = year_calendar(SYSTEM, NEXT)
    assert not found.confirmed
    assert found.by_day == fixed_days(NEXT)
    assert not counts(world, date(NEXT, 10, 1))
    assert all(counts(world, s.day) is False for s in found.days)
    with refused(Invalid, "calendar.bad_year"):
        year_calendar(SYSTEM, 1899)


def test_filling_fills_what_is_missing(world: World) -> None:
    """A year that staff have put in stays as it is."""
    assert seed_calendar(SYSTEM) == 0
    change(A_WEDNESDAY, DayKind.HOLIDAY, "停工")
    gone = (CalendarDay.day >= date(2025, 1, 1)) & (CalendarDay.day < date(2026, 1, 1))
    session.execute(delete(CalendarDay).where(gone))
    before = count(Recomputation)
    assert seed_calendar(SYSTEM) == len(announced_days(2025)) == 33
    assert count(Recomputation) == before
    assert year_calendar(SYSTEM, 2026).by_day[A_WEDNESDAY].name == "停工"


def test_the_timetable_fills_and_computes_again(world: World) -> None:
    """Only when something has come."""
    assert jobs.fill_calendar() == 0
    assert changes() == []
    gone = CalendarDay.day >= date(2026, 1, 1)
    session.execute(delete(CalendarDay).where(gone))
    assert jobs.fill_calendar() == len(announced_days(2026))
    assert [(row.reason, row.policy, row.unit_path) for row in changes()] == [
        ("放假安排公布了", None, None)
    ]
    assert jobs.fill_calendar() == 0


def test_a_day_is_changed(world: World) -> None:
    """Off, worked, and as its weekday says again; the arithmetic follows at once."""
    running(world)
    report = change(A_WEDNESDAY, DayKind.HOLIDAY, "停工")
    assert texts(report) == [("added", "3月4日（星期三）改为放假（停工）。")]
    assert report.summary == "2026年增加1天，2个正在计时的时限重新计算。"
    assert not counts(world, A_WEDNESDAY)
    row = session.get_one(CalendarDay, A_WEDNESDAY)
    assert (row.source, row.confirmed) == ("staff", True)
    assert [(c.reason, c.total, c.unit_path) for c in changes()] == [
        ("改了2026年的工作日历", 1, None)
    ]
    holiday = date(2026, 10, 1)
    report = change(holiday, DayKind.WORKDAY, "国庆节")
    text = "10月1日（星期四）原来放假（国庆节），改为上班（国庆节）。"
    assert texts(report) == [("changed", text)]
    assert counts(world, holiday)
    report = change(A_WEDNESDAY, None)
    text = "3月4日（星期三）不再放假（停工），照平常。"
    assert texts(report) == [("removed", text)]
    assert counts(world, A_WEDNESDAY)
    assert len(changes()) == 3
    noted = session.scalars(select(AuditRow).where(AuditRow.action == "calendar.changed")).all()
    assert [(row.subject_id, row.fields) for row in noted][0] == (2026, ["2026-03-04"])


def test_what_is_no_change_sets_nothing_going(world: World) -> None:
    report = change(A_WEDNESDAY, None)
    assert report.summary == "2026年没有变化。"
    assert changes() == []
    assert not session.scalars(select(AuditRow).where(AuditRow.action == "calendar.changed")).all()


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2026-02-30", "calendar.bad_day"),
        ("明天", "calendar.bad_day"),
        ("20260304", "calendar.bad_day"),
        ("2025-03-04", "calendar.other_year"),
    ],
)
def test_a_bad_day_is_refused(world: World, day: str, code: str) -> None:
    """Nothing changes."""
    before = year_calendar(SYSTEM, 2026)
    with refused(Invalid, code):
        set_day(SYSTEM, 2026, day, kind=DayKind.HOLIDAY, name="", check=lambda _: None)
    assert year_calendar(SYSTEM, 2026) == before


def test_a_single_day_does_not_make_a_year(world: World) -> None:
    """Of a year that is not announced the whole list is needed: one row would look like all."""
    with refused(Conflict, "calendar.not_announced"):
        change(date(NEXT, 3, 4), DayKind.HOLIDAY)
    assert not year_calendar(SYSTEM, NEXT).confirmed


def test_a_day_is_changed_as_it_was_read(world: World) -> None:
    """Whoever has read another year than it is now is told so."""
    read = year_calendar(SYSTEM, 2026).version

    def check(version: int) -> None:
        if version != read:
            raise Stale("version.stale", "内容已被别人修改。")

    change(A_WEDNESDAY, DayKind.HOLIDAY, check=check)
    with refused(Stale, "version.stale"):
        change(date(2026, 3, 5), DayKind.HOLIDAY, check=check)


def table(*rows: str) -> str:
    return "\n".join(["\ufeff日期,类别,名称", *rows])


def test_a_year_is_imported(world: World) -> None:
    """Tried first: the difference in words, and nothing changes; then it holds."""
    running(world)
    fixed = [f"{NEXT}/{s.day.month}/{s.day.day},放假,{s.name}" for s in fixed_days(NEXT).values()]
    worked = date(NEXT, 3, 6)
    rows = [*fixed[1:], f"{NEXT}-3-3,放假,元宵节", "", f"{worked.isoformat()},上班,元宵节"]
    tried = import_days(SYSTEM, NEXT, csv=table(*rows), dry_run=True)
    assert [kind for kind, _ in texts(tried)] == ["removed", "added", "added"]
    assert tried.summary == f"{NEXT}年增加2天、去掉1天，2个正在计时的时限将重新计算。"
    assert not year_calendar(SYSTEM, NEXT).confirmed
    assert changes() == []
    done = import_days(SYSTEM, NEXT, csv=table(*rows))
    assert texts(done) == texts(tried)
    found = year_calendar(SYSTEM, NEXT)
    assert found.confirmed
    assert {s.source for s in found.days} == {"import"}
    assert len(found.days) == 7
    assert date(NEXT, 1, 1) not in found.by_day
    assert not counts(world, date(NEXT, 3, 3))
    assert [row.reason for row in changes()] == [f"改了{NEXT}年的工作日历"]
    assert import_days(SYSTEM, NEXT, csv=table(*rows)).differences == []
    assert len(changes()) == 1
    assert seed_calendar(SYSTEM) == 0


def test_what_only_confirms_is_written_too(world: World) -> None:
    """The same days as before, but now announced: nothing needs computing again."""
    days = [{"day": s.day, "kind": s.kind, "name": s.name} for s in fixed_days(NEXT).values()]
    assert import_days(SYSTEM, NEXT, days=days).differences == []
    assert year_calendar(SYSTEM, NEXT).confirmed
    assert changes() == []


def test_what_is_announced_comes_back(world: World) -> None:
    """What staff have changed shows as a difference first."""
    change(A_WEDNESDAY, DayKind.HOLIDAY, "停工")
    change(date(2026, 10, 1), None)
    report = import_days(SYSTEM, 2026, source="chinesecalendar")
    assert [kind for kind, _ in texts(report)] == ["removed", "added"]
    assert year_calendar(SYSTEM, 2026).by_day == announced_days(2026)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "calendar.one_source"),
        ({"csv": table(), "source": "chinesecalendar"}, "calendar.one_source"),
        ({"days": []}, "calendar.no_days"),
        ({"csv": table()}, "calendar.no_days"),
        ({"csv": ""}, "calendar.bad_table"),
        ({"csv": "day,kind\n2027-01-01,holiday"}, "calendar.bad_table"),
        ({"csv": "日期,类别\n" + "x" * 200_000}, "calendar.bad_table"),
        ({"csv": table("2026-13-01,放假,元旦")}, "calendar.bad_day"),
        ({"csv": table("2026-01-01,也许,元旦")}, "calendar.bad_kind"),
        ({"csv": table("2026-01-01")}, "calendar.bad_kind"),
        ({"csv": table(f"2026-01-01,放假,{'元' * 21}")}, "calendar.bad_name"),
        ({"csv": table("2025-01-01,放假,元旦")}, "calendar.other_year"),
        ({"csv": table(*["2026-01-01,放假,元旦"] * 2)}, "calendar.day_twice"),
    ],
)
def test_a_bad_list_is_refused(world: World, given: dict[str, Any], code: str) -> None:
    """Each with its own code; nothing changes."""
    before = year_calendar(SYSTEM, 2026)
    with refused(Invalid, code):
        import_days(SYSTEM, 2026, **given)
    assert year_calendar(SYSTEM, 2026) == before
    assert changes() == []


def test_a_bad_row_is_named(world: World) -> None:
    with pytest.raises(Invalid, match="calendar.bad_day") as caught:
        import_days(SYSTEM, 2026, csv=table("2026-01-01,放假,元旦", "2026-02-30,放假,春节"))
    assert caught.value.message.startswith("第3行：")


def test_a_year_that_the_library_does_not_know(world: World) -> None:
    with refused(Invalid, "calendar.year_unknown"):
        import_days(SYSTEM, NEXT, source="chinesecalendar")


def test_those_who_may_not(world: World) -> None:
    """Neither the street nor a leader."""
    for who in ("street", "leader", "resident"):
        actor = world.actor(who)
        with refused(Forbidden, "calendar.not_allowed"):
            import_days(actor, 2026, source="chinesecalendar", dry_run=True)
        with refused(Forbidden, "calendar.not_allowed"):
            set_day(actor, 2026, "2026-03-04", kind=None, name="", check=lambda _: None)
        with refused(Forbidden, "calendar.not_allowed"):
            seed_calendar(actor)


def test_the_version_tells_years_apart() -> None:
    """Another for a day more, and for the same days once they are announced."""
    days = announced_days(2026)
    fewer = {day: special for day, special in days.items() if day.month > 1}
    versions = {
        YearCalendar(2026, True, days).version,
        YearCalendar(2026, True, fewer).version,
        YearCalendar(2026, False, days).version,
    }
    assert len(versions) == 3
    assert differences(days, days) == []


# --- hours, zone and quiet hours of a unit


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hours", {}),
        ("hours", {"1": []}),
        ("hours", {"8": [["08:00", "12:00"]]}),
        ("hours", {"1": [["12:00", "08:00"]]}),
        ("hours", {"1": [["08:00", "12:00"], ["11:00", "13:00"]]}),
        ("hours", {"1": [["08:00", "25:00"]]}),
        ("hours", {"1": [["24:00", "25:00"]]}),
        ("hours", {"1": [["08:00+08:00", "12:00"]]}),
        ("hours", {"1": [["08:00:30", "12:00"]]}),
        ("hours", {"1": [["08:00", 12]]}),
        ("hours", {"1": ["08:00"]}),
        ("hours", {"1": "08:00-12:00"}),
        ("hours", {"1": {"08": 1}}),
        ("hours", []),
        ("zone", "Asia/Peking"),
        ("zone", "../../etc/passwd"),
        ("zone", "Asia"),
        ("zone", ""),
        ("quiet_from", "24:00"),
        ("quiet_from", "9:00"),
        ("quiet_until", "07:30:00"),
        ("quiet_until", "清早"),
    ],
)
def test_a_bad_setting_is_refused(world: World, key: str, value: Any) -> None:
    """When it is set, not when something is computed by it."""
    with refused(Invalid, "setting.bad_value"):
        set_setting(SYSTEM, world.community.id, key=f"deadlines.{key}", value=value)
    assert changes() == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hours", {"1": [["08:00", "12:00"], ["13:00", "24:00"]], "6": [["00:00", "06:00"]]}),
        ("zone", "Asia/Urumqi"),
        ("quiet_from", "22:00"),
        ("quiet_until", "00:00"),
    ],
)
def test_a_changed_setting_computes_the_subtree_again(world: World, key: str, value: Any) -> None:
    """Of this unit and those below; once more when it is taken back."""
    for set_to in (value, None):
        set_setting(SYSTEM, world.community.id, key=f"deadlines.{key}", value=set_to)
    found = [(row.policy, row.unit_path) for row in changes()]
    assert found == [(None, world.community.path)] * 2
    assert all(row.reason.startswith("改了设置：") for row in changes())


def test_other_settings_concern_no_deadline(world: World) -> None:
    set_setting(SYSTEM, world.community.id, key="orders.open_cap", value=7)
    assert changes() == []


@pytest.mark.parametrize(
    ("hours", "admitted"),
    [
        ({"1": [["08:30", "08:31"]]}, False),
        ({str(day): [["09:00", "11:59"]] for day in range(1, 6)}, False),
        ({str(day): [["09:00", "12:00"]] for day in range(1, 6)}, True),
        ({"6": [["00:00", "15:00"]]}, True),
        ({"7": [["09:00", "24:00"]]}, True),
    ],
)
def test_a_unit_works_fifteen_hours_a_week(
    world: World, hours: dict[str, list[list[str]]], *, admitted: bool
) -> None:
    """With a minute a week it would put off whatever counts in working hours for years."""
    unit_id = world.community.id
    if admitted:
        set_setting(SYSTEM, unit_id, key="deadlines.hours", value=hours)
        return
    with pytest.raises(Invalid) as refused:
        set_setting(SYSTEM, unit_id, key="deadlines.hours", value=hours)
    assert refused.value.code == "setting.bad_value"


def test_hours_of_a_unit_count(world: World) -> None:
    """A community that works on Saturdays."""
    saturday = date(2026, 3, 7)
    assert not counts(world, saturday)
    hours = {str(day): [["08:00", "18:00"]] for day in range(1, 7)}
    set_setting(SYSTEM, world.community.id, key="deadlines.hours", value=hours)
    assert counts(world, saturday)
    assert not calendar_of(world.street.id, CalendarKind.WORKING).is_counting(saturday)
