"""The settings of a unit: its working hours, its time zone and its quiet hours."""

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from app.deadlines.computing.calendar import read_hours
from app.kernel.settings import Setting

_WORKDAY = [["08:30", "12:00"], ["14:00", "17:30"]]
WORKING_HOURS = {str(weekday): _WORKDAY for weekday in range(1, 6)}
# A unit with very few hours would loosen every target in working hours that is set above it.
LEAST_A_WEEK = 15 * 60
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


def _check_hours(value: Mapping[str, Any]) -> None:
    for spans in value.values():
        if not isinstance(spans, list) or not all(map(_is_span, spans)):
            raise ValueError('each weekday needs a list of spans like ["08:30", "12:00"]')
    read_hours(value)
    spans = [span for day in value.values() for span in day]
    if sum(_minutes(closes) - _minutes(opens) for opens, closes in spans) < LEAST_A_WEEK:
        raise ValueError("the hours of a week are too few")


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return 60 * int(hour) + int(minute)


def _is_span(span: Any) -> bool:
    if not isinstance(span, list) or len(span) != 2:
        return False
    opens, closes = span
    return _is_clock(opens) and (_is_clock(closes) or closes == "24:00")


def _is_clock(value: Any) -> bool:
    return isinstance(value, str) and _CLOCK.fullmatch(value) is not None


def _check_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValueError("the time zone is not known")


def _check_clock(value: str) -> None:
    if not _is_clock(value):
        raise ValueError("a time of day like 21:30 is needed")


SETTINGS = (
    Setting(
        "deadlines.hours",
        WORKING_HOURS,
        dict,
        "上班时间（1 至 7 为星期一至星期日，一周不少于15小时）",
        check=_check_hours,
    ),
    Setting("deadlines.zone", "Asia/Shanghai", str, "时区", check=_check_zone),
    Setting("deadlines.quiet_from", "21:30", str, "夜间免打扰开始", check=_check_clock),
    Setting("deadlines.quiet_until", "07:30", str, "夜间免打扰结束", check=_check_clock),
)
