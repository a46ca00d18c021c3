"""Checks spans of hours by day, as people enter them, and puts them in order."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.kernel.errors import Invalid
from app.people.states import DAY_KINDS, WEEKDAYS

_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")
_MAX_SPANS = 6


def free_hours(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Checks free hours by weekday and returns them with sorted spans and without empty days.

    Both are of the form {"mon": [["18:00", "21:00"]]}. Raises Invalid `availability.invalid` for
    unknown days, wrong spans, overlaps, and more than six spans a day.
    """
    return _checked(raw, WEEKDAYS, "availability.invalid")


def message_window(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the hours for messages, {"workday": […], "rest_day": […]}, each a list of sorted spans.

    A kind of day that is left out gets an empty list: no messages. Raises Invalid
    `message_window.invalid`.
    """
    checked = _checked(raw, DAY_KINDS, "message_window.invalid")
    return {day: checked.get(day, []) for day in DAY_KINDS}


def _checked(raw: Mapping[str, Any], days: Sequence[str], code: str) -> dict[str, Any]:
    unknown = [day for day in raw if day not in days]
    if unknown:
        raise Invalid(code, "时间段里的日子写得不对，请重新选择。")
    return {day: _spans(raw[day], code) for day in days if raw.get(day)}


def _spans(raw: object, code: str) -> list[list[str]]:
    if not isinstance(raw, list) or len(raw) > _MAX_SPANS or not all(map(_is_span, raw)):
        raise Invalid(code, "时间段要写成开始和结束，例如 18:00 到 21:00，结束要晚于开始。")
    spans = sorted(list(span) for span in raw)
    if any(later[0] < earlier[1] for earlier, later in zip(spans, spans[1:], strict=False)):
        raise Invalid(code, "同一天的时间段不能重叠。")
    return spans


def _is_span(raw: object) -> bool:
    return (
        isinstance(raw, list)
        and len(raw) == 2
        and all(isinstance(text, str) and _TIME.fullmatch(text) for text in raw)
        and raw[0] < raw[1]
    )
