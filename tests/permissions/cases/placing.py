"""Placing and reading orders."""

from collections.abc import Callable
from typing import Any

from tests.orders.stages import claimed, closed, completed, dispatched, submitted
from tests.permissions.cases import situations as s
from tests.permissions.runner import Call, Case, Values
from tests.world import World


def _here(world: World) -> Values:
    """The unit that the order is placed with."""
    return {"unit_id": world.community.id, "person_id": world.ids["resident"]}


def _placed(**more: Any) -> Callable[[Call], Values]:
    def body(call: Call) -> Values:
        unit = call.values["unit_id"]
        return {"description": "楼道的灯坏了，请来修。", "unit_id": unit, **more}

    return body


def _for_somebody(call: Call) -> Values:
    return _placed(on_behalf_of={"person_id": call.values["person_id"]})(call)


def _by_staff_alone(call: Call) -> Values:
    return _placed(category_id=call.world.categories["临时救助"])(call)


def _listed(answer: Any, values: Values) -> bool:
    return values["order_id"] in [item["id"] for item in answer["items"]]


def _in_pool(world: World) -> Values:
    return {"order_id": dispatched(world), "mine": "pool"}


def _near(category: str) -> Callable[[World], Values]:
    def arrange(world: World) -> Values:
        order_id = s.of(category, place_id=world.place.id)(world)
        world.act("dispatcher", order_id, "check_content", state="passed")
        return {"order_id": order_id, "place_id": world.place.id}

    return arrange


def _of_community(world: World) -> Values:
    submitted(world)
    return {"unit_id": world.community.id}


def _revealed(_: Call) -> Values:
    return {"fields": ["contact", "location"], "reason": "联系居民"}


def _named(answer: Any, _: Values) -> bool:
    return answer["requester"] is not None


def _in_words(answer: Any, _: Values) -> bool:
    return answer["description"] is not None


def _internal(answer: Any, _: Values) -> bool:
    return "内部留言" in [item["note"] for item in answer["items"]]


OTHER = {"name": "李奶奶", "phone": "13655550001"}
CASES = (
    Case("orders.place", _here, _placed(), 201),
    Case("orders.place:for another", _here, _placed(on_behalf_of=OTHER), 201),
    Case(
        "orders.place:by telephone",
        _here,
        _placed(on_behalf_of=OTHER, source="phone", external_number="12345-7"),
        201,
    ),
    Case("orders.place:for a known person", _here, _for_somebody, 201, target="person_id"),
    Case("orders.place:by staff alone", _here, _by_staff_alone, 201),
    Case("orders.list_orders", s.order_at(claimed), shows=_listed),
    Case("orders.list_orders:pool", _in_pool, query=("mine",), shows=_listed),
    Case("orders.list_nearby", _near(s.PUBLIC), query=("place_id",), shows=_listed),
    Case("orders.list_nearby:not public", _near(s.NOT_PUBLIC), query=("place_id",), shows=_listed),
    Case("orders.changes", _of_community, query=("unit_id",), target="unit_id"),
    Case("orders.show", s.order_at(submitted)),
    Case("orders.show:in the pool", s.order_at(dispatched)),
    Case("orders.show:offered", s.order_at(s.offered)),
    Case("orders.show:claimed", s.order_at(claimed)),
    Case("orders.show:recalled", s.order_at(s.recalled)),
    Case("orders.show:closed", s.order_at(closed)),
    Case("orders.show:held by a provider", s.order_at(s.with_provider("provider"))),
    Case("orders.show:confidential", s.order_at(s.of(s.CONFIDENTIAL))),
    Case("orders.show:confidential emergency", s.order_at(s.of(s.EMERGENCY))),
    Case("orders.show:complaint", s.order_at(s.of(s.COMPLAINT))),
    Case("orders.show:name of an anonymous", s.order_at(s.anonymous), shows=_named),
    Case("orders.show:words held back", s.order_at(s.held_back), shows=_in_words),
    Case("orders.show:entered by a building leader", s.order_at(s.entered)),
    Case("orders.show:to be moved", s.order_at(s.to_be_moved)),
    Case("orders.list_events", s.order_at(claimed)),
    Case("orders.list_events:internal", s.order_at(s.with_internal_comment), shows=_internal),
    Case("orders.reveal", s.order_at(claimed), _revealed, opens=True),
    Case("orders.reveal:before the claim", s.order_at(dispatched), _revealed, opens=True),
    Case("orders.reveal:anonymous", s.order_at(s.anonymous), _revealed, opens=True),
    Case("orders.reveal:completed", s.order_at(completed), _revealed, opens=True),
    Case("orders.reveal:closed", s.order_at(closed), _revealed, opens=True),
)
