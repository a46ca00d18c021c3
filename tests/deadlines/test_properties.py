"""The arithmetic against its laws, and against counting minute by minute."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from app.deadlines.computing.arithmetic import Length, Pause, due, length_from, used
from tests.deadlines.strategies import (
    DAY,
    MINUTE,
    PROOF,
    SECOND,
    Plan,
    lengths,
    minutes,
    offsets,
    offsets_in_seconds,
    pauses_after,
    plans,
    seconds,
    working_plans,
)

Offsets = tuple[timedelta, ...]
NEVER = datetime.max.replace(tzinfo=UTC)


def due_of(plan: Plan, start: datetime, length: Length, pauses: Sequence[Pause] = ()) -> datetime:
    """When it is due; while it stands still it never is."""
    counted = length_from(plan.calendar, start, length)
    return due(plan.calendar, start, counted, pauses) or NEVER


def is_paused(pauses: Sequence[Pause], moment: datetime) -> bool:
    """Whether it stands still then."""
    return any(paused <= moment < (resumed or NEVER) for paused, resumed in pauses)


@PROOF
@given(plans, minutes, offsets, st.integers(1, 400))
def test_it_is_due_when_so_many_minutes_have_been_counted(
    plan: Plan, offset: timedelta, chosen: Offsets, target: int
) -> None:
    """At the first open minute by which all have been used, unless it stands still by then."""
    start = plan.near + offset
    pauses = pauses_after(start, chosen, still=False)
    found = due_of(plan, start, Length(minutes=target), pauses)
    assume(found - start < DAY and not plan.sees_doubled_hours(start, found))
    assert plan.is_open(found)
    assert not any(paused < found < (resumed or NEVER) for paused, resumed in pauses)
    at, left = start, target
    while at < found:
        stands_still = is_paused(pauses, at)
        assert left or stands_still or not plan.is_open(at)
        left -= plan.is_open(at) and not stands_still
        at += MINUTE
    assert left == 0


@PROOF
@given(plans, minutes, offsets, st.integers(0, 1500))
def test_used_is_what_is_counted_minute_by_minute(
    plan: Plan, offset: timedelta, chosen: Offsets, passed: int
) -> None:
    """Open and not paused, over a day."""
    start = plan.near + offset
    end = start + passed * MINUTE
    assume(not plan.sees_doubled_hours(start, end))
    pauses = pauses_after(start, chosen)
    every = (start + number * MINUTE for number in range(passed))
    counted = sum(plan.is_open(at) and not is_paused(pauses, at) for at in every)
    assert used(plan.calendar, start, end, pauses) == counted * MINUTE


@PROOF
@given(plans, minutes, offsets, lengths, st.integers(0, 5000))
def test_used_and_left_are_the_target(
    plan: Plan, offset: timedelta, chosen: Offsets, length: Length, passed: int
) -> None:
    """At any moment until it is due, whatever stands still before and after."""
    start = plan.near + offset
    pauses = pauses_after(start, chosen)
    target = length_from(plan.calendar, start, length)
    found = due(plan.calendar, start, target, pauses)
    at = start + passed * MINUTE
    spent = used(plan.calendar, start, at, pauses)
    assert spent <= at - start
    if found is None:
        assert spent <= target
        assert pauses[-1][1] is None
    elif at <= found:
        assert spent + used(plan.calendar, at, found, pauses) == target
        assert spent == target or due(plan.calendar, at, target - spent, pauses) == found
    else:
        assert spent >= target


@PROOF
@given(plans, seconds, st.integers(0, 5400) | st.integers(0, 300000), offsets_in_seconds, lengths)
def test_whoever_starts_later_is_never_due_earlier(
    plan: Plan, offset: timedelta, delay: int, chosen: Offsets, length: Length
) -> None:
    """By minutes, days, or the same day; the pauses come after both."""
    start = plan.near + offset
    later = start + delay * SECOND
    pauses = pauses_after(later, chosen)
    assert due_of(plan, start, length, pauses) <= due_of(plan, later, length, pauses)


@PROOF
@given(plans, seconds, offsets_in_seconds, lengths, st.integers(0, 2))
def test_a_pause_never_makes_it_due_earlier(
    plan: Plan, offset: timedelta, chosen: Offsets, length: Length, number: int
) -> None:
    """One more of them, of minutes or of days, wherever it falls."""
    start = plan.near + offset
    pauses = pauses_after(start, chosen)
    number %= len(pauses)
    fewer = pauses[:number] + pauses[number + 1 :]
    assert due_of(plan, start, length, fewer) <= due_of(plan, start, length, pauses)


@PROOF
@given(plans, seconds, offsets_in_seconds, lengths, st.integers(0, 2), st.integers(0, 99))
def test_a_longer_pause_never_makes_it_due_earlier(
    plan: Plan, offset: timedelta, chosen: Offsets, length: Length, number: int, share: int
) -> None:
    """It begins sooner or ends later, within its neighbours."""
    start = plan.near + offset
    pauses = pauses_after(start, chosen, still=False)
    number %= len(pauses)
    paused, resumed = pauses[number]
    assert resumed is not None
    earliest = pauses[number - 1][1] if number else start
    latest = pauses[number + 1][0] if number + 1 < len(pauses) else resumed + 2 * DAY
    assert earliest is not None
    sooner, longer = divmod(share, 10)
    grown = (paused - (paused - earliest) * sooner / 10, resumed + (latest - resumed) * longer / 10)
    more = (*pauses[:number], grown, *pauses[number + 1 :])
    assert due_of(plan, start, length, pauses) <= due_of(plan, start, length, more)


@PROOF
@given(plans, seconds, seconds, st.integers(1, 9))
def test_what_is_counted_and_added_again_is_where_it_was(
    plan: Plan, offset: timedelta, other: timedelta, days: int
) -> None:
    """Or where it opens next; a length of days is settled once, and ends on its date."""
    start, end = plan.near + offset, plan.near + other
    calendar = plan.calendar
    assert calendar.add(start, calendar.elapsed(start, end)) == calendar.opening(max(start, end))
    assert due_of(plan, start, Length(days=days)) == calendar.add_days(start, days)
    assert due_of(plan, start, Length(same_day=True)) == calendar.end_of_day(start)


@PROOF
@given(working_plans, minutes, offsets, lengths)
def test_nothing_is_due_in_closed_time(
    plan: Plan, offset: timedelta, chosen: Offsets, length: Length
) -> None:
    """Nor before it has started, nor while it stands still at whole minutes."""
    start = plan.near + offset
    pauses = pauses_after(start, chosen, still=False)
    found = due_of(plan, start, length, pauses)
    assert found >= plan.calendar.opening(start) >= start
    assert plan.calendar.opening(found) == found
    assert not any(paused < found < (resumed or NEVER) for paused, resumed in pauses)
    assert plan.is_open(found) or plan.sees_doubled_hours(found, found + 60 * MINUTE)


@PROOF
@given(working_plans, minutes, st.integers(1, 7))
def test_so_many_days_are_so_many_counting_days(plan: Plan, offset: timedelta, days: int) -> None:
    """The day found lies after so many worked days, and at its hour where that is open."""
    begins = plan.calendar.opening(plan.near + offset)
    local = begins.astimezone(plan.zone)
    day, left = local.date(), days
    while left:
        day += DAY
        left -= plan.is_worked(day)
    found = due_of(plan, plan.near + offset, Length(days=days)).astimezone(plan.zone)
    wall = datetime.combine(day, local.time(), plan.zone).astimezone(UTC)
    exists = wall.astimezone(plan.zone).replace(tzinfo=None) == datetime.combine(day, local.time())
    assert found.date() >= day
    if exists and plan.is_open(wall) and not local.fold:
        assert found == wall
