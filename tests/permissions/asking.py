"""The questions of the table of losses: each is one request or two, answered by a letter."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import TestResponse

from app.kernel.database import session
from app.orders.ticket.models import Order
from tests.permissions.actors import Cast
from tests.world import World

keys = itertools.count(1)
LETTERS = {200: "+", 201: "+", 204: "+", 401: "-", 403: "x", 404: ".", 409: "c"}


@dataclass
class Scene:
    """One cell under way: who holds what, and the ids that the probes are made of."""

    cast: Cast
    who: str
    ids: dict[str, Any] = field(default_factory=dict)

    @property
    def world(self) -> World:
        """The district with everybody in it."""
        return self.cast.world

    @property
    def person_id(self) -> int:
        """Whose right it is."""
        return self.world.ids[self.who]

    def call(
        self, method: str, path: str, *, key: str = "", by: str = "", **body: Any
    ) -> TestResponse:
        """One request as that person, or as another one (`by`)."""
        options: dict[str, Any] = {"json": body} if body else {}
        if method == "POST":
            options["headers"] = {"Idempotency-Key": key or f"scene-{next(keys)}"}
        return self.cast.send(by or self.who, method, f"/api/v1{path}", **options)

    def order(self, **body: Any) -> None:
        """An order of the resident, in the person's community, with a phone to reveal."""
        self.ids["order"] = self.world.order(**({"contact_phone": "13812345678"} | body))["id"]

    def act(self, by: str, action: str, **body: Any) -> None:
        """An action on the order that must succeed."""
        answer = self.call("POST", f"/orders/{self.ids['order']}/{action}", by=by, **body)
        assert answer.status_code == 200, (action, answer.json)

    def give(self, to: str, **more: Any) -> None:
        """The dispatcher gives the order to one person."""
        self.act("dispatcher", "dispatch", mode="direct", assignee_id=self.world.ids[to], **more)


Begin = Callable[[Scene], None]
Probe = Callable[[Scene], str]
Lose = Callable[[Scene], None]


def letter(answer: TestResponse) -> str:
    """The answer as a letter; an unknown status as its number."""
    return LETTERS.get(answer.status_code, f"<{answer.status_code}>")


def sees(scene: Scene) -> str:
    """F: the order with the resident's words; r: the record alone, without words, contact and place."""
    answer = scene.call("GET", f"/orders/{scene.ids['order']}")
    if answer.status_code != 200:
        return letter(answer)
    shown = answer.get_json()
    hidden = (shown["description"], shown["requester"], shown["contact"], shown["place"])
    return "F" if shown["description"] is not None else "r" if hidden == (None,) * 4 else "?"


def reads(scene: Scene) -> str:
    """a: rows of other people stand in the history too; o: only rows of what the person did; n: none."""
    answer = scene.call("GET", f"/orders/{scene.ids['order']}/events?limit=100")
    if answer.status_code != 200:
        return letter(answer)
    people = {(row["actor"] or {}).get("id") for row in answer.get_json()["items"]}
    return "n" if not people else "o" if people == {scene.person_id} else "a"


def reveals(scene: Scene) -> str:
    """Whether the contact is opened."""
    path = f"/orders/{scene.ids['order']}/reveal"
    return letter(scene.call("POST", path, fields=["contact"], reason="联系居民"))


def does(action: str, **body: Any) -> Probe:
    """Whether the action is done."""
    return lambda scene: letter(
        scene.call("POST", f"/orders/{scene.ids['order']}/{action}", **body)
    )


def holds(scene: Scene) -> str:
    """h: the order's row names the person as holder, helper or the one who is asked; b: it went back."""
    order = session.get_one(Order, scene.ids["order"], populate_existing=True)
    return (
        "h" if scene.person_id in (order.holder_id, order.offered_to_id, *order.helper_ids) else "b"
    )


reports = does("progress", note="已经到现场看过，明天来修。")
REPORTS = {"sees": sees, "reads": reads, "reveals": reveals, "reports": reports, "holds": holds}


def agreed(scene: Scene) -> str:
    """Whether a leader of the asked unit can still agree: + it takes effect, c it cannot any more."""
    path = f"/orders/{scene.ids['order']}/requests/{scene.ids['request']}/agree"
    return letter(scene.call("POST", path, by=scene.ids["decider"], note="同意"))


def doubts(scene: Scene) -> str:
    """Whether the joiner may say that it is not solved, after the desk has settled the matter."""
    order_id = scene.ids["order"]
    if session.get_one(Order, order_id, populate_existing=True).is_open:
        by = "other_dispatcher" if scene.ids.get("closed") else "dispatcher"
        done = scene.call("POST", f"/orders/{order_id}/settle", by=by, note="已经清理干净。")
        assert done.status_code == 200, done.json
    return letter(scene.call("POST", f"/orders/{order_id}/still_not_solved"))


def fetches(scene: Scene) -> str:
    """Whether the owner gets an address of the file."""
    answer = scene.call("GET", f"/exports/{scene.ids['export']}")
    return letter(answer) if answer.status_code != 200 else "+" if answer.get_json()["url"] else "x"


def opens(scene: Scene) -> str:
    """Whether the address that was given before still opens the file."""
    return letter(scene.cast.client.get(scene.ids["url"]))


def repeats(scene: Scene) -> str:
    """What a repeated bulk run says of the order: + its result, . it is missing now."""
    answer = scene.call("POST", "/orders/bulk", key=scene.ids["key"], **scene.ids["bulk"])
    return letter(answer) if answer.status_code != 200 else _result(answer)


def matches(scene: Scene) -> str:
    """Whether the person may propose a matching at the unit."""
    return letter(scene.call("POST", "/dispatching/matchings", unit_id=scene.world.community.id))


def applies(scene: Scene) -> str:
    """Whether the matching is carried out for the order."""
    row = {"order_id": scene.ids["order"], "assignee_ids": [scene.world.ids["member2"]]}
    answer = scene.call("POST", "/dispatching/matchings/apply", rows=[row])
    return letter(answer) if answer.status_code != 200 else _result(answer)


def _result(answer: TestResponse) -> str:
    (row,) = answer.get_json()["results"]
    return LETTERS.get(row["status"], f"<{row['status']}>")


def looks(scene: Scene) -> str:
    """Whether the person sees the uploaded file."""
    return letter(scene.call("GET", f"/imports/{scene.ids['import']}"))


def imports(scene: Scene) -> str:
    """Whether the person may have it entered."""
    return letter(scene.call("POST", f"/imports/{scene.ids['import']}/apply"))


def links(scene: Scene) -> str:
    """Whether the answer holds an address of the resident's picture."""
    answer = scene.call("GET", f"/orders/{scene.ids['order']}")
    return (
        letter(answer) if answer.status_code != 200 else "+" if answer.get_json()["photos"] else "x"
    )
