"""The free hours of a person's week, applied to the days of the calendar."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from app.dispatching.states import AHEAD_DAYS, SHORTEST_VISIT
from app.kernel.clock import LOCAL, local_date
from app.people.states import WEEKDAYS

Hours = Mapping[str, Any]
Times = tuple[datetime, datetime]


def weekday_of(day: date) -> str:
    """Returns the weekday whose free hours hold on that day, "mon" to "sun".

    The working calendar is not asked: a make-up Sunday (调休) is still "sun".
    """
    return WEEKDAYS[day.weekday()]


def is_free(hours: Iterable[Hours], since: datetime, until: datetime) -> bool:
    """Returns whether a free span of 30 minutes or more lies between `since` and `until`.

    `hours` are weeks of one person: {"mon": [("08:00", "12:00"), …], …}. Also True if there is no
    week or one of the weeks is empty, because nobody knows then when the person is free.
    """
    weeks = list(hours)
    if not weeks or not all(weeks):
        return True
    found = (span for day in _days(since, until) for span in _spans(weeks, day))
    return any(min(until, end) - max(since, begin) >= SHORTEST_VISIT for begin, end in found)


def next_free(hours: Iterable[Hours], at: datetime) -> Times | None:
    """The first free span of 30 minutes or more in the seven days after `at`, cut off at `at`.

    None if there is no such span, no week is given, or one of the weeks is empty.
    """
    weeks = list(hours)
    if not weeks or not all(weeks):
        return None
    for day in _days(at, at + timedelta(days=AHEAD_DAYS)):
        for begin, end in sorted(_spans(weeks, day)):
            if end - max(at, begin) >= SHORTEST_VISIT:
                return max(at, begin), end
    return None


def _days(since: datetime, until: datetime) -> Iterator[date]:
    day, last = local_date(since), local_date(until)
    while day <= last:
        yield day
        day += timedelta(days=1)


def _spans(weeks: Iterable[Hours], day: date) -> Iterator[Times]:
    for week in weeks:
        for begin, end in week.get(weekday_of(day), ()):
            yield _moment(day, begin), _moment(day, end)


def _moment(day: date, text: str) -> datetime:
    # 24:00 is the midnight that ends the day.
    hour, minute = divmod(int(text[:2]) * 60 + int(text[3:]), 60)
    midnight = datetime.combine(day, time(), LOCAL)
    return midnight + timedelta(hours=hour, minutes=minute)
