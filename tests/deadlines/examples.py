"""Examples worked out by hand, each with its reasoning. Dates without a year are of 2026."""

from dataclasses import dataclass

from app.deadlines.computing.calendar import Calendar
from tests.deadlines.around import each_day, every_day, office

NEW_YORK, BERLIN, BEIRUT = "America/New_York", "Europe/Berlin", "Asia/Beirut"
CALENDARS: dict[str, Calendar] = {
    "office": office(),
    "always": every_day(),
    "evening": office(hours=each_day(("20:00", "24:00"))),
    "round": office(hours={weekday: [["00:00", "24:00"]] for weekday in "12345"}),
    "new york": every_day(NEW_YORK),
    "berlin": every_day(BERLIN),
    "beirut": every_day(BEIRUT),
    "berlin office": office(BERLIN),
    "night shift": office(NEW_YORK, each_day(("01:00", "03:00"))),
    "third hour": office(NEW_YORK, each_day(("02:00", "03:00"))),
}


@dataclass(frozen=True)
class Example:
    """When it is due (None: it stands still) and, at a moment, the minutes used and left.

    `target`: "7d" days, "240m" minutes, "same" day; "5m 10m" the second number between 22:00 and
    06:00. `agreed`: when another date was agreed, and which. `limit`: an imposed date.
    """

    start: str
    target: str
    due: str | None
    why: str
    calendar: str = "office"
    pauses: tuple[tuple[str, str | None], ...] = ()
    at: tuple[str, int, int] | None = None
    agreed: tuple[str, str] | None = None
    limit: str | None = None
    round: int = 1
    stage: str = "solve"


E = Example

DAYS = (
    E("02-13 16:50", "7d", "03-02 16:50", "14th, 24th to 28th are six days, 2 March is the seventh"),
    E("02-13 16:50", "7d", "02-20 16:50", "natural days know no festival", "always"),
    E("02-13 16:50", "1d", "02-14 16:50", "Saturday the 14th is worked in exchange"),
    E("02-14 10:00", "1d", "02-24 10:00", "the 15th to the 23rd are the Spring Festival"),
    E("02-14 17:29", "1d", "02-24 17:29", "a minute before closing is still that day"),
    E("02-14 17:30", "1d", "02-25 08:30", "closing time is not open: it starts on the 24th, 08:30"),
    E("02-15 09:00", "1d", "02-25 08:30", "a holiday: it starts on the 24th, 08:30"),
    E("02-27 15:00", "1d", "02-28 15:00", "Saturday the 28th is worked in exchange"),
    E("02-28 15:00", "1d", "03-02 15:00", "the Sunday after it is off"),
    E("02-28 09:00", "3d", "03-04 09:00", "Monday, Tuesday, Wednesday"),
    E("09-18 11:00", "1d", "09-20 11:00", "Saturday the 19th is off, Sunday the 20th is worked"),
    E("09-19 10:00", "1d", "09-21 08:30", "starts on Sunday the 20th, 08:30; one day on is Monday"),
    E("09-20 16:00", "5d", "09-28 16:00", "21st to 24th are four; the 25th to 27th are off"),
    E("09-24 14:00", "1d", "09-28 14:00", "the Mid-Autumn Festival lies between"),
    E("09-20 08:30", "15d", "10-16 08:30", "21st–24th, 28th–30th, 8th–10th, 12th–16th"),
    E("09-30 09:15", "1d", "10-08 09:15", "the 1st to the 7th are the National Day"),
    E("09-30 09:15", "3d", "10-10 09:15", "8th, 9th, and Saturday the 10th, worked in exchange"),
    E("10-09 17:00", "7d", "10-19 17:00", "the 10th, 12th to 16th are six, Monday the seventh"),
    E("10-10 16:00", "1d", "10-12 16:00", "Sunday the 11th is off"),
    E("2025-12-31 16:00", "1d", "01-04 16:00", "three days of New Year, then a worked Sunday"),
    E("04-03 15:00", "2d", "04-08 15:00", "the 4th to the 6th are off; the 7th, the 8th"),
    E("05-08 10:00", "1d", "05-09 10:00", "Saturday the 9th is worked in exchange"),
    E("06-18 15:00", "1d", "06-22 15:00", "the Dragon Boat Festival until Sunday"),
    E("03-02 12:30", "1d", "03-03 14:00", "at lunch it starts at 14:00"),
    E("2026-12-31 10:00", "1d", "2027-01-04 10:00", "1 January is fixed, then a weekend"),
    E("2027-04-30 10:00", "1d", "2027-05-03 10:00", "1 and 2 May are fixed; the 3rd is a Monday"),
    E("2027-09-30 10:00", "1d", "2027-10-04 10:00", "only the first three days of October are fixed"),
    E("2028-04-28 10:00", "1d", "2028-05-03 10:00", "a weekend, then a fixed Monday and Tuesday"),
    E("2028-09-29 10:00", "1d", "2028-10-04 10:00", "a weekend, then a fixed Monday and Tuesday"),
    E("2027-02-05 10:00", "1d", "2027-02-08 10:00", "not announced: a weekend like any other"),
    E("2028-02-28 10:00", "1d", "2028-02-29 10:00", "there is a 29th", "always"),
    E("2028-02-28 15:00", "7d", "2028-03-06 15:00", "the 29th, and six in March", "always"),
    E("2028-02-15 09:00", "30d", "2028-03-16 09:00", "a month is 30 days; 14 in February",
      "always"),
    E("2028-02-29 10:00", "1d", "2028-03-01 10:00", "from a Tuesday to a Wednesday"),
)  # fmt: skip

MINUTES = (
    E("02-13 16:50", "240m", "02-14 11:50", "40 on Friday, 200 from 08:30",
      at=("02-14 11:00", 190, 50)),
    E("02-14 16:30", "240m", "02-24 11:30", "60 before the festival", at=("02-20 12:00", 60, 180)),
    E("02-14 17:20", "430m", "02-25 08:30", "10, and all 420 of the 24th: exactly closing time"),
    E("09-20 08:30", "420m", "09-21 08:30", "a whole day", at=("09-20 17:30", 420, 0)),
    E("03-02 11:30", "60m", "03-02 14:30", "30 on each side of lunch", at=("03-02 13:00", 30, 30)),
    E("03-02 11:30", "30m", "03-02 14:00", "exactly at lunch is after lunch"),
    E("03-02 12:30", "10m", "03-02 14:10", "lunch does not count", at=("03-02 14:04", 4, 6)),
    E("03-02 12:00", "10m", "03-02 14:10", "nor does its first minute"),
    E("03-02 08:00", "15m", "03-02 08:45", "it opens at 08:30"),
    E("03-02 17:30", "15m", "03-03 08:45", "closed: tomorrow's first quarter"),
    E("03-02 23:59", "1m", "03-03 08:31", "one minute of the morning"),
    E("03-07 10:00", "60m", "03-09 09:30", "Saturday waits for Monday"),
    E("03-06 17:29:30", "1m", "03-09 08:30:30", "half a minute on each side of the weekend"),
    E("09-30 17:00", "480m", "10-09 09:00", "30, then 420 on the 8th, and 30"),
    E("10-10 17:30", "10m", "10-12 08:40", "closed until Monday"),
    E("03-06 17:00", "60m", "03-06 18:00", "natural minutes", "always", at=("03-06 17:45", 45, 15)),
    E("03-02 23:30", "60m", "03-03 20:30", "half an hour until midnight", "evening"),
    E("03-02 23:30", "30m", "03-03 20:00", "24:00 is closing time", "evening"),
    E("02-17 21:00", "1d", "02-25 20:00", "no evening in the festival", "evening"),
    E("03-06 23:00", "120m", "03-09 01:00", "an hour of Friday, an hour of Monday", "round"),
    E("03-02 23:00", "60m", "03-03 00:00", "24:00 is tomorrow's 00:00, and open", "round"),
    E("03-06 12:00", "1d", "03-09 12:00", "Monday noon", "round", at=("03-08 12:00", 720, 720)),
    E("03-02 23:00", "5m 10m", "03-02 23:10", "at night 10", "always", stage="acknowledge"),
    E("03-02 22:00", "5m 10m", "03-02 22:10", "the first of the night", "always",
      stage="acknowledge"),
    E("03-03 06:00", "5m 10m", "03-03 06:05", "the night is over", "always", stage="acknowledge"),
    E("03-03 05:59", "5m 10m", "03-03 06:09", "it started at night", "always", stage="acknowledge"),
)  # fmt: skip

SAME_DAY = (
    E("03-02 10:00", "same", "03-03 08:30", "until closing", at=("03-02 15:00", 180, 150)),
    E("02-14 10:00", "same", "02-24 08:30", "closing on the last day before the festival"),
    E("03-07 10:00", "same", "03-10 08:30", "Saturday has Monday: closing is Tuesday's opening"),
    E("03-02 10:00", "same", "03-03 00:00", "midnight", "always", at=("03-02 11:00", 60, 780)),
    E("03-02 23:59", "same", "03-03 00:00", "a minute", "always"),
    E("03-08 00:00", "same", "03-09 00:00", "23 hours", "new york", at=("03-08 12:00", 660, 720)),
)  # fmt: skip

PAUSES = (
    E("03-02 16:00", "240m", "03-03 14:00", "60, then 180 from 09:00: exactly lunch",
      pauses=(("03-02 17:00", "03-03 09:00"),), at=("03-03 08:00", 60, 180)),
    E("03-02 16:00", "241m", "03-03 14:01", "a minute more, after lunch",
      pauses=(("03-02 17:00", "03-03 09:00"),)),
    E("02-14 16:00", "240m", "02-24 14:30", "30; 210 from the 24th, 09:00, less lunch",
      pauses=(("02-14 16:30", "02-24 09:00"),), at=("02-24 09:10", 40, 200)),
    E("03-02 11:00", "120m", "03-02 16:00", "30; 90 from 14:30",
      pauses=(("03-02 11:30", "03-02 14:30"),), at=("03-02 14:30", 30, 90)),
    E("03-02 11:00", "120m", "03-02 15:00", "nobody works then anyway",
      pauses=(("03-02 12:10", "03-02 13:50"),)),
    E("03-02 17:00", "60m", "03-03 09:00", "nor in the evening",
      pauses=(("03-02 18:00", "03-02 20:00"),)),
    E("03-02 09:00", "60m", "03-02 10:00", "59 seconds are no minute",
      pauses=(("03-02 09:10:00", "03-02 09:10:59"),)),
    E("03-02 09:00", "60m", "03-02 10:02", "two minutes and a half are two",
      pauses=(("03-02 09:10:00", "03-02 09:12:30"),)),
    E("03-02 09:00", "60m", "03-02 10:02", "each is cut alone: one and a half twice are two",
      pauses=(("03-02 09:10:00", "03-02 09:11:30"), ("03-02 09:20:00", "03-02 09:21:30"))),
    E("03-02 09:00", "120m", "03-02 12:00", "two half hours", "always",
      pauses=(("03-02 09:30", "03-02 10:00"), ("03-02 10:30", "03-02 11:00")),
      at=("03-02 10:45", 60, 60)),
    E("03-02 09:00", "300m", "03-03 11:00", "60 + 60 + 60, and 120 from 09:00",
      pauses=(("03-02 10:00", "03-02 11:00"), ("03-02 15:00", "03-03 09:00")),
      at=("03-03 10:00", 240, 60)),
    E("03-02 09:00", "300m", None, "it stands still", pauses=(("03-02 10:00", None),),
      at=("03-20 10:00", 60, 240)),
    E("03-02 09:00", "300m", None, "the second does", at=("03-04 10:00", 90, 210),
      pauses=(("03-02 10:00", "03-02 11:00"), ("03-02 11:30", None))),
    E("03-02 09:00", "60m", "03-02 10:00", "too late", pauses=(("03-02 10:30", None),)),
    E("03-02 09:00", "60m", "03-02 10:00", "due that moment", pauses=(("03-02 10:00", None),)),
    E("03-02 16:30", "60m", "03-03 10:00", "due at 08:30 it is not while it stands still",
      pauses=(("03-02 20:00", "03-03 10:00"),), at=("03-03 10:00", 60, 0)),
    E("03-02 16:30", "60m", None, "due at 08:30, but it stands still",
      pauses=(("03-02 20:00", None),)),
    E("03-02 16:30", "60m", "03-03 08:30", "paused in the evening alone: nothing is lost",
      pauses=(("03-02 20:00", "03-02 21:00"),)),
    E("03-02 10:00", "3d", "03-06 10:00", "from 10:00 to 10:00 is one day more",
      pauses=(("03-03 10:00", "03-04 10:00"),), at=("03-04 12:00", 540, 720)),
    E("02-13 10:00", "2d", "02-25 10:00", "the worked Saturday is one of the two: one more",
      pauses=(("02-14 08:30", "02-14 17:30"),), at=("02-24 08:30", 330, 510)),
    E("02-13 16:50", "7d", "02-23 16:50", "three natural days", "always",
      pauses=(("02-15 00:00", "02-18 00:00"),), at=("02-20 16:50", 5760, 4320)),
)  # fmt: skip

REWORK = (
    E("02-13 16:50", "7d", "02-17 04:50", "three days and a half", "always", round=2),
    E("03-02 09:00", "7d", "03-05 14:30", "1,470 minutes: three days and 210 of the fourth",
      round=2),
    E("03-02 09:00", "15m", "03-02 09:07", "half of 15 in whole minutes", round=2),
    E("03-02 09:00", "60m", "03-02 10:00", "reporting has its whole time", round=2, stage="report"),
    E("03-02 09:00", "240m", "03-02 11:30", "120 and half an hour of pause", round=3,
      pauses=(("03-02 10:00", "03-02 10:30"),), at=("03-02 11:00", 90, 30)),
)  # fmt: skip

AGREED = (
    E("02-13 16:50", "7d", "03-10 16:50", "as agreed", "always",
      agreed=("02-18 10:00", "03-10 16:50"), at=("02-14 16:50", 1440, 34560)),
    E("02-13 16:50", "7d", "02-19 12:00", "earlier", "always",
      agreed=("02-18 10:00", "02-19 12:00")),
    E("03-02 10:00", "7d", "03-14 12:00", "a Saturday, as agreed",
      agreed=("03-05 09:00", "03-14 12:00")),
    E("03-02 10:00", "7d", "03-12 10:00", "a pause before it has been thought of",
      agreed=("03-05 09:00", "03-12 10:00"), pauses=(("03-03 10:00", "03-04 10:00"),),
      at=("03-04 12:00", 540, 2400)),
    E("03-02 10:00", "7d", "03-13 10:00", "a pause after it moves it: Friday to Monday is one day",
      agreed=("03-05 09:00", "03-12 10:00"), pauses=(("03-06 10:00", "03-09 10:00"),)),
    E("03-02 10:00", "7d", "03-12 16:00", "agreed in a pause: its last 240 minutes come on top",
      agreed=("03-05 14:00", "03-12 10:00"), pauses=(("03-05 09:00", "03-06 09:00"),)),
    E("03-02 10:00", "7d", "03-14 12:00", "a pause in the evening costs nothing",
      agreed=("03-05 09:00", "03-14 12:00"), pauses=(("03-11 20:00", "03-11 21:00"),)),
    E("03-02 10:00", "7d", "03-14 12:00", "a pause after the agreed Saturday comes too late",
      agreed=("03-05 09:00", "03-14 12:00"), pauses=(("03-15 10:00", "03-16 10:00"),)),
    E("03-02 10:00", "7d", "03-16 10:00", "a pause from before it until Monday holds it until then",
      agreed=("03-05 09:00", "03-14 12:00"), pauses=(("03-14 10:00", "03-16 10:00"),)),
    E("03-02 10:00", "7d", None, "agreed and still standing", pauses=(("03-06 10:00", None),),
      agreed=("03-05 09:00", "03-12 10:00")),
    E("02-13 16:50", "7d", "02-18 09:00", "an imposed date that is earlier", "always",
      limit="02-18 09:00"),
    E("02-13 16:50", "7d", "02-20 16:50", "an imposed date that is later", "always",
      limit="02-28 09:00"),
    E("02-13 16:50", "1d", "02-14 16:50", "imposed is when it is solved", "always",
      limit="02-14 09:00", stage="report"),
)  # fmt: skip

CHANGES_OF_CLOCKS = (
    E("03-07 10:00", "1d", "03-08 10:00", "23 hours", "new york", at=("03-08 09:00", 1320, 60)),
    E("03-07 02:30", "1d", "03-08 03:00", "02:30 is left out: the moment of the change",
      "new york"),
    E("03-08 01:30", "60m", "03-08 03:30", "half an hour on each side", "new york"),
    E("10-31 10:00", "1d", "11-01 10:00", "25 hours", "new york", at=("11-01 09:00", 1440, 60)),
    E("10-31 01:30", "1d", "11-01 01:30-04:00", "of two 01:30 the first", "new york"),
    E("11-01 00:30", "120m", "11-01 01:30-05:00", "the second 01:30 is an hour after", "new york"),
    E("11-01 01:30-04:00", "1d", "11-02 01:30", "the first pass is the time it says", "new york"),
    E("11-01 01:30-05:00", "1d", "11-02 02:00", "the second is the hour's end", "new york"),
    E("11-01 02:00-05:00", "1d", "11-02 02:00", "whoever starts then has no less", "new york"),
    E("11-01 00:30", "150m", "11-01 02:30", "three hours are worked that night", "night shift"),
    E("03-08 01:00", "90m", "03-09 01:30", "only one is", "night shift",
      at=("03-08 12:00", 60, 30)),
    E("03-07 02:30", "1d", "03-09 02:30", "the only hour is left out: no working day",
      "third hour"),
    E("03-08 00:00", "10m", "03-09 02:10", "nor does it open that night", "third hour"),
    E("03-28 02:30", "1d", "03-29 03:00+02:00", "02:30 is left out", "berlin"),
    E("10-24 02:30", "1d", "10-25 02:30+02:00", "of two 02:30 the first", "berlin"),
    E("10-25 02:30+01:00", "1d", "10-26 03:00", "the second is the hour's end", "berlin"),
    E("03-28 12:00", "1d", "03-29 23:00", "11 hours stand still", "berlin",
      pauses=(("03-28 20:00", "03-29 08:00"),), at=("03-29 09:00", 540, 840)),
    E("10-23 16:30", "240m", "10-26 11:30", "offices do not notice", "berlin office"),
    E("10-24 23:30+03:00", "1d", "10-25 23:30", "the first 23:30 of the day", "beirut"),
    E("10-24 23:30+02:00", "1d", "10-26 00:00", "the second: the hour ends with the day", "beirut"),
)  # fmt: skip

EXAMPLES = (*DAYS, *MINUTES, *SAME_DAY, *PAUSES, *REWORK, *AGREED, *CHANGES_OF_CLOCKS)
