"""Arithmetic of counted time: targets, pauses and the time used. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.deadlines.computing.calendar import Calendar

# When a pause began and when it ended; None while it lasts.
Pause = tuple[datetime, datetime | None]
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Length:
    """The length of a target: a number of minutes, a number of days, or the rest of the day."""

    minutes: int | None = None
    days: int | None = None
    same_day: bool = False


def length_from(calendar: Calendar, start: datetime, length: Length) -> timedelta:
    """The counted time that a length means for something that starts at that moment.

    It is computed without the pauses; `due` shifts the date by them.
    """
    if length.minutes is not None:
        return timedelta(minutes=length.minutes)
    days = length.days
    end = calendar.end_of_day(start) if days is None else calendar.add_days(start, days)
    return calendar.elapsed(start, end)


def due(
    calendar: Calendar, start: datetime, length: timedelta, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """The moment when so much counted time has passed outside the pauses; None during a pause.

    Pauses are in the order of time and do not overlap. Each is cut to whole minutes.
    """
    at, left = start, length
    for paused, resumed in pauses:
        # A length that ends at closing time is due at the next opening; a pause in between moves it.
        if calendar.add(at, left) <= paused:
            break
        if resumed is None:
            return None
        left -= calendar.elapsed(at, paused)
        begins = max(at, paused)
        at = calendar.add(begins, _whole(calendar.elapsed(begins, resumed)))
    return calendar.add(at, left)


def used(
    calendar: Calendar, start: datetime, at: datetime, pauses: Sequence[Pause] = ()
) -> timedelta:
    """The counted time from `start` to `at`, without the pauses."""
    counted = calendar.elapsed(start, at)
    for paused, resumed in pauses:
        begins = max(start, paused)
        if begins >= at:
            break
        if resumed is None or resumed > at:
            counted -= calendar.elapsed(begins, at)
        else:
            counted -= _whole(calendar.elapsed(begins, resumed))
    return counted


def _whole(length: timedelta) -> timedelta:
    return length - length % _MINUTE
