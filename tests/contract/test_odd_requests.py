"""Requests that no client sends on purpose: each is refused with a problem, none is a crash."""

import base64
import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.kernel.http import LARGEST_BODY
from tests.world import World

JSON = "application/json"


def send(
    world: World, data: bytes, content_type: str | None = JSON, **headers: str
) -> TestResponse:
    """A POST of a new order with exactly these bytes."""
    assert world.client is not None
    sent = world.login("resident") | {"Idempotency-Key": "odd"} | headers
    return world.client.post("/api/v1/orders", data=data, content_type=content_type, headers=sent)


def refused(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a problem."""
    assert answer.mimetype == "application/problem+json"
    body: Any = answer.json
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"\xff\xfe{}",
        b'{"description": "\xe4\xb8"}',
        b'{"description": 1' + b"0" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 20_000,
        "{}".encode("utf-16")[:-1],
    ],
    ids=["cut off", "no UTF-8", "half a character", "5,000 digits", "nested", "objects", "UTF-16"],
)
def test_what_cannot_be_read_is_malformed(world: World, data: bytes) -> None:
    assert refused(send(world, data)) == (400, "request.malformed")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"description": "灯\\u0000坏了"}', "text.control_characters"),
        ('{"description": "灯\\ud800坏了"}', "text.control_characters"),
        ('{"description": "灯\\u0007坏了"}', "text.control_characters"),
        ('{"answers": {"a\\u0000": 1}}', "text.control_characters"),
        ('{"answers": {"a": ["\\udfff"]}}', "text.control_characters"),
        ('{"\\ud800": 1}', "text.control_characters"),
        ('{"answers": {"a": NaN}}', "body.invalid"),
        ('{"answers": {"a": 1e999}}', "body.invalid"),
        ('{"answers": ' + '{"a":' * 40 + "1" + "}" * 40 + "}", "body.invalid"),
        ('{"location": {"latitude": Infinity}}', "body.invalid"),
        ('{"category_id": 9223372036854775808}', "body.invalid"),
        ('{"category_id": -1}', "body.invalid"),
        ('{"category_id": true}', "body.invalid"),
        ('{"description": {"a": 1}}', "body.invalid"),
        ('{"urgency": ["urgent"]}', "body.invalid"),
        ("[]", "body.invalid"),
        ("null", "body.invalid"),
        ('"text"', "body.invalid"),
        ("17", "body.invalid"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_named(world: World, body: str, code: str) -> None:
    answer = send(world, body.encode())
    assert refused(answer) == (422, code)
    # What was wrong can itself be said in UTF-8.
    assert answer.get_data().decode()


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", None, "a" * 300])
def test_only_json_is_read(world: World, content_type: str | None) -> None:
    """Sent as something else, a body is refused; sent without any, it is an empty one."""
    body = json.dumps({"description": "灯坏了。"}).encode()
    assert refused(send(world, body, content_type)) == (415, "media_type.unsupported")
    claimed = world.claimed()
    assert world.client is not None
    answer = world.client.post(
        f"/api/v1/orders/{claimed['id']}/start",
        headers=world.login("member"),
        content_type=content_type,
    )
    assert answer.status_code == 200, answer.json


def test_a_body_has_an_end(world: World) -> None:
    data = b'{"description": "' + b"a" * LARGEST_BODY + b'"}'
    assert refused(send(world, data)) == (413, "file.too_large")


def test_long_numbers_in_paths_are_nobody(world: World) -> None:
    """As any other id that is not there: 404 for whoever is known, 401 for the rest."""
    for number in (str(2**63), "9" * 30, "9" * 6000, "0" * 50 + "1"):
        assert refused(world.get("resident", f"/orders/{number}")) == (404, "not_found")
        assert refused(world.get(None, f"/orders/{number}")) == (401, "session.required")
    for path in ("/orders/-1", "/orders/1.0", "/orders/one", "/orders/%00", "/orders/1%00"):
        assert refused(world.get("resident", path)) == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "body.invalid"),
        ("limit=101", "body.invalid"),
        ("limit=x", "body.invalid"),
        ("limit=" + "9" * 5000, "body.invalid"),
        ("unit_id=9223372036854775808", "body.invalid"),
        ("unknown=1", "field.unknown"),
        ("q=a%00", "text.control_characters"),
        ("cursor=x", "cursor.invalid"),
        ("cursor=%00", "text.control_characters"),
        ("cursor=" + "a" * 501, "body.invalid"),
        ("since=2026-01-01T00:00:00", "time.zone_missing"),
        ("since=0001-01-01T00:00:00%2B23:59", "body.invalid"),
        ("until=9999-12-31T23:59:59-23:59", "body.invalid"),
        ("status=nonsense", "body.invalid"),
    ],
)
def test_odd_queries(world: World, query: str, code: str) -> None:
    assert refused(world.get("dispatcher", f"/orders?{query}")) == (422, code)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([True, {"t": "2026-01-01T00:00:00+00:00"}, 1], "a truth"),
        ([1, {"t": "2026-01-01T00:00:00"}, 1], "no zone"),
        ([False, {"t": "2026-01-01T00:00:00+00:00"}, 2**70], "too large"),
        ([False, {"t": "9999-12-31T23:59:59-23:59"}, 1], "no such moment in UTC"),
        ([False, {"t": "0001-01-01T00:00:00+23:59"}, 1], "no such moment in UTC"),
        ([False, {"x": 1}, 1], "not a time"),
        ([False, [], 1], "a list"),
        ([[[[]]]], "nested"),
        ({"a": 1}, "an object"),
        ([False, {"t": "2026-01-01T00:00:00+00:00"}], "too few"),
        ([], "none"),
        (None, "null"),
    ],
)
def test_forged_cursors(world: World, values: Any, why: str) -> None:
    """Opaque does not mean trusted: whatever stands in one, it is a page or a refusal."""
    cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
    for who, path in (
        ("dispatcher", "/orders"),
        ("dispatcher", "/orders?sort=due"),
        ("admin", "/audit"),
    ):
        answer = world.get(who, f"{path}{'&' if '?' in path else '?'}cursor={cursor}")
        if answer.status_code != 200:
            assert refused(answer) == (422, "cursor.invalid"), why


def test_odd_headers(world: World) -> None:
    """Keys, versions, types and tokens are bytes until they are understood."""
    body = json.dumps({"description": "灯坏了。"}).encode()
    odd = bytes(range(0x80, 0x100)).decode("latin-1")
    for key in (odd, "'; DROP TABLE orders; --", "k" * 200):
        assert send(world, body, **{"Idempotency-Key": key}).status_code == 201
    assert refused(send(world, body, **{"Idempotency-Key": ""})) == (
        400,
        "idempotency.key_required",
    )
    assert refused(send(world, body, **{"Idempotency-Key": "k" * 201})) == (
        422,
        "idempotency.key_too_long",
    )
    for token in ("", "Bearer", "Bearer ", f"Bearer {odd}", "Basic YTpi", "Bearer " + "x" * 5000):
        answer = send(world, body, Authorization=token)
        assert refused(answer) == (401, "session.required"), token
    for accept in ("text/html", "*/*;q=0", odd):
        assert world.call("resident", "GET", "/orders", Accept=accept).mimetype == JSON
    for name in (odd, "a" * 65, "a\tb", "<script>"):
        answer = world.call("resident", "GET", "/orders", X_Request_Id=name)
        assert answer.headers["X-Request-Id"] != name
        assert answer.headers["X-Request-Id"].isascii()
    for match in (odd, "*", 'W/"1"', '"1", "2"', ""):
        answer = world.call("resident", "PUT", "/me", {"home_unit_id": None}, If_Match=match)
        assert refused(answer) == (412, "version.stale"), match


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods_are_told_which_there_are(world: World, method: str) -> None:
    answer = world.call("resident", method, "/orders")
    assert refused(answer) == (405, "method.not_allowed")
    assert {part.strip() for part in answer.headers["Allow"].split(",")} == {
        "GET", "HEAD", "OPTIONS", "POST",
    }  # fmt: skip


def test_options_and_head_are_quiet(world: World) -> None:
    assert world.client is not None
    options = world.client.options("/api/v1/orders")
    assert (options.status_code, options.get_data()) == (200, b"")
    head = world.client.head("/api/v1/orders", headers=world.login("resident"))
    assert (head.status_code, head.get_data()) == (200, b"")
    assert world.client.head("/api/v1/orders").status_code == 401
