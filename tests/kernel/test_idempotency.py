"""A POST under a key is done once, however often it comes."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.idempotency import IdempotencyKey, forget_old_keys
from app.orders.ticket.models import Order
from tests.conftest import Clock, count
from tests.world import World

BODY = {"description": "单元门关不上了。"}


def place(world: World, key: str, body: Any = None, who: str = "resident") -> Any:
    """Places an order under the key."""
    return world.call(who, "POST", "/orders", body or BODY, Idempotency_Key=key)


def test_a_repeat_renders_the_same_object_with_the_first_status(world: World) -> None:
    """One order, one key, 201 twice; the second time as it is by then."""
    first = place(world, "k1")
    world.act("dispatcher", first.json["id"], "dispatch", mode="pool")
    second = place(world, "k1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json["id"] == first.json["id"]
    assert second.json["status"] == "dispatched"
    assert count(Order) == 1


def test_a_replay_writes(world: World, clock: Clock) -> None:
    """A confirmed repeat must be on every standby, so it changes a row."""
    clock.set("2026-03-02T09:00:00+08:00")
    place(world, "k1")
    clock.set("2026-03-02T09:05:00+08:00")
    place(world, "k1")
    row = session.scalars(select(IdempotencyKey)).one()
    assert row.seen_at - row.created_at == timedelta(minutes=5)


def test_another_body_under_the_key_is_refused(world: World) -> None:
    """422, and nothing happens."""
    place(world, "k1")
    other = place(world, "k1", {"description": "别的事。"})
    assert (other.status_code, other.json["code"]) == (422, "idempotency.key_reused")
    assert count(Order) == 1


def test_another_path_under_the_key_is_refused(world: World) -> None:
    """The key belongs to the first request as a whole."""
    order_id = place(world, "k1").json["id"]
    other = world.call("resident", "POST", f"/orders/{order_id}/urge", {}, Idempotency_Key="k1")
    assert (other.status_code, other.json["code"]) == (422, "idempotency.key_reused")


def test_keys_are_by_person(world: World) -> None:
    """Two people with the same key are two requests."""
    assert place(world, "k1").json["id"] != place(world, "k1", who="resident2").json["id"]


def test_a_refusal_is_judged_anew(world: World) -> None:
    """Only a success is kept: the same key works once the reason is gone."""
    order = world.order()
    path = f"/orders/{order['id']}/claim"
    early = world.call("member", "POST", path, {}, Idempotency_Key="c1")
    assert early.status_code == 404
    world.act("dispatcher", order["id"], "dispatch", mode="pool")
    assert world.call("member", "POST", path, {}, Idempotency_Key="c1").status_code == 200


def test_a_foreign_object_is_missing_even_in_a_replay(world: World) -> None:
    """Today's permissions hold: who may not see it any more is told nothing."""
    order_id = world.order()["id"]
    path = f"/orders/{order_id}/comments"
    body = {"note": "请问几点来？"}
    assert world.call("dispatcher", "POST", path, body, Idempotency_Key="x").status_code == 200
    order = session.get_one(Order, order_id)
    order.handling_unit_id = world.other_community.id
    order.handling_path = world.other_community.path
    session.commit()
    again = world.call("dispatcher", "POST", path, body, Idempotency_Key="x")
    assert (again.status_code, again.json["code"]) == (404, "not_found")


def test_a_key_is_free_after_a_day(world: World, clock: Clock) -> None:
    """And its row goes with the next clean-up."""
    clock.set("2026-03-02T09:00:00+08:00")
    first = place(world, "k1").json["id"]
    clock.set("2026-03-03T09:00:01+08:00")
    assert place(world, "k1").json["id"] != first
    assert count(IdempotencyKey) == 1
    clock.set("2026-03-05T09:00:00+08:00")
    assert forget_old_keys() == 1


def test_placing_needs_a_key(world: World) -> None:
    """400 without one, an odd one is refused."""
    assert world.client is not None
    headers = world.login("resident")
    answer = world.client.post("/api/v1/orders", json=BODY, headers=headers)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["code"] == "idempotency.key_required"
    assert place(world, "k" * 201).json["code"] == "idempotency.key_too_long"
    assert count(Order) == 0


def test_nothing_of_the_body_is_kept(world: World) -> None:
    """Status, object and hashes alone."""
    place(world, "k1", {"description": "独一无二的一句话。"})
    row = session.scalars(select(IdempotencyKey)).one()
    kept = " ".join(str(getattr(row, column.key)) for column in IdempotencyKey.__table__.columns)
    assert "独一无二" not in kept
    assert "k1" not in kept
    assert row.created_at <= now()
