"""The stories: whatever the hour, every state, every leaf, and histories that make sense."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from app.categories.states import Urgency
from app.categories.tree import shipped_tree
from app.demo.chronicle import chronicle
from app.demo.crews import members_for
from app.demo.population import people
from app.demo.shares import SPARED, held_by_members
from app.demo.tale import Rules, Story
from app.kernel.clock import local_date, to_local
from app.orders.ticket.states import ACTIVE, OPEN, TABLE, Action, OrderStatus, RequestKind

pytestmark = pytest.mark.slow

# A Sunday past midnight, a Monday before work, at noon and in the evening, a summer Saturday.
NOWS = (
    "2026-11-21T16:30+00:00",
    "2026-11-23T00:07+00:00",
    "2026-11-23T04:10+00:00",
    "2026-11-23T13:45+00:00",
    "2027-07-17T08:00+00:00",
)


@cache
def rules() -> dict[str, Rules]:
    """The rules of the categories that ship."""
    return {
        leaf["name"]: Rules(
            leaf["urgency"],
            frozenset(leaf["skills"]),
            leaf["public_place"],
            leaf["home_visit"],
            leaf["vetted_only"],
            leaf["two_people"],
            leaf["check_before_answer"],
            leaf["to_unit_above"],
        )
        for group in shipped_tree()
        for leaf in group.leaves
    }


@cache
def told(moment: str) -> list[Story]:
    """The stories as of then."""
    return chronicle(datetime.fromisoformat(moment), rules())


@pytest.fixture(params=NOWS)
def stories(request: pytest.FixtureRequest) -> list[Story]:
    return told(request.param)


@pytest.fixture
def now(request: pytest.FixtureRequest) -> datetime:
    found: str = request.node.callspec.params["stories"]
    return datetime.fromisoformat(found)


def test_six_hundred_in_every_state_about_every_leaf(stories: list[Story]) -> None:
    assert len(stories) == 600
    found = Counter(story.status for story in stories)
    assert set(found) == set(OrderStatus)
    assert min(found.values()) >= 12
    assert {story.category for story in stories} == set(rules())
    assert len({story.text for story in stories}) >= 150


def test_every_step_is_a_row_of_the_table(stories: list[Story]) -> None:
    for story in stories:
        status = None
        for step in story.steps:
            row = TABLE[step.action]
            assert status in row.start or (status is None and step.action is Action.SUBMIT)
            assert step.to is status or step.to in row.to
            status = step.to


def test_times_go_forward_and_stay_in_the_past(stories: list[Story], now: datetime) -> None:
    for story in stories:
        times = [step.at for step in story.steps]
        assert times == sorted(times)
        assert len(set(times)) == len(times)
        assert times[-1] < now
        assert times[0] > now - timedelta(days=75)


def test_members_work_after_work(stories: list[Story]) -> None:
    for story in stories:
        for step in story.steps:
            if step.who and step.who.startswith("member:"):
                local = to_local(step.at)
                assert 8 <= local.hour < 22
                if local.weekday() < 5:
                    assert local.hour in (12, 13) or local.hour >= 17


def test_the_night_is_for_emergencies(stories: list[Story]) -> None:
    for story in stories:
        if story.urgency is not Urgency.EMERGENCY:
            awake = [to_local(step.at).hour for step in story.steps if step.who]
            assert all(7 <= hour <= 22 for hour in awake), story


def test_members_may_do_what_they_claim(stories: list[Story]) -> None:
    for story in stories:
        able = set(members_for(story.community, rules()[story.category]))
        claims = [step for step in story.steps if step.action is Action.CLAIM]
        assert {step.who for step in claims} <= able
        asked = {step.more["offered_to"] for step in story.steps if "offered_to" in step.more}
        assert asked <= able


def test_nobody_is_over_the_caps(stories: list[Story], now: datetime) -> None:
    claims: Counter[tuple[str, object]] = Counter()
    spans = defaultdict(list)
    for story in stories:
        for held in held_by_members(story):
            claims[held.member, local_date(held.since)] += 1
            spans[held.member].append((held.since, held.until or now))
    assert max(claims.values()) <= 2
    for held_by_one in spans.values():
        for since, _ in held_by_one:
            assert sum(start <= since < end for start, end in held_by_one) <= 3


def test_who_logs_in_first_has_room_to_claim(stories: list[Story], now: datetime) -> None:
    holding: Counter[str] = Counter()
    for story in stories:
        for held in held_by_members(story):
            if held.member in SPARED:
                assert local_date(held.since) != local_date(now)
                holding[held.member] += held.until is None
        last = story.steps[-1]
        assert last.more.get("offered_to") not in SPARED or last.to is not OrderStatus.DISPATCHED
    assert max(holding.values(), default=0) <= 1


def test_residents_stay_under_their_limits(stories: list[Story]) -> None:
    placed = Counter((story.requester, local_date(story.steps[0].at)) for story in stories)
    waiting = Counter(story.requester for story in stories if story.status in OPEN)
    assert max(placed.values()) <= 4
    assert max(waiting.values()) <= 5


def test_each_community_has_its_share(stories: list[Story]) -> None:
    found = Counter(story.community for story in stories)
    assert min(found[community] for community in range(6)) >= 70
    for story in stories:
        home = people()[story.requester].community
        assert home == story.community


def test_rounds_pauses_agreements_and_calls_are_there(stories: list[Story]) -> None:
    steps = [step for story in stories for step in story.steps]
    found = {step.action for step in steps}
    assert found >= {
        Action.ACKNOWLEDGE, Action.SETTLE, Action.CLAIM, Action.DECLINE, Action.REASSIGN, Action.RECALL,
        Action.RETURN, Action.LAPSE, Action.APPOINT, Action.SUSPEND, Action.RESUME, Action.EXTEND,
        Action.CHECK, Action.FOLLOW_UP, Action.CLOSE_UNANSWERED, Action.REOPEN, Action.SUPERVISE,
        Action.ASK, Action.ANSWER, Action.MERGE, Action.REJECT, Action.AGREE, Action.URGE,
        Action.NOT_COME, Action.COMMENT, Action.JOIN,
    }  # fmt: skip
    asked = {step.more["request"] for step in steps if "request" in step.more}
    assert {"suspend", "extend", "cancel", "report_up"} <= asked <= set(RequestKind)
    assert any(step.more.get("solved") is False for step in steps)
    assert any(step.more.get("long_term") for step in steps)


def test_pending_agreements_are_fresh_enough(stories: list[Story], now: datetime) -> None:
    for story in stories:
        last = story.steps[-1]
        if "request" in last.more and last.action is not Action.AGREE:
            assert story.status in ACTIVE
            assert now - last.at < timedelta(hours=24 * 4)


def test_the_merged_follow_a_root_of_the_same_category(stories: list[Story]) -> None:
    by_key = {story.key: story for story in stories}
    for story in stories:
        if story.status is OrderStatus.MERGED:
            root = by_key[story.steps[-1].more["into"]]
            assert root.category == story.category
            assert root.community == story.community
            assert root.steps[0].at <= story.steps[0].at
            assert root.status is not OrderStatus.MERGED


def test_the_same_moment_tells_the_same_stories() -> None:
    moment = datetime(2026, 11, 23, 4, 10, tzinfo=UTC)
    assert chronicle(moment, rules()) == chronicle(moment, rules())
