"""The hours in which people act: residents by day, members after work, the desk in its hours."""

from datetime import datetime, time, timedelta
from enum import Enum
from random import Random

from app.kernel.clock import LOCAL

Span = tuple[time, time]
_WHOLE_DAY = ((time(0, 0), time(23, 59)),)


class Rhythm(Enum):
    """The hours of a kind of people: on Monday to Friday, and on Saturday and Sunday."""

    ALWAYS = (_WHOLE_DAY, _WHOLE_DAY, 0)
    RESIDENT = (((time(7, 10), time(22, 10)),), ((time(7, 40), time(22, 10)),), 1)
    DESK = (
        ((time(8, 20), time(12, 10)), (time(13, 30), time(20, 0))),
        ((time(8, 40), time(12, 0)), (time(14, 0), time(18, 30))),
        2,
    )
    FIELD = (
        ((time(8, 0), time(12, 0)), (time(13, 30), time(18, 30))),
        ((time(8, 30), time(17, 30)),),
        3,
    )
    MEMBER = (
        ((time(12, 5), time(13, 20)), (time(17, 40), time(21, 20))),
        ((time(8, 15), time(12, 0)), (time(14, 0), time(21, 20))),
        4,
    )

    def spans(self, day: datetime) -> tuple[Span, ...]:
        """The hours of that day as pairs of begin and end, the earliest first."""
        workday, rest_day, _ = self.value
        spans: tuple[Span, ...] = rest_day if day.weekday() >= 5 else workday
        return spans


def later(chance: Random, at: datetime, rhythm: Rhythm, low: float, high: float) -> datetime:
    """A random moment `low` to `high` minutes after `at`, moved on into the hours of `rhythm`."""
    moment = at + timedelta(minutes=chance.uniform(low, high))
    local = moment.astimezone(LOCAL)
    for ahead in range(8):
        day = local + timedelta(days=ahead)
        for start, end in rhythm.spans(day):
            opening = datetime.combine(day.date(), start, LOCAL)
            closing = datetime.combine(day.date(), end, LOCAL)
            if opening <= local <= closing:
                return moment
            if local < opening:
                # A random delay, so that not all people act in the first minute of their hours.
                return opening + timedelta(
                    minutes=chance.uniform(1, 45), seconds=chance.uniform(0, 59)
                )
    return moment
