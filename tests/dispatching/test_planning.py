"""Hours, fitting and planning without a database: what is free, what fits, and rules that always hold."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.dispatching.facts import Caps, Errand, Handler
from app.dispatching.fitting import fit, room
from app.dispatching.hours import is_free, next_free, weekday_of
from app.dispatching.planning import Sheet
from app.dispatching.solver import match
from app.dispatching.wording import nearness
from app.kernel.clock import LOCAL
from app.orders.ticket.states import HandlerKind

UNIT, OTHER = "/1/2/3/", "/1/2/30/"
CAPS = Caps(3, 2)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of December 2026 in local time; the second is a Wednesday."""
    return datetime(2026, 12, day, hour, minute, tzinfo=LOCAL)


EVENING = {"wed": [["18:00", "21:00"]], "sat": [["09:00", "12:00"], ["20:00", "24:00"]]}


@pytest.mark.parametrize(
    ("since", "until", "free"),
    [
        (at(2, 18), at(2, 19), True),
        (at(2, 20, 30), at(2, 23), True),
        # Less than half an hour is no visit.
        (at(2, 20, 31), at(2, 23), False),
        (at(2, 9), at(2, 12), False),
        (at(3, 18), at(3, 21), False),
        (at(5, 23), at(6, 1), True),
        (at(6, 0), at(6, 9), False),
        # Over several days one of them is enough.
        (at(3, 8), at(5, 10), True),
        (at(2, 18).astimezone(UTC), at(2, 19).astimezone(UTC), True),
    ],
)
def test_free(since: datetime, until: datetime, free: bool) -> None:
    assert is_free([EVENING], since, until) is free


def test_who_has_said_nothing_may_have_time() -> None:
    """Neither none at all nor an empty week is a full one; several weeks add up."""
    assert is_free([], at(2, 3), at(2, 4))
    assert is_free([EVENING, {}], at(2, 3), at(2, 4))
    assert is_free([EVENING, {"thu": [["08:00", "09:00"]]}], at(3, 8), at(3, 9))


def test_next_free() -> None:
    """Now if it is now, else the first to come within a week, half an hour of it at least."""
    assert next_free([EVENING], at(2, 12)) == (at(2, 18), at(2, 21))
    assert next_free([EVENING], at(2, 19)) == (at(2, 19), at(2, 21))
    assert next_free([EVENING], at(2, 20, 45)) == (at(5, 9), at(5, 12))
    assert next_free([EVENING], at(5, 20)) == (at(5, 20), at(6, 0))
    assert next_free([{}], at(2, 12)) is None
    assert next_free([], at(2, 12)) is None


def test_weekdays() -> None:
    """From Monday on."""
    names = [weekday_of(at(day, 12).date()) for day in range(7, 14)]
    assert names == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _errand(**values: object) -> Errand:
    usual = {"order_id": 1, "unit_id": 3, "path": UNIT, "rank": 3, "submitted_at": at(1, 9)}
    return Errand(**(usual | {"own": frozenset()} | values))  # type: ignore[arg-type]  # by name


def _handler(kind: HandlerKind = HandlerKind.MEMBER, **values: object) -> Handler:
    return Handler(**({"id": 7, "kind": kind, "serves": ("/1/",)} | values))  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("errand", "handler", "code"),
    [
        (_errand(), _handler(), None),
        (_errand(own=frozenset({7})), _handler(), "order.own"),
        (_errand(), _handler(away=True), "person.away"),
        (_errand(), _handler(blocked=True), "person.offers_blocked"),
        (_errand(), _handler(HandlerKind.GRID, blocked=True), None),
        (_errand(sensitive=True), _handler(), "assignee.not_cleared"),
        (_errand(sensitive=True), _handler(vetted=True), None),
        (_errand(sensitive=True), _handler(cleared=("/1/2/",)), None),
        (_errand(sensitive=True), _handler(cleared=(OTHER,)), "assignee.not_cleared"),
        (_errand(vetted_only=True), _handler(), "assignee.not_vetted"),
        (_errand(vetted_only=True), _handler(HandlerKind.GRID), "assignee.not_vetted"),
        (_errand(skills=("电工",)), _handler(), "assignee.skill_missing"),
        (_errand(skills=("电工", "水工")), _handler(skills=frozenset({"水工"})), None),
        (_errand(skills=("电工",)), _handler(HandlerKind.GRID), None),
        (_errand(), _handler(holding=3), "assignee.open_cap"),
        (_errand(), _handler(holding=2, offered=1), "assignee.open_cap"),
        (_errand(), _handler(holding=2), None),
        (_errand(), _handler(today=2), "assignee.daily_cap"),
        (_errand(), _handler(HandlerKind.GRID, holding=9), None),
    ],
)
def test_obstacles(errand: Errand, handler: Handler, code: str | None) -> None:
    """The code of the refusal, with a sentence."""
    found = fit(errand, handler, CAPS).obstacle
    assert (found and found.code) == code
    assert found is None or found.text.endswith("。")


def test_room() -> None:
    """What both caps leave, never less than nothing."""
    assert room(_handler(), CAPS) == 2
    assert room(_handler(holding=2), CAPS) == 1
    assert room(_handler(offered=1, today=1), CAPS) == 0
    assert room(_handler(holding=9), CAPS) == 0


@pytest.mark.parametrize(
    ("place", "home", "same"),
    [
        ("/5/6/7/", "/5/6/", True),
        ("/5/6/", "/5/6/8/", True),
        ("/5/6/", "/5/60/", False),
        ("/5/", "/5/", False),
        ("", "", False),
        ("/5/6/", "", False),
    ],
)
def test_the_same_building(place: str, home: str, same: bool) -> None:
    """An estate in common is not enough."""
    found = fit(_errand(place_path=place), _handler(home_path=home), CAPS)
    assert found.neighbour is same


def test_the_nearest_of_several_places_counts() -> None:
    """In tens of metres; unknown where either is."""
    here, near, far = (36.0, 117.0), (36.0027, 117.0), (36.1, 117.0)
    assert fit(_errand(spot=here), _handler(spots=(far, near)), CAPS).distance == 300
    assert fit(_errand(spot=here), _handler(), CAPS).distance is None
    assert fit(_errand(), _handler(spots=(near,)), CAPS).distance is None


@pytest.mark.parametrize("strict", [3, 30])
def test_a_strict_unit_binds_its_own_orders_alone(strict: int) -> None:
    """Whichever unit's orders came first: one of the strict unit, and as many as the other admits."""
    errands = [
        _errand(order_id=n, unit_id=unit, path=UNIT if unit == 3 else OTHER)
        for n, unit in enumerate([3, 3, 30, 30])
    ]
    caps = {unit: Caps(9, 1 if unit == strict else 3) for unit in (3, 30)}
    plan = match(Sheet(errands, [_handler()], caps).problem())
    given_of = [errands[given_.task].unit_id for given_ in plan.given]
    assert (given_of.count(strict), len(given_of)) == (1, 3)


@pytest.mark.parametrize(
    ("metres", "words"),
    [(0, "就在附近"), (120, "离这里约100米"), (980, "离这里约1000米"), (2340, "离这里约2.3公里")],
)
def test_distances_as_people_say_them(metres: int, words: str) -> None:
    assert nearness(metres) == words


# --- whoever and whatever comes together, the plan keeps the rules

_SKILLS = ("电工", "水工", "调解")
_some_skills = st.lists(st.sampled_from(_SKILLS), unique=True, max_size=2)
_paths = st.sampled_from([UNIT, OTHER])
_spans = st.builds(
    lambda day, hour, hours: (at(day, hour), at(day, hour) + timedelta(hours=hours)),
    st.integers(2, 3),
    st.sampled_from([9, 18, 19, 20]),
    st.integers(1, 3),
)
_weeks = st.sampled_from([{}, EVENING, {"thu": [["08:00", "20:00"]]}])


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    """A few orders of two units with caps of their own, and a few people of all kinds."""
    errands = [
        Errand(
            order_id=100 + number,
            unit_id=3 if path == UNIT else 30,
            path=path,
            rank=draw(st.integers(0, 3)),
            submitted_at=at(1, draw(st.integers(0, 23))),
            own=frozenset(draw(st.lists(st.integers(0, 4), max_size=1))),
            skills=tuple(draw(_some_skills)),
            vetted_only=draw(st.booleans()),
            sensitive=draw(st.booleans()),
            people=draw(st.integers(1, 2)),
            times=tuple(draw(st.lists(_spans, max_size=2))),
        )
        for number, path in enumerate(draw(st.lists(_paths, max_size=6)))
    ]
    handlers = [
        Handler(
            id=id_,
            kind=draw(st.sampled_from([HandlerKind.MEMBER, HandlerKind.GRID])),
            serves=(draw(st.sampled_from(["/1/", UNIT, OTHER])),),
            skills=frozenset(draw(_some_skills)),
            vetted=draw(st.booleans()),
            away=draw(st.sampled_from([False, False, True])),
            blocked=draw(st.sampled_from([False, False, True])),
            hours=(("/1/", draw(_weeks)),),
            holding=draw(st.integers(0, 3)),
            offered=draw(st.integers(0, 1)),
            today=draw(st.integers(0, 1)),
            busy=tuple(draw(st.lists(_spans, max_size=1))),
        )
        for id_ in range(draw(st.integers(0, 5)))
    ]
    caps = {unit: Caps(draw(st.integers(1, 5)), draw(st.integers(1, 4))) for unit in (3, 30)}
    return Sheet(errands, handlers, caps)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sheets())
def test_no_plan_breaks_a_rule(sheet: Sheet) -> None:
    """Asked of the people and orders themselves, not of what the solver was told."""
    plan = match(sheet.problem())
    assert plan.proven
    for handler in sheet.handlers.values():
        mine = [sheet.errands[g.task] for g in plan.given if handler.id in g.workers]
        for unit, caps in sheet.caps.items():
            # Taken in the order of their caps every one can be claimed.
            bound = [e for e in mine if room(handler, sheet.caps[e.unit_id]) <= room(handler, caps)]
            if any(errand.unit_id == unit for errand in bound):
                taken = len(bound) + handler.offered
                assert handler.holding + taken <= caps.open
                assert handler.today + taken <= caps.daily
        spans = [
            sheet.errands[g.task].times[g.time]
            for g in plan.given
            if handler.id in g.workers and g.time is not None
        ]
        spans.sort()
        assert all(one[1] <= two[0] for one, two in zip(spans, spans[1:], strict=False))
        for since, until in spans:
            assert is_free([hours for _, hours in handler.hours], since, until)
            assert not any(begin < until and since < end for begin, end in handler.busy)
    for given_ in plan.given:
        errand = sheet.errands[given_.task]
        assert len(set(given_.workers)) == len(given_.workers) == errand.people
        assert (given_.time is not None) is bool(errand.times)
        for handler in (sheet.handlers[worker] for worker in given_.workers):
            assert errand.path.startswith(handler.serves[0])
            assert handler.id not in errand.own
            assert not handler.away
            assert not (handler.blocked and handler.claims)
            assert handler.vetted or not (errand.vetted_only or errand.sensitive)
            assert not handler.claims or not errand.skills or set(errand.skills) & handler.skills
    left = sheet.errands.keys() - {given_.task for given_ in plan.given}
    assert all(sheet.why(order_id).endswith("。") for order_id in left)
