"""The matrix is worth what it finds: each hole that somebody might leave open shows in it."""

import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, true
from werkzeug.routing import Rule

from app import POLICIES
from app.identity.guard import PUBLIC_ENDPOINTS
from app.kernel import actor
from app.kernel.database import session
from app.kernel.errors import NotFound, not_found
from app.kernel.http import App
from app.orders.access import visible
from app.orders.access.policy import POLICY
from app.orders.ticket.models import Order, OrderEvent
from app.orders.ticket.states import Action
from app.people.models import Person
from tests.permissions.actors import Cast
from tests.permissions.cases import CASES
from tests.permissions.expected import EXPECTED
from tests.permissions.holes import UNSEEN, WATCHED
from tests.permissions.rules import rules_of
from tests.permissions.runner import Case, probes, run, unlisted

SOME = {case.name: case for case in CASES}
Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Hole:
    """What is broken, in which case it must show, and as what: place, role, letter."""

    plant: Plant
    case: str
    shows: tuple[str, str, str]


def _yes(*_: Any, **__: Any) -> bool:
    return True


def _no(*_: Any, **__: Any) -> bool:
    return False


def _instead(target: str, value: Any) -> Plant:
    return lambda patch: patch.setattr(target, value)


def _action(action: Action, rule: Any) -> Plant:
    return lambda patch: patch.setitem(POLICY, action, rule)


def _telling(who: actor.Actor, order_id: int) -> Order:
    order = session.get(Order, order_id)
    if order is None:
        raise not_found()
    if order.requester_id != who.person_id:
        raise NotFound("order.foreign", "这张工单不归您看。")
    return order


def _everywhere(self: actor.Actor, permission: str, unit_path: str) -> bool:
    return bool(unit_path) and self.may_somewhere(permission)


def _wherever(self: actor.Actor, permission: str) -> tuple[str, ...]:
    return ("/",) if self.may_somewhere(permission) else ()


_ORDERS, _PEOPLE = "app.orders", "app.people.queries"
HOLES = {
    "nobody dispatches": Hole(
        _action(Action.DISPATCH, _no), "orders.dispatch", ("own", "dispatcher", "x")
    ),
    "all orders are visible": Hole(
        _instead(f"{_ORDERS}.access.visible.orders_visible_to", lambda _: select(Order)),
        "orders.show",
        ("foreign", "dispatcher", "+"),
    ),
    "the list shows all orders": Hole(
        _instead(f"{_ORDERS}.views.lists.visible_orders", lambda _: (select(Order), {})),
        "orders.list_orders",
        ("foreign", "resident", "+"),
    ),
    "pools are open to all members": Hole(
        _instead(f"{_ORDERS}.access.visible.in_pool", lambda _: true()),
        "orders.show:in the pool",
        ("foreign", "member", "+"),
    ),
    "internal words are for all": Hole(
        _instead(
            f"{_ORDERS}.views.lists.events_visible_to",
            lambda _, order: select(OrderEvent).where(OrderEvent.order_id == order.id),
        ),
        "orders.list_events:internal",
        ("own", "requester", "+"),
    ),
    "a foreign order is told from a missing one": Hole(
        _instead("app.orders.door.api.get_visible", _telling),
        "orders.show",
        ("foreign", "leader", "unlike a missing one"),
    ),
    "phones are not masked": Hole(
        _instead(f"{_ORDERS}.views.rendering.mask_phone", lambda phone: phone),
        "orders.show",
        ("own", "grid_worker", "phone in clear"),
    ),
    "a permission holds everywhere": Hole(
        _instead("app.kernel.actor.Actor.may", _everywhere),
        "providers.create_provider",
        ("foreign", "dispatcher", "+"),
    ),
    "a subtree is the whole tree": Hole(
        _instead("app.kernel.actor.Actor.paths", _wherever),
        "people.get_person",
        ("foreign", "leader", "+"),
    ),
    "all people are visible": Hole(
        _instead(f"{_PEOPLE}.persons.people_visible_to", lambda _: select(Person)),
        "people.get_person",
        ("own", "resident", "+"),
    ),
    "rooms are for everybody": Hole(
        _instead("app.organisation.queries.places.room_paths", lambda _: ("/",)),
        "places.get_place:room",
        ("own", "resident", "+"),
    ),
    "a door is left open": Hole(
        _instead("app.identity.guard.PUBLIC_ENDPOINTS", PUBLIC_ENDPOINTS | {"units.locate"}),
        "units.locate",
        ("own", "anonymous", "+"),
    ),
}


def _build_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement kept from before the hole, or after it, would hide it or keep it open."""
    monkeypatch.setattr(visible, "_one_visible", visible._one_visible.__wrapped__)
    monkeypatch.setattr(visible, "_all_visible", visible._all_visible.__wrapped__)


@pytest.mark.slow
def test_each_hole_shows(app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is planted alone, and found where it lets somebody in."""
    _build_anew(monkeypatch)
    unseen = []
    for name, hole in HOLES.items():
        with monkeypatch.context() as patch:
            place, planted = hole.shows[0], partial(hole.plant, patch)
            report = run(cast, app, [SOME[hole.case]], EXPECTED, places=[place], plant=planted)
        if (hole.case, *hole.shows) not in report.found:
            unseen.append(name)
    assert unseen == []


@pytest.mark.slow
def test_each_rule_is_watched(app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that says yes to everybody is found by the case that is named for it."""
    _build_anew(monkeypatch)
    unwatched = []
    for name, case in WATCHED.items():
        with monkeypatch.context() as patch:
            planted = partial(_say_yes, patch, name)
            asked = probes(cast, app, SOME[case], EXPECTED[case], places=["own"], plant=planted)
            # The first that shows is enough.
            with closing(asked):
                if not any(asked):
                    unwatched.append(name)
    assert unwatched == []


def test_every_rule_is_watched_or_known_not_to_show() -> None:
    """A new rule is to be named."""
    assert not WATCHED.keys() & UNSEEN
    assert WATCHED.keys() | UNSEEN == rules_of(POLICIES)


def _say_yes(patch: pytest.MonkeyPatch, name: str) -> None:
    """In every module that has taken the rule over, and in the table of the actions."""
    room, _, function = name.partition(".")
    home = next(policy for policy in POLICIES if policy.__name__.split(".")[1] == room)
    rule = getattr(home, function)
    for module in [m for key, m in sys.modules.items() if key.startswith(f"app.{room}")]:
        for held, value in list(vars(module).items()):
            if value is rule:
                patch.setattr(module, held, _yes)
    for action, value in list(POLICY.items()):
        if value is rule:
            patch.setitem(POLICY, action, _yes)


def test_a_planted_endpoint_is_missed(app: App) -> None:
    """Without a case and a row it does not pass."""
    planted = Rule("/api/v1/planted", endpoint="planted.view", methods=["GET"])
    found = unlisted([*app.url_map.iter_rules(), planted], CASES, EXPECTED)
    assert found == {"no case: planted.view", "nobody gets in: planted.view"}


def test_a_second_method_is_missed(app: App) -> None:
    """A case knows one method of its endpoint."""
    more = Rule("/api/v1/me", endpoint="me.get_me", methods=["POST", "DELETE"])
    found = unlisted([*app.url_map.iter_rules(), more], CASES, EXPECTED)
    assert found == {"several methods: me.get_me"}


def test_what_is_missing_in_the_table_is_named(app: App) -> None:
    """Cases without a row, rows without a case, endpoints that let nobody in, short rows."""
    rules = list(app.url_map.iter_rules())
    strange = Case("nowhere.at_all")
    assert unlisted(rules, [*CASES, strange], EXPECTED) == {
        "no endpoint: nowhere.at_all",
        "no row: nowhere.at_all",
    }
    without = {name: row for name, row in EXPECTED.items() if name != "me.get_me"}
    assert unlisted(rules, CASES, without) == {"no row: me.get_me", "nobody gets in: me.get_me"}
    shut = EXPECTED | {"me.get_me": ("-" * 14, "x" * 13)}
    assert unlisted(rules, CASES, shut) == {
        "nobody gets in: me.get_me",
        "not 14 letters: me.get_me",
    }
    idle = EXPECTED | {"me.get_me:at night": EXPECTED["me.get_me"]}
    assert unlisted(rules, CASES, idle) == {"no case: me.get_me:at night"}
