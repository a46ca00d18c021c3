"""What figures count, by what they are taken apart, and the kinds of bulletins."""

from datetime import timedelta
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a stage that fell due, the best first.

    On time is the accepted completion: REFUSED was done by its date, but the resident had it done
    again. ENDED_LATE was given up after its date, OPEN_LATE is past it and still to be done.
    """

    ON_TIME = "on_time"
    REFUSED = "refused"
    MET_LATE = "met_late"
    ENDED_LATE = "ended_late"
    OPEN_LATE = "open_late"


OUTCOMES = tuple(Outcome)


LATE = frozenset({Outcome.MET_LATE, Outcome.ENDED_LATE, Outcome.OPEN_LATE})


class Counted(StrEnum):
    """What a figure counts; a list can be narrowed to just these orders."""

    DUE = "due"
    ON_TIME = "on_time"
    REFUSED = "refused"
    LATE = "late"
    MET_LATE = "met_late"
    ENDED_LATE = "ended_late"
    OPEN_LATE = "open_late"
    RESPONSE_DUE = "response_due"
    RESPONDED = "responded"
    RATED = "rated"
    SOLVED = "solved"
    JUDGED = "judged"
    SATISFIED = "satisfied"
    CLOSED = "closed"
    REOPENED = "reopened"
    UNANSWERED = "unanswered"
    NOT_RECOGNISED = "not_recognised"


class GroupBy(StrEnum):
    """By what the figures are taken apart."""

    STAGE = "stage"
    UNIT = "unit"
    CATEGORY = "category"
    HANDLER = "handler"
    WEEK = "week"
    MONTH = "month"


class BulletinKind(StrEnum):
    """Of a week from Monday to Sunday, or of a month."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"


# A rate of fewer orders says little and is compared with none.
RANKED_FROM = 10


LONGEST_FIGURES = timedelta(days=366)


WITHOUT_REASON = "none"


BULLETIN_BATCH = 20
