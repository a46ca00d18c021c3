"""How long something takes: targets, pauses, what is used and what is left. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.deadlines.computing.calendar import Calendar

# From, and to; None: it still stands still.
Pause = tuple[datetime, datetime | None]
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Length:
    """So many minutes, so many days, or the rest of the day."""

    minutes: int | None = None
    days: int | None = None
    same_day: bool = False


def length_from(calendar: Calendar, start: datetime, length: Length) -> timedelta:
    """The length as counted time from that start; settled once, so that pauses shift it."""
    if length.minutes is not None:
        return timedelta(minutes=length.minutes)
    days = length.days
    end = calendar.end_of_day(start) if days is None else calendar.add_days(start, days)
    return calendar.elapsed(start, end)


def due(
    calendar: Calendar, start: datetime, length: timedelta, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """When so much time has been counted outside the pauses; None while it stands still.

    Pauses are in order and apart from each other; each counts in whole minutes.
    """
    at, left = start, length
    for paused, resumed in pauses:
        # What is used up at closing time is due at the next opening; a pause before that moves it.
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
    """Counted time from the start until then, outside the pauses."""
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
