"""Calendars with odd hours and changes of clocks, moments near them, pauses; and open time by rote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st

from app.deadlines.computing.arithmetic import Length, Pause
from app.deadlines.computing.calendar import Calendar
from app.deadlines.computing.states import DayKind

# 400, and fewer only where the run says so (`--hypothesis-profile`).
PROOF = settings(max_examples=4 * settings.default.max_examples, deadline=None, derandomize=True)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
# The clocks change in hours that are left out, that come twice, and at midnight; one by 30 minutes.
_CHANGES = {
    "Asia/Shanghai": ("2026-02-14 10:00", "2026-12-31 10:00"),
    "America/New_York": ("2026-03-08 07:00", "2026-11-01 06:00"),
    "Europe/Berlin": ("2026-03-29 01:00", "2026-10-25 01:00"),
    "Asia/Beirut": ("2026-03-28 22:00", "2026-10-24 21:00"),
    "America/Santiago": ("2026-04-05 03:00", "2026-09-06 04:00"),
    "Australia/Lord_Howe": ("2026-04-04 15:00", "2026-10-03 15:30"),
}
_BOUNDS = [0, 60, 90, 120, 150, 180, 510, 720, 840, 1050, 1200, 1290, 1380, 1440]
Bounds = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Plan:
    """A calendar, and what it is made of: spans in minutes of the day; no hours: day and night."""

    zone: ZoneInfo
    near: datetime
    hours: Mapping[int, Bounds] | None
    special: Mapping[date, DayKind]
    calendar: Calendar

    def bounds(self, day: date) -> Bounds:
        """The day's spans."""
        assert self.hours is not None
        kind = self.special.get(day)
        if kind is DayKind.HOLIDAY:
            return ()
        own = self.hours.get(day.isoweekday(), ())
        if own or kind is None:
            return own
        return next(self.hours[weekday] for weekday in range(1, 8) if weekday in self.hours)

    def is_open(self, moment: datetime) -> bool:
        """By the clock on the wall."""
        if self.hours is None:
            return True
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return any(opens <= minute < closes for opens, closes in self.bounds(local.date()))

    def is_worked(self, day: date) -> bool:
        """Whether any minute of the day is open."""
        midnight = datetime.combine(day, time(), self.zone).astimezone(UTC)
        quarters = (midnight + number * 15 * MINUTE for number in range(-8, 108))
        return any(q.astimezone(self.zone).date() == day and self.is_open(q) for q in quarters)

    def sees_doubled_hours(self, start: datetime, end: datetime) -> bool:
        """Whether the clocks go back between, or have just done so."""
        before = start - 60 * MINUTE
        first, second = (moment.astimezone(self.zone).utcoffset() for moment in (before, end))
        assert first is not None
        assert second is not None
        return second < first


def _clock(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


def _plan(
    change: tuple[str, str],
    weekdays: Sequence[int],
    spans: tuple[Bounds, Bounds],
    around: Mapping[int, DayKind],
) -> Plan:
    zone, near = ZoneInfo(change[0]), datetime.fromisoformat(change[1]).replace(tzinfo=UTC)
    if not weekdays:
        return Plan(zone, near, None, {}, Calendar(zone))
    hours = {day: spans[number % 2] for number, day in enumerate(weekdays)}
    special = {near.date() + number * DAY: kind for number, kind in around.items()}
    clocks = {
        day: tuple((_clock(opens), _clock(closes)) for opens, closes in bounds)
        for day, bounds in hours.items()
    }
    return Plan(zone, near, hours, special, Calendar(zone, clocks, special.get))


# Few draws: each is dear.
_changes = st.sampled_from([(zone, at) for zone, moments in _CHANGES.items() for at in moments])
_weeks = [range(1, 8), range(1, 6), (1, 2, 3, 4, 5, 6), (1, 3, 7), (6, 7), (2,)]
_one = list(combinations(_BOUNDS, 2))
_two = [((a, b), (c, d)) for a, b, c, d in combinations(_BOUNDS, 4)]
_bounds = st.sampled_from([*((span,) for span in _one), *_two[::7]])
_kinds = [(number, kind) for number in range(-8, 13) for kind in DayKind]
_around = st.lists(st.sampled_from(_kinds), max_size=5).map(dict)
_spans = st.tuples(_bounds, _bounds)
# With hours; and any, every third of them day and night.
working_plans = st.builds(_plan, _changes, st.sampled_from(_weeks), _spans, _around)
plans = st.builds(_plan, _changes, st.sampled_from([*_weeks, (), (), ()]), _spans, _around)

# From the change of clocks, and from the start.
minutes = st.integers(-2 * 1440, 2 * 1440).map(lambda number: number * MINUTE)
seconds = st.integers(-2 * 86400, 2 * 86400).map(lambda number: number * SECOND)
lengths = st.one_of(
    st.integers(1, 2000).map(lambda number: Length(minutes=number)),
    st.integers(1, 9).map(lambda number: Length(days=number)),
    st.just(Length(same_day=True)),
)


def _offsets(unit: timedelta, least: int) -> st.SearchStrategy[tuple[timedelta, ...]]:
    soon, late = timedelta(hours=1) // unit, 3 * DAY // unit
    number = st.integers(0, soon) | st.integers(0, late)
    numbers = st.lists(number, min_size=least, max_size=6, unique=True)
    return numbers.map(lambda chosen: tuple(number * unit for number in sorted(chosen)))


# Those in seconds make at least one pause.
offsets, offsets_in_seconds = _offsets(MINUTE, 0), _offsets(SECOND, 2)


def pauses_after(
    start: datetime, chosen: Sequence[timedelta], *, still: bool = True
) -> tuple[Pause, ...]:
    """In order and apart; the last one may go on."""
    moments: list[datetime | None] = [start + offset for offset in chosen]
    if len(moments) % 2:
        moments = [*moments, None] if still else moments[:-1]
    pairs = zip(moments[::2], moments[1::2], strict=True)
    return tuple((paused, resumed) for paused, resumed in pairs if paused is not None)
