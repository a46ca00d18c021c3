"""A calendar says which time counts: day and night, or the hours in which a unit works. Pure."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from app.deadlines.computing.states import CalendarKind, DayKind

Span = tuple[datetime, datetime]
Clock = tuple[time, time]
_DAY = timedelta(days=1)
_NONE = timedelta()
# Days: dates further ahead are not computed.
_HORIZON = 3700

# Holidays with the same date each year; all others are announced in autumn.
FIXED_HOLIDAYS = {
    (1, 1): "元旦",
    (5, 1): "劳动节",
    (5, 2): "劳动节",
    (10, 1): "国庆节",
    (10, 2): "国庆节",
    (10, 3): "国庆节",
}


class Calendar:
    """The open spans of each day in a time zone.

    `hours` are the spans by ISO weekday; None means open day and night. `special` answers whether a
    day is a holiday, a worked day (调休), or neither. A holiday is closed. A worked day has the hours
    of its weekday or, if that has none, those of the first weekday that has any.
    """

    def __init__(
        self,
        zone: ZoneInfo,
        hours: Mapping[int, tuple[Clock, ...]] | None = None,
        special: Callable[[date], DayKind | None] = lambda _: None,
    ) -> None:
        self.zone, self._hours, self._special = zone, hours, special
        self._spans = lru_cache(maxsize=2000)(self._spans_of)
        if hours is not None and not any(hours.values()):
            raise ValueError("the hours have no span on any weekday")

    @property
    def kind(self) -> CalendarKind:
        """Whether the calendar counts day and night or working hours."""
        return CalendarKind.EVERY_DAY if self._hours is None else CalendarKind.WORKING

    def is_counting(self, day: date) -> bool:
        """Whether any time of that day counts."""
        return self._hours is None or bool(self._spans(day))

    def opening(self, moment: datetime) -> datetime:
        """The moment itself if it counts, else the next opening. Closing time does not count."""
        if self._hours is None:
            return moment
        return next(max(start, moment) for start, end in self._from(moment) if end > moment)

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """The counted time between two moments; zero if the end is not after the start."""
        if end <= start:
            return _NONE
        if self._hours is None:
            return end - start
        counted = _NONE
        for opens, closes in self._from(start):
            if opens >= end:
                break
            counted += max(_NONE, min(closes, end) - max(opens, start))
        return counted

    def add(self, start: datetime, length: timedelta) -> datetime:
        """The moment when so much counted time has passed; the next opening instead of a closing time.

        Raises ValueError if that is more than ten years ahead.
        """
        if self._hours is None:
            return start + length
        for opens, closes in self._from(start):
            begins = max(opens, start)
            if closes > begins and begins + length < closes:
                return begins + length
            length -= max(_NONE, closes - begins)
        raise ValueError("the date is too far away to be computed")

    def add_days(self, start: datetime, days: int) -> datetime:
        """The same local time on the n-th following day that counts.

        A start outside the hours counts from the next opening. Raises ValueError as `add` does.
        """
        begins = self.opening(start)
        local = begins.astimezone(self.zone)
        # When clocks go back an hour comes twice. A start in the second one counts as the end of the
        # hour, so that a later start is never due earlier.
        clock = _after_fold(local) if local.fold else local.replace(tzinfo=None)
        day = local.date()
        if self._hours is None:
            day += days * _DAY
        else:
            for _ in range(days):
                day = self._next_counting(day)
        # That hour may end at midnight, on the next day.
        day += clock.date() - local.date()
        return self.opening(_at(self.zone, datetime.combine(day, clock.time())))

    def end_of_day(self, start: datetime) -> datetime:
        """The end of the counted time of the day, given as the next opening.

        A start outside the hours belongs to the next day that counts.
        """
        begins = self.opening(start)
        day = begins.astimezone(self.zone).date()
        if self._hours is None:
            return _at(self.zone, datetime.combine(day + _DAY, time()))
        return self.opening(self._spans(day)[-1][1])

    def last_counting_day(self, moment: datetime) -> date:
        """The day of the moment if it counts, else the nearest day before that counts."""
        day = moment.astimezone(self.zone).date()
        for _ in range(_HORIZON):
            if self.is_counting(day):
                return day
            day -= _DAY
        raise ValueError("the date is too far away to be computed")

    def at(self, day: date, clock: time) -> datetime:
        """The moment of that local time on that day."""
        return _at(self.zone, datetime.combine(day, clock))

    def _next_counting(self, day: date) -> date:
        for _ in range(_HORIZON):
            day += _DAY
            if self.is_counting(day):
                return day
        raise ValueError("the date is too far away to be computed")

    def _from(self, moment: datetime) -> Iterator[Span]:
        day = moment.astimezone(self.zone).date()
        for _ in range(_HORIZON):
            yield from self._spans(day)
            day += _DAY
        raise ValueError("the date is too far away to be computed")

    def _spans_of(self, day: date) -> tuple[Span, ...]:
        assert self._hours is not None  # noqa: S101  # for the type checker
        kind = self._special(day)
        if kind is DayKind.HOLIDAY:
            return ()
        spans = self._hours.get(day.isoweekday(), ())
        if not spans and kind is DayKind.WORKDAY:
            spans = next(
                self._hours[weekday] for weekday in sorted(self._hours) if self._hours[weekday]
            )
        moments = (
            (self.at(day, opens), self.at(day + _DAY if closes == time() else day, closes))
            for opens, closes in spans
        )
        # When clocks go forward, a span may lie in the hour that does not exist.
        return tuple((opens, closes) for opens, closes in moments if opens < closes)


def _after_fold(local: datetime) -> datetime:
    """The first local time after the hour that comes twice."""
    moment = local.astimezone(UTC)
    while moment.astimezone(local.tzinfo).fold:
        moment = (moment + timedelta(minutes=1)).replace(second=0, microsecond=0)
    return moment.astimezone(local.tzinfo).replace(tzinfo=None)


def _at(zone: ZoneInfo, local: datetime) -> datetime:
    """The moment of a local time; if clocks leave it out, the moment when they are changed."""
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local:
        return moment
    later = local.replace(second=0, microsecond=0)
    while True:
        later += timedelta(minutes=1)
        moment = later.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == later:
            return moment


def read_hours(value: Mapping[str, Any]) -> dict[int, tuple[Clock, ...]]:
    """Reads the spans of a setting by weekday: {"1": [["08:30", "12:00"], …], …}; "24:00" ends a day.

    Raises ValueError if spans overlap or run backwards, or if no weekday has a span.
    """
    hours: dict[int, tuple[Clock, ...]] = {}
    for weekday, spans in value.items():
        if weekday not in "1234567" or len(weekday) != 1:
            raise ValueError(f"{weekday!r} is not a weekday from 1 to 7")
        read = tuple((_clock(opens), _clock(closes)) for opens, closes in spans)
        bounds = [
            _minute(clock, is_end=is_end) for span in read for is_end, clock in enumerate(span)
        ]
        if any(first >= second for first, second in zip(bounds, bounds[1:], strict=False)):
            raise ValueError(f"the spans of weekday {weekday} overlap or run backwards")
        hours[int(weekday)] = read
    if not any(hours.values()):
        raise ValueError("no weekday has a span")
    return hours


def _clock(text: str) -> time:
    clock = time() if text == "24:00" else time.fromisoformat(text)
    if clock.tzinfo is not None:
        raise ValueError(f"{text!r} has a time zone, but a local time is needed")
    return clock


def _minute(clock: time, *, is_end: int) -> int:
    minute = clock.hour * 60 + clock.minute
    return 24 * 60 if is_end and not minute else minute
