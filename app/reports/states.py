"""The things that figures count, the ways to group figures, and the kinds of bulletins."""

from datetime import timedelta
from enum import StrEnum


class Outcome(StrEnum):
    """The outcome of a stage that fell due, the best first.

    ON_TIME: met by its date. REFUSED: met by its date, but the resident had the order done again.
    MET_LATE: met after its date. ENDED_LATE: dropped or merged after its date. OPEN_LATE: its date is
    past and it is not met yet.
    """

    ON_TIME = "on_time"
    REFUSED = "refused"
    MET_LATE = "met_late"
    ENDED_LATE = "ended_late"
    OPEN_LATE = "open_late"


OUTCOMES = tuple(Outcome)


LATE = frozenset({Outcome.MET_LATE, Outcome.ENDED_LATE, Outcome.OPEN_LATE})


class Counted(StrEnum):
    """The thing that a figure counts; `GET /reports/orders` lists exactly the orders behind it."""

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
    """The ways to group figures."""

    STAGE = "stage"
    UNIT = "unit"
    CATEGORY = "category"
    HANDLER = "handler"
    WEEK = "week"
    MONTH = "month"


class BulletinKind(StrEnum):
    """The period of a bulletin: a week from Monday to Sunday, or a calendar month."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"


# A rate of fewer orders is too uncertain to be compared with another rate.
RANKED_FROM = 10


LONGEST_FIGURES = timedelta(days=366)


WITHOUT_REASON = "none"


BULLETIN_BATCH = 20
