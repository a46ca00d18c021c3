"""Every example of the table, from its facts to its date and its minutes."""

from datetime import timedelta
from typing import Any

import pytest

from app.deadlines.computing.arithmetic import used
from app.deadlines.computing.clocks import Choice, Fact, reckon, replay
from app.deadlines.computing.states import CalendarKind, FactKind, Stage
from tests.deadlines.around import Around, moment, office
from tests.deadlines.examples import CALENDARS, EXAMPLES, Example

TIMED = [example for example in EXAMPLES if example.at]


def name_of(example: Example) -> str:
    """What the report says of it."""
    return f"{example.calendar} {example.start} {example.target}: {example.why}"


def stage_of(example: Example) -> dict[str, Any]:
    """The stage as a policy has it."""
    kind = CALENDARS[example.calendar].kind
    stage: dict[str, Any] = {"stage": example.stage, "calendar": kind}
    first, *night = example.target.split()
    if first == "same":
        return {**stage, "same_day": True}
    stage["days" if first[-1] == "d" else "minutes"] = int(first[:-1])
    if night:
        stage["night"] = {"since": "22:00", "until": "06:00", "minutes": int(night[0][:-1])}
    return stage


def facts_of(example: Example) -> list[Fact]:
    """What has happened, in the order of time."""
    zone = CALENDARS[example.calendar].zone
    stages, round_ = (Stage(example.stage),), example.round
    limit = moment(example.limit, zone) if example.limit else None
    choice = Choice((1,), "normal", 1, limit).as_details()
    facts = [Fact(FactKind.STARTED, moment(example.start, zone), round_, stages, choice)]
    for paused, resumed in example.pauses:
        facts.append(Fact(FactKind.PAUSED, moment(paused, zone), round_, stages))
        if resumed:
            facts.append(Fact(FactKind.RESUMED, moment(resumed, zone), round_, stages))
    if example.agreed:
        at, until = (moment(text, zone) for text in example.agreed)
        details = {"due_at": until.isoformat()}
        facts.append(Fact(FactKind.EXTENDED, at, round_, stages, details))
    return sorted(facts, key=lambda fact: fact.at)


def around_of(example: Example) -> Around:
    """One stage, and the calendar that it names."""
    calendar = CALENDARS[example.calendar]
    is_office = calendar.kind is CalendarKind.WORKING
    return Around([stage_of(example)], calendar if is_office else office(str(calendar.zone)))


@pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
def test_it_is_due_when_the_hand_says(example: Example) -> None:
    """The date, to the second."""
    (clock,) = replay(facts_of(example))
    reckoned = reckon(clock, around_of(example))
    expected = moment(example.due, CALENDARS[example.calendar].zone) if example.due else None
    assert reckoned is not None
    assert reckoned.due_at == expected


@pytest.mark.parametrize("example", TIMED, ids=name_of)
def test_used_and_left_are_what_the_hand_says(example: Example) -> None:
    """At the named moment, in minutes."""
    assert example.at is not None
    text, spent, left = example.at
    calendar = CALENDARS[example.calendar]
    (clock,) = replay(facts_of(example))
    reckoned = reckon(clock, around_of(example))
    assert reckoned is not None
    assert reckoned.target_minutes == spent + left
    at = moment(text, calendar.zone)
    assert used(calendar, clock.started_at, at, clock.pauses) == timedelta(minutes=spent)
