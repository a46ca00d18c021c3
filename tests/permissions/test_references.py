"""What a body names: somebody else's object is refused exactly as one that is not there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from app.files.reading import read_content
from app.files.service import upload
from app.kernel.actor import Actor
from app.kernel.database import session
from tests.files import samples
from tests.orders.stages import NOTE, claimed, dispatched, submitted
from tests.permissions.actors import Cast, undone
from tests.permissions.runner import MISSING, Values
from tests.world import World

Foreign = Callable[[World], int]
Body = Callable[[World, int], Values]


@dataclass(frozen=True, slots=True)
class Reference:
    """Who sends which body, with the id of something foreign in it; `path` may name an own order."""

    who: str
    path: str
    foreign: Foreign
    body: Body
    stage: Callable[[World], int] | None = None


def _order(world: World) -> int:
    return int(world.order("other_resident")["id"])


def _person(who: str) -> Foreign:
    return lambda world: world.ids[who]


def _file(world: World) -> int:
    actor = Actor(world.ids["other_resident"], "other_resident")
    file = upload(actor, read_content(samples.jpeg()))
    session.commit()
    return file.id


def _to(_: World, assignee_id: int) -> Values:
    return {"mode": "direct", "assignee_id": assignee_id}


def _again_to(world: World, assignee_id: int) -> Values:
    return {**_to(world, assignee_id), "reason": "换人"}


def _part(_: World, assignee_id: int) -> Values:
    return {"parts": [{"assignee_id": assignee_id, "task": "看一看"}]}


def _reported(name: str, *, several: bool = True) -> Body:
    return lambda _, found: {"note": NOTE, name: [found] if several else found}


def _placed(more: Callable[[int], Values]) -> Body:
    return lambda _, found: {"description": "楼道的灯坏了，请来修。", **more(found)}


def _provider(world: World, person_id: int) -> Values:
    unit = world.community.id
    return {"unit_id": unit, "name": "新公司", "kind": "lift", "person_id": person_id}


_ORDERS, _DESK = "/orders", "dispatcher"
NAMED = {
    "merged into": Reference(
        _DESK,
        "/orders/{}/merge",
        _order,
        _reported("into_id", several=False),
        submitted,
    ),
    "dispatched to a member": Reference(
        _DESK, "/orders/{}/dispatch", _person("other_member"), _to, submitted
    ),
    "dispatched to a grid worker": Reference(
        _DESK, "/orders/{}/dispatch", _person("other_grid"), _to, submitted
    ),
    "dispatched to a resident": Reference(
        _DESK, "/orders/{}/dispatch", _person("other_resident"), _to, submitted
    ),
    "reassigned to": Reference(
        _DESK, "/orders/{}/reassign", _person("other_grid"), _again_to, dispatched
    ),
    "a part for": Reference(_DESK, "/orders/{}/split", _person("other_grid"), _part, submitted),
    "helped by": Reference(
        "member", "/orders/{}/complete", _person("other_member"), _reported("helper_ids"), claimed
    ),
    "pictures of progress": Reference(
        "member", "/orders/{}/progress", _file, _reported("photo_ids"), claimed
    ),
    "pictures of a comment": Reference(
        "resident", "/orders/{}/comments", _file, _reported("photo_ids"), submitted
    ),
    "pictures of an order": Reference(
        "resident", _ORDERS, _file, _placed(lambda found: {"photo_ids": [found]})
    ),
    "voice of an order": Reference(
        "resident", _ORDERS, _file, _placed(lambda found: {"voice_id": found})
    ),
    "placed for": Reference(
        _DESK,
        _ORDERS,
        _person("other_resident"),
        _placed(lambda found: {"on_behalf_of": {"person_id": found}}),
    ),
    "account of a provider": Reference(_DESK, "/providers", _person("other_resident"), _provider),
}


@pytest.mark.slow
def test_a_foreign_one_is_as_good_as_none(cast: Cast) -> None:
    """Status and body are the same to the letter."""
    told_apart = set()
    for name, reference in NAMED.items():
        with undone():
            foreign, missing = _answers(cast, reference)
        assert missing[0] in (404, 422), (name, missing)
        if foreign != missing:
            told_apart.add(name)
    assert told_apart == set()


def _answers(cast: Cast, reference: Reference) -> list[tuple[int, bytes]]:
    """To the foreign one, to the missing one."""
    order_id = reference.stage(cast.world) if reference.stage else None
    path = f"/api/v1{reference.path.format(order_id)}"
    named = (reference.foreign(cast.world), MISSING)
    return [_ask(cast, reference.who, path, reference.body(cast.world, id_)) for id_ in named]


def _ask(cast: Cast, who: str, path: str, body: Any) -> tuple[int, bytes]:
    with undone():
        headers = {"Idempotency-Key": "reference"}
        answer = cast.send(who, "POST", path, json=body, headers=headers)
        return answer.status_code, answer.data
