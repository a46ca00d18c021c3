"""Transactions, refusals, ETags and the one shape of errors."""

import pytest
from flask import g
from sqlalchemy import select

from app.kernel.actor import Actor
from app.kernel.audit import AuditRow, record
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.kernel.database.fast.rows import insert_ignore
from app.kernel.errors import Conflict, Invalid
from app.kernel.http import App, shape_refusal
from app.kernel.limits import RateCounter, forget_past, hit
from app.kernel.schema import UNKNOWN, ZONE_MISSING
from tests.conftest import Clock, count
from tests.world import World

SYSTEM = Actor.system("tests")


def test_raising_rolls_back(app: App) -> None:
    """Nothing of a refused transaction stays."""
    assert app
    before = count(AuditRow)
    with pytest.raises(Conflict), transaction():
        record(SYSTEM, "test.done", "thing", 1)
        raise Conflict("test.no", "不行。")
    assert count(AuditRow) == before
    with transaction():
        record(SYSTEM, "test.done", "thing", 1)
    assert count(AuditRow) == before + 1


def test_refusal_rows_stay(world: World) -> None:
    """What a denial must keep is written although the request is rolled back."""
    order = world.claimed()
    before = count(AuditRow)
    answer = world.post(
        "resident", f"/orders/{order['id']}/reveal", fields=["contact"], reason="想看看"
    )
    assert answer.status_code == 403
    assert count(AuditRow) == before + 1
    row = session.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(1)).one()
    assert row.action == "order.reveal_denied"


def test_a_choice_is_refused_in_peoples_words(world: World) -> None:
    """The program's own words stand in its documentation."""
    for path in ("/orders?status=nowhere", "/orders/nearby?latitude=36&coordinate_system=x"):
        said = world.get("resident", path).get_json()
        assert said["code"] == "body.invalid"
        assert said["detail"] == "请选择给出的选项。"
        assert "submitted" not in str(said["errors"])


def test_an_error_has_one_shape(world: World) -> None:
    """RFC 9457 with a code, a Chinese sentence and the request's id."""
    assert world.client is not None
    answer = world.client.get("/api/v1/orders/1", headers={"X-Request-Id": "abc"})
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["code"] == "session.required"
    assert answer.json["request_id"] == "abc"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"
    missing = world.client.get("/api/v1/nowhere")
    assert (missing.status_code, missing.json["code"]) == (404, "not_found")
    wrong = world.client.patch("/api/v1/orders/1")
    assert wrong.status_code == 405
    assert "GET" in wrong.headers["Allow"]


def test_what_is_wrong_is_named(world: World) -> None:
    """Unknown fields, missing zones and long texts have codes of their own."""
    for body, code in (
        ({"wrong": 1}, "field.unknown"),
        ({"imposed_due_at": "2026-03-02T09:00:00"}, "time.zone_missing"),
        ({"description": "长" * 2001}, "text.too_long"),
        ({"description": "a\x00b"}, "text.control_characters"),
        ({"category_id": "x"}, "body.invalid"),
    ):
        answer = world.call("resident", "POST", "/orders", body)
        assert (answer.status_code, answer.json["code"]) == (422, code), answer.json
        assert list(answer.json["errors"]) == list(body)
    unknown = world.get("resident", "/orders?wrong=1")
    assert (unknown.status_code, unknown.json["code"]) == (422, "field.unknown")


def test_shape_refusal_prefers_a_code() -> None:
    """Of several errors the one with a code speaks."""
    refusal = shape_refusal(
        {"json": {"a": ["请填写这一项。"], "b": [UNKNOWN], "c": [ZONE_MISSING]}}
    )
    assert isinstance(refusal, Invalid)
    assert refusal.code == "field.unknown"
    assert set(refusal.errors or {}) == {"a", "b", "c"}


def test_an_order_has_an_etag(world: World) -> None:
    """The version, for If-Match alone."""
    order = world.order()
    answer = world.get("resident", f"/orders/{order['id']}")
    assert answer.headers["ETag"] == f'"{order["version"]}"'


def test_a_crash_is_a_problem_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 with a Chinese sentence, nothing of the inside, and nothing kept."""

    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("app.orders.placing.service.keep_new", explode)
    answer = world.call("resident", "POST", "/orders", {"description": "灯坏了。"})
    assert (answer.status_code, answer.json["code"]) == (500, "server.error")
    assert "secret" not in answer.get_data(as_text=True)
    assert world.get("resident", "/orders").json["items"] == []


def test_requests_do_not_share_their_actor(world: World) -> None:
    """What one request knows, the next does not."""
    assert world.client is not None
    world.get("resident", "/orders")
    assert "actor" not in g
    assert world.client.get("/api/v1/orders").status_code == 401


def test_limits_count_in_windows(app: App, clock: Clock) -> None:
    """The one past the limit waits for the window's end; the next window is new."""
    assert app
    clock.set("2026-03-02T09:00:10+08:00")
    for _ in range(3):
        hit("door", limit=3, seconds=60)
    with pytest.raises(Exception, match="rate.exceeded") as refused:
        hit("door", limit=3, seconds=60)
    assert refused.value.retry_after == 50  # type: ignore[attr-defined]  # a Refusal
    hit("other door", limit=3, seconds=60)
    clock.set("2026-03-02T09:01:00+08:00")
    hit("door", limit=3, seconds=60)
    assert forget_past() == 2
    assert count(RateCounter) == 1


def test_insert_ignore_counts(app: App) -> None:
    """How many rows were new, on both databases."""
    assert app
    row = {"bucket": "b", "since": 1, "hits": 1}
    clock_row = row | {"until": now()}
    assert insert_ignore(RateCounter, clock_row, conflict=["bucket", "since"]) == 1
    assert insert_ignore(RateCounter, clock_row, conflict=["bucket", "since"]) == 0
    both = [clock_row, clock_row | {"since": 2}]
    assert insert_ignore(RateCounter, both, conflict=["bucket", "since"]) == 1
