"""Policies as JSON has them: what is refused, what a unit may tighten."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.deadlines.computing.arithmetic import Length, due, length_from
from app.deadlines.computing.calendar import read_hours
from app.deadlines.computing.rules import (
    URGENCIES,
    BadRules,
    Night,
    Rules,
    StageRule,
    Step,
    Target,
    fold,
    is_tighter,
    read_stages,
)
from app.deadlines.computing.states import CalendarKind, Level, Stage
from tests.deadlines.around import Around, each_day, moment, office
from tests.deadlines.strategies import PROOF

ONE_OF = "时长只能填一种：分钟、天数或当天。"
POSITIVE = "时长要是正整数，最长一年。"
SHAPE = "环节、时长或升级步骤填得不对，请检查。"
RANGE = "提醒比例要在 1 到 99 之间。"
ORDER = "提醒比例要从小到大，不能重复。"
LEVELS = "升级步骤里每一级只能写一次。"
NIGHT = {"since": "22:00", "until": "06:00", "minutes": 10}


@pytest.mark.parametrize(
    ("stage", "sentence"),
    [
        ({"minutes": 5, "days": 1}, ONE_OF),
        ({"days": 1, "same_day": True}, ONE_OF),
        ({"urgent": {"minutes": 5, "same_day": True}}, ONE_OF),
        ({"minutes": 0}, POSITIVE),
        ({"minutes": -5}, POSITIVE),
        ({"minutes": 2.5}, POSITIVE),
        ({"minutes": "5"}, POSITIVE),
        ({"minutes": True}, POSITIVE),
        ({"minutes": 366 * 1440 + 1}, POSITIVE),
        ({"days": 0}, POSITIVE),
        ({"days": 367}, POSITIVE),
        ({"emergency": {"minutes": -1}}, POSITIVE),
        ({"minutes": 5, "night": NIGHT | {"minutes": 0}}, POSITIVE),
        ({"minutes": 5, "night": NIGHT | {"minutes": 366 * 1440 + 1}}, POSITIVE),
        ({"ladder": [{"level": "desk", "days": -1}]}, POSITIVE),
        ({"ladder": [{"level": "desk", "minutes": 1, "days": 1}]}, ONE_OF),
        ({"ladder": [{"level": "desk"}, {"level": "desk", "days": 1}]}, LEVELS),
        ({"ladder": [{"level": "mayor"}]}, SHAPE),
        ({"ladder": [{"days": 1}]}, SHAPE),
        ({"ladder": ["desk"]}, SHAPE),
        ({"ladder": 5}, SHAPE),
        ({"ladder": [{"level": "desk", "calendar": "lunar"}]}, SHAPE),
        ({"ladder": [{"level": "desk", "hours": 1}]}, "不认识的项目：hours。"),
        ({"shares": [0]}, RANGE),
        ({"shares": [100]}, RANGE),
        ({"shares": [50.0]}, RANGE),
        ({"shares": ["50"]}, RANGE),
        ({"shares": [80, 50]}, ORDER),
        ({"shares": [50, 50]}, ORDER),
        ({"shares": 50}, SHAPE),
        ({"night": {"since": "22:00", "minutes": 10}}, SHAPE),
        ({"night": NIGHT | {"since": "ten"}}, SHAPE),
        ({"night": NIGHT | {"since": "22:00+08:00"}}, SHAPE),
        ({"night": NIGHT | {"from": "22:00"}}, "不认识的项目：from。"),
        ({"night": "22:00"}, SHAPE),
        ({"calendar": "lunar"}, SHAPE),
        ({"calendar": "lunar", "days": 1}, SHAPE),
        ({"urgent": 60}, SHAPE),
        ({"urgent": {"minute": 60}}, "不认识的项目：minute。"),
        ({"hours": 5, "fortnights": 1}, "不认识的项目：fortnights、hours。"),
        ({"stage": "dream"}, SHAPE),
        ({"stage": None}, SHAPE),
    ],
)
def test_a_bad_stage_is_refused_in_words(stage: dict[str, Any], sentence: str) -> None:
    """Each with the sentence that says what is wrong."""
    with pytest.raises(BadRules) as refused:
        read_stages([{"stage": "solve"} | stage])
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("stages", "sentence"),
    [
        ([], "至少要有一个环节。"),
        ([{"stage": "solve"}, {"stage": "solve", "days": 1}], "同一个环节写了两次。"),
        ([{"days": 1}], SHAPE),
        (["solve"], SHAPE),
        ([None], SHAPE),
    ],
)
def test_a_bad_policy_is_refused_in_words(stages: list[Any], sentence: str) -> None:
    """None at all, one twice, one without a name."""
    with pytest.raises(BadRules) as refused:
        read_stages(stages)
    assert str(refused.value) == sentence


def test_a_policy_is_read_as_it_says() -> None:
    """Targets by urgency, the night, shares, the ladder; empty lists are none."""
    raw = {
        "stage": "accept",
        "calendar": "working",
        "minutes": 240,
        "urgent": {"minutes": 60},
        "emergency": {"calendar": "working", "same_day": True},
        "night": NIGHT,
        "shares": [25, 75],
        "ladder": [{"level": "leader", "minutes": 30}, {"level": "desk", "minutes": 0}],
    }
    rule = read_stages([raw, {"stage": "zero", "shares": [], "ladder": []}])[Stage.ACCEPT]
    working, always = CalendarKind.WORKING, CalendarKind.EVERY_DAY
    assert rule.targets == {
        "normal": Target(Length(minutes=240), working),
        "urgent": Target(Length(minutes=60), always),
        "emergency": Target(Length(same_day=True), working),
    }
    assert rule.night == Night(time(22), time(6), 10)
    assert rule.shares == (25, 75)
    assert rule.ladder is not None
    leader, desk = rule.ladder
    assert (leader.level, leader.after) == (Level.LEADER, Target(Length(minutes=30), working))
    assert (desk.level, desk.after) == (Level.DESK, Target(Length(minutes=0), always))
    zero = read_stages([{"stage": "zero", "shares": [], "ladder": []}])[Stage.ZERO]
    assert zero == StageRule(Stage.ZERO, {})


def rule(raw: dict[str, Any]) -> StageRule:
    """A rule of solving."""
    return read_stages([{"stage": "solve"} | raw])[Stage.SOLVE]


@pytest.mark.parametrize(
    ("new", "above", "holds"),
    [
        ({"days": 3}, {"days": 7}, True),
        ({"days": 7}, {"days": 7}, True),
        ({"days": 8}, {"days": 7}, False),
        ({"minutes": 1440}, {"days": 1}, True),
        ({"minutes": 1441}, {"days": 1}, False),
        ({"days": 1, "calendar": "working"}, {"days": 7}, False),
        ({}, {"days": 7}, False),
        ({"days": 7}, {}, True),
        ({"same_day": True}, {"days": 1}, True),
        ({"days": 1}, {"same_day": True}, False),
        ({"minutes": 5}, {"same_day": True}, False),
        ({"same_day": True}, {"same_day": True}, True),
        # A unit's own hours may make its day longer than any number of minutes.
        (
            {"same_day": True, "calendar": "working"},
            {"minutes": 480, "calendar": "working"},
            False,
        ),
        ({"same_day": True, "calendar": "working"}, {"days": 1, "calendar": "working"}, True),
        ({"minutes": 60}, {"minutes": 60, "urgent": {"minutes": 30}}, False),
        ({"minutes": 30}, {"minutes": 60, "urgent": {"minutes": 30}}, True),
        ({"minutes": 60, "urgent": {"minutes": 90}}, {"minutes": 60}, False),
        ({"minutes": 5, "night": NIGHT}, {"minutes": 5}, False),
        ({"minutes": 5, "night": NIGHT}, {"minutes": 10}, True),
        ({"minutes": 5}, {"minutes": 5, "night": NIGHT}, True),
        ({"minutes": 50}, {"minutes": 60, "night": NIGHT}, False),
        ({"minutes": 5, "night": NIGHT | {"until": "05:00"}}, {"minutes": 5, "night": NIGHT}, True),
        (
            {"minutes": 5, "night": NIGHT | {"until": "07:00"}},
            {"minutes": 5, "night": NIGHT},
            False,
        ),
    ],
)
def test_nowhere_longer_is_tighter(new: dict[str, Any], above: dict[str, Any], holds: bool) -> None:
    """For no urgency, at no hour, by the same calendar."""
    assert is_tighter(rule(new), rule(above)) is holds


_lengths = st.sampled_from(
    [{"minutes": n} for n in (5, 10, 60, 240, 420, 840, 1440, 4320)]
    + [{"days": n} for n in (1, 2, 3, 7)]
    + [{"same_day": True}]
)
_calendars = st.sampled_from([{"calendar": "working"}, {"calendar": "every_day"}])
_targets = st.builds(lambda length, calendar: {**length, **calendar}, _lengths, _calendars)
_clocks = st.sampled_from(["00:00", "06:00", "09:00", "16:00", "22:00"])
_nights = st.fixed_dictionaries(
    {"since": _clocks, "until": _clocks, "minutes": st.sampled_from([1, 10, 60, 600])}
)
_rules = st.builds(
    lambda usual, urgency, night: rule({**usual, **urgency, **night}),
    _targets | st.just({}),
    st.builds(lambda target: {"urgent": target}, _targets) | st.just({}),
    st.builds(lambda night: {"night": night}, _nights) | st.just({}),
)
_minutes = st.integers(0, 30 * 1440).map(lambda number: timedelta(minutes=number))


@PROOF
@given(st.lists(_rules, min_size=2, max_size=4), _minutes)
def test_what_a_unit_says_is_never_due_later_than_what_stands_above(
    layers: list[StageRule], offset: timedelta
) -> None:
    """Whenever it starts, however urgent; by the shipped hours."""
    numbered = [(number, {Stage.SOLVE: layer}) for number, layer in enumerate(layers)]
    held = [fold(numbered[: depth + 1]).stages[Stage.SOLVE] for depth in range(len(layers))]
    assert all(rule in layers[: depth + 1] for depth, rule in enumerate(held))
    around = Around(Rules(()), office())
    every_day = around.calendar(1, CalendarKind.EVERY_DAY)
    # Across a worked Saturday and a festival.
    start = moment("09-10 00:00") + offset
    for urgency in URGENCIES:
        targets = [rule.target(urgency, start, every_day) for rule in held]
        for above, below in pairwise(targets):
            if above is not None:
                assert below is not None
                assert due_at(around, start, below) <= due_at(around, start, above)


def test_the_hours_of_a_unit_make_nothing_looser() -> None:
    """Whoever works day and night has a day of more than eight hours."""
    top = rule({"minutes": 480, "calendar": "working"})
    own = rule({"same_day": True, "calendar": "working"})
    held = fold([(1, {Stage.SOLVE: top}), (2, {Stage.SOLVE: own})]).stages[Stage.SOLVE]
    around = Around(Rules(()), office(hours=each_day(("00:00", "24:00"))))
    start = moment("09-10 00:30")
    found = [one.by_day("normal") for one in (held, top)]
    below, above = (due_at(around, start, target) for target in found if target is not None)
    assert below <= above


def due_at(around: Around, start: datetime, target: Target) -> datetime:
    """When a target is due that nothing holds up."""
    calendar = around.calendar(1, target.calendar)
    found = due(calendar, start, length_from(calendar, start, target.length))
    assert found is not None
    return found


def test_layers_are_folded_downward() -> None:
    """A looser one does not hold, a tighter one below it does; other stages are their own."""
    top, loose, tight = rule({"days": 7}), rule({"days": 9}), rule({"days": 3})
    report = read_stages([{"stage": "report", "days": 3}])
    folded = fold(
        [(4, {Stage.SOLVE: top}), (8, {Stage.SOLVE: loose} | report), (9, {Stage.SOLVE: tight})]
    )
    assert folded == Rules((4, 8, 9), {Stage.SOLVE: tight} | report)
    assert fold([(4, {Stage.SOLVE: top}), (8, {Stage.SOLVE: loose})]).stages == {Stage.SOLVE: top}


_shares = st.sampled_from([None, (50,), (25, 75), (10, 50, 90)])
_ladders = st.sampled_from(
    [None, (Step(Level.DESK, Target(Length(minutes=0), CalendarKind.EVERY_DAY)),)]
)
_layers = st.lists(
    st.builds(lambda rule, shares: replace(rule, shares=shares), _rules, _shares),
    min_size=2,
    max_size=4,
)


@PROOF
@given(_layers, _ladders)
def test_whoever_tightens_a_target_alone_keeps_the_shares(
    layers: list[StageRule], ladder: Any
) -> None:
    """Layer by layer: the target as without any shares, the last shares that were said, the ladder
    of the top."""
    layers = [replace(layers[0], ladder=ladder), *layers[1:]]
    plain = [replace(layer, shares=None) for layer in layers]
    said: tuple[int, ...] | None = None
    above: StageRule | None = None
    for depth, layer in enumerate(layers):
        held, bare = _folded(layers[: depth + 1]), _folded(plain[: depth + 1])
        if above is None or is_tighter(layer, above):
            said = said if layer.shares is None else layer.shares
        above = held
        assert replace(held, shares=None) == bare
        assert (held.shares, held.ladder) == (said, ladder)


def _folded(layers: Sequence[StageRule]) -> StageRule:
    """What the layers make of solving."""
    return fold((number, {Stage.SOLVE: one}) for number, one in enumerate(layers)).stages[
        Stage.SOLVE
    ]


def test_shares_above_are_kept_by_hand() -> None:
    """Above 25 and 75 percent: a target alone keeps them, own shares take their place below too."""
    top = {"days": 7, "shares": [25, 75]}
    layers = [rule(top), rule({"days": 5}), rule({"days": 4, "shares": [90]}), rule({"days": 3})]
    found = [_folded(layers[: depth + 1]).shares for depth in range(4)]
    assert found == [(25, 75), (25, 75), (90,), (90,)]
    # What is looser does not hold, and neither do its shares.
    assert _folded([rule(top), rule({"days": 8, "shares": [10]})]) == rule(top)


@pytest.mark.parametrize(
    "hours",
    [
        {},
        {"1": []},
        {"8": [["08:30", "12:00"]]},
        {"12": [["08:30", "12:00"]]},
        {"": [["08:30", "12:00"]]},
        {"1": [["12:00", "08:30"]]},
        {"1": [["08:30", "08:30"]]},
        {"1": [["08:30", "12:00"], ["11:00", "17:30"]]},
        {"1": [["14:00", "17:30"], ["08:30", "12:00"]]},
        {"1": [["08:30", "25:00"]]},
        {"1": [["morning", "12:00"]]},
    ],
)
def test_hours_out_of_order_are_refused(hours: dict[str, Any]) -> None:
    """Overlapping, backwards, unknown days, never open."""
    with pytest.raises(ValueError, match="."):
        read_hours(hours)


def test_hours_are_read_as_they_say() -> None:
    """24:00 ends a day."""
    spans = [["00:00", "08:00"], ["20:00", "24:00"]]
    assert read_hours({"7": spans}) == {7: ((time(0), time(8)), (time(20), time(0)))}
