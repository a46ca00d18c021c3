"""Free hours and message windows."""

from typing import Any

import pytest

from app.kernel.errors import Invalid
from app.people.hours import free_hours, message_window
from app.people.states import DEFAULT_MESSAGE_WINDOW


def test_spans_are_put_in_order_and_empty_days_left_out() -> None:
    raw = {"tue": [], "mon": [["18:00", "21:00"], ["07:30", "08:00"]]}
    assert free_hours(raw) == {"mon": [["07:30", "08:00"], ["18:00", "21:00"]]}


def test_spans_may_touch_and_end_at_midnight() -> None:
    raw = {"sun": [["08:00", "12:00"], ["12:00", "24:00"]]}
    assert free_hours(raw) == raw


@pytest.mark.parametrize(
    "raw",
    [
        {"monday": [["18:00", "21:00"]]},
        {"mon": [["21:00", "18:00"]]},
        {"mon": [["18:00", "18:00"]]},
        {"mon": [["18:00", "21:00"], ["20:00", "22:00"]]},
        {"mon": [["9:00", "10:00"]]},
        {"mon": [["25:00", "26:00"]]},
        {"mon": [["18:00", "21:00\n"]]},
        {"mon": [["18:00"]]},
        {"mon": [[18, 21]]},
        {"mon": ["18:00-21:00"]},
        {"mon": "18:00"},
        {"mon": {"18:00": "21:00"}},
        {"mon": [[f"{h:02}:00", f"{h:02}:30"] for h in range(7)]},
        {"mon": [["24:00", "24:00"]]},
    ],
)
def test_what_is_no_span_is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        free_hours(raw)
    assert refusal.value.code == "availability.invalid"


def test_a_message_window_names_both_kinds_of_day() -> None:
    assert message_window({"workday": [["12:00", "13:00"]]}) == {
        "workday": [["12:00", "13:00"]],
        "rest_day": [],
    }
    assert message_window(DEFAULT_MESSAGE_WINDOW) == DEFAULT_MESSAGE_WINDOW
    with pytest.raises(Invalid) as refusal:
        message_window({"mon": [["12:00", "13:00"]]})
    assert refusal.value.code == "message_window.invalid"
