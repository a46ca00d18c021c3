"""An anonymous order tells nobody who placed it: two requesters, one world, and the same answers."""

import itertools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.dispatching.states import BULK_FIELDS, BulkAction
from app.kernel.database import session
from app.kernel.http import App
from app.people.models import Person
from tests.conftest import Clock
from tests.permissions.actors import undone
from tests.permissions.runner import methods
from tests.world import World

pytestmark = pytest.mark.slow

# These may give an order out.
DESK = ("duty", "dispatcher")
STAFF = ("grid", "duty", "dispatcher", "leader", "street", "district", "admin")
# Who handles orders of the unit: one of them placed the order.
HANDLERS = ("member", "member2", "volunteer", "grid")
# Its name, and what of it is never the same twice.
UNLIKE = re.compile(
    r'"(?:request_id|url|thumbnail_url|next_cursor|etag)": (?:"[^"]*"|null)|[?&](?:sig|until)=[^"&]*'
)
_keys = itertools.count(1)
Answers = dict[str, str]


def placed(world: World, who: str, **more: Any) -> int:
    """An anonymous order in the first community, with the same words whoever places it."""
    body = {
        "anonymous": True,
        "description": "楼道里的蓝孔雀灯坏了。",
        "unit_id": world.community.id,
        "contact_name": "王小明",
        "contact_phone": "13812345678",
    }
    order = world.order(who, **body | more)
    return int(order["id"])


def plain(world: World, order_id: int, text: str) -> str:
    """The answer without the id and the number of the order, and without what changes by itself."""
    number = world.get("dispatcher", f"/orders/{order_id}").get_json()["number"]
    return UNLIKE.sub("…", text.replace(number, "<number>").replace(f'"id": {order_id}', "<id>"))


def reads(app: Flask, world: World, order_id: int) -> Iterator[tuple[str, str]]:
    """Each GET of the program that needs no more than the order, the unit, or nothing."""
    adapter = app.url_map.bind("localhost")
    values = {"order_id": order_id, "unit_id": world.community.id}
    for rule in app.url_map.iter_rules():
        if methods(rule) != {"GET"} or not rule.arguments <= values.keys():
            continue
        if not rule.rule.startswith("/api/v1/") or "/files/" in rule.rule:
            continue
        path = adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments})
        yield rule.endpoint, path
        if not rule.arguments:
            yield f"{rule.endpoint} of the unit", f"{path}?unit_id={world.community.id}"
    yield "search", "/api/v1/orders?q=蓝孔雀"


def tries(world: World, order_id: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each act that names a handler, one in one, many at once, tried or done; and the look-ups."""
    for who in HANDLERS:
        person = world.ids[who]
        to = {"mode": "direct", "assignee_id": person}
        yield f"dispatch to {who}", f"/orders/{order_id}/dispatch", to
        together = {"mode": "pool", "helper_ids": [person]}
        yield f"dispatch beside {who}", f"/orders/{order_id}/dispatch", together
        part = {"parts": [{"assignee_id": person, "task": "上门看看"}]}
        yield f"split to {who}", f"/orders/{order_id}/split", part
        rows = {"rows": [{"order_id": order_id, "assignee_ids": [person]}]}
        yield f"matching to {who}", "/dispatching/matchings/apply", rows
        for dry_run in (True, False):
            many = {"ids": [order_id], "action": "dispatch", "dry_run": dry_run, **to}
            yield f"bulk to {who}, {dry_run}", "/orders/bulk", many
    for action in BulkAction:
        needed = {name: "好的。" for name in BULK_FIELDS[action].needed if name == "reason"}
        many = {"ids": [order_id], "action": action.value, "dry_run": True, **needed}
        yield f"bulk {action.value}", "/orders/bulk", many
    yield "matchings", "/dispatching/matchings", {"unit_id": world.community.id}
    for phone in ("13812345678", "13900000003", "13900000004"):
        yield f"caller {phone}", "/people/caller", {"phone": phone}


def answers(app: Flask, world: World, order_id: int, staff: Sequence[str]) -> Answers:
    """By role and request what each of them is told, each request on the same untouched order."""
    client = app.test_client()
    found = {}
    for who in staff:
        login = world.login(who)
        for name, path in reads(app, world, order_id):
            answer = client.get(path, headers=login)
            found[f"{who}: {name}"] = said(answer)
        for name, path, body in tries(world, order_id) if who in DESK else ():
            with undone():
                headers = login | {"Idempotency-Key": f"anonymous-{next(_keys)}"}
                answer = client.post(f"/api/v1{path}", json=body, headers=headers)
                events = client.get(f"/api/v1/orders/{order_id}/events", headers=login)
                found[f"{who}: {name}"] = said(answer) + said(events)
    return {name: plain(world, order_id, text) for name, text in found.items()}


def said(answer: TestResponse) -> str:
    """Status and content, in one spelling, so that ids are found; of a file the status alone."""
    content = answer.get_json(silent=True)
    return f"{answer.status_code} {json.dumps(content, ensure_ascii=False)}"


def differences(
    app: Flask, world: World, *makers: Callable[[], int], staff: Sequence[str] = STAFF
) -> set[str]:
    """The requests whose answers differ between the worlds in which the orders were made."""
    told: list[Answers] = []
    for make in makers:
        with undone():
            told.append(answers(app, world, make(), staff))
    first, *others = told
    assert len(first) > 40 * len(staff)
    return {name for other in others for name in first if first[name] != other.get(name)}


@pytest.fixture
def still(clock: Clock, world: World) -> World:
    """A moment that does not pass."""
    clock.set("2027-03-01T09:00:00+08:00")
    # Few people of a building are on the green channel.
    session.get_one(Person, world.ids["other_resident2"]).green = True
    session.commit()
    for who in STAFF:
        world.login(who)
    return world


def test_no_answer_differs_from_one_about_a_stranger(app: App, still: World) -> None:
    """A member of the unit, a volunteer, somebody from elsewhere, a green one: staff read the same."""
    makers = [
        lambda who=who: placed(still, who)  # type: ignore[misc]  # bound at once
        for who in ("other_resident", "member2", "volunteer", "other_resident2")
    ]
    assert differences(app, still, *makers) == set()


def test_a_requester_who_is_named_is_found(
    app: App, still: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison sees an obstacle, a refusal, and a name in the history."""
    makers = [
        lambda who=who: placed(still, who)  # type: ignore[misc]  # bound at once
        for who in ("other_resident", "member2")
    ]
    with monkeypatch.context() as broken:
        broken.setattr(
            "app.orders.giving.service.known_owners",
            lambda order: (order.requester_id, order.placer_id),
        )
        found = differences(app, still, *makers, staff=("duty",))
        assert {"duty: dispatch to member2", "duty: bulk to member2, True"} <= found
    with monkeypatch.context() as broken:
        broken.setattr("app.orders.views.chronicle.may_know_requester", lambda *_: True)
        assert "grid: orders.list_events" in differences(app, still, *makers, staff=("grid",))
    with monkeypatch.context() as broken:
        broken.setattr("app.orders.views.rendering.may_know_requester", lambda *_: True)
        assert "leader: orders.show" in differences(app, still, *makers, staff=("leader",))
