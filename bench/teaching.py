"""Makes the plan of the floor from real requests and the rows that they left."""

import json
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy.engine import make_url

from app.kernel.clock import now
from app.kernel.http import App
from app.people.queries import grants_of
from bench.crowd import LoggedIn
from bench.district import TAUGHT_BY, District
from bench.recipes import Recipe, Sample, learn
from bench.rows import watched

PAGE = 20
# A statement for each table that a single order shows, and the columns of the order for its values.
_SHOWN: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("SELECT * FROM orders WHERE id = ?", ("order_id",)),
    (
        "SELECT * FROM units WHERE id IN (?, ?, ?, ?)",
        ("handling_unit_id", "first_unit_id", "attention_unit_id", "grid_id"),
    ),
    ("SELECT * FROM places WHERE id = ?", ("place_id",)),
    ("SELECT * FROM categories WHERE id = ?", ("category_id",)),
    ("SELECT * FROM order_contacts WHERE order_id = ?", ("order_id",)),
    ("SELECT * FROM order_assignees WHERE order_id = ?", ("order_id",)),
    ("SELECT * FROM order_requests WHERE order_id = ?", ("order_id",)),
    ("SELECT * FROM order_ratings WHERE order_id = ?", ("order_id",)),
    ("SELECT * FROM person_details WHERE person_id IN (?, ?)", ("requester_id", "holder_id")),
)
FIRST_PAGE = (
    "SELECT * FROM orders WHERE handling_path LIKE ?"
    " ORDER BY green_channel DESC, submitted_at DESC, id DESC LIMIT ?"
)


class Client:
    """Sends requests to the real app without a web server."""

    def __init__(self, app: App) -> None:
        self._client: FlaskClient = app.test_client()

    def call(
        self, method: str, path: str, token: str, body: Any = None, key: str = ""
    ) -> dict[str, Any]:
        """The JSON answer to one request; raises RuntimeError unless the status is below 300."""
        headers = {"Authorization": f"Bearer {token}"}
        if key:
            headers["Idempotency-Key"] = key
        sent = {} if body is None else {"json": body}
        answer = self._client.open(f"/api/v1{path}", method=method, headers=headers, **sent)
        if answer.status_code >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return dict(answer.json or {})


def writes(app: App, district: District) -> dict[str, Recipe]:
    """The recipes by which the floor places and claims; call it while the database is small."""
    client = Client(app)

    def sample(action: str, path: str, who: LoggedIn, place: int, target: int | None) -> Sample:
        body = district.body if target is None else {}
        token, key = who.tokens[place], f"{action}-{place}"
        with app.app_context():
            answer, changes = watched(lambda: client.call("POST", path, token, body, key))
        return Sample(who.ids[place], target, changes, answer)

    placed = [
        sample("place", "/orders", district.residents, place, None) for place in range(TAUGHT_BY)
    ]
    claimed = [
        sample("claim", f"/orders/{target}/claim", district.members, place, target)
        for place, target in enumerate(district.in_pool[:TAUGHT_BY])
    ]
    with app.app_context():
        return {"place": learn(placed), "claim": learn(claimed)}


def reads(app: App, district: District) -> dict[str, Any]:
    """The statements and answers of the floor for an order and a list; call it on the full database."""
    client, token = Client(app), district.officers.tokens[0]
    some = district.readable[:: max(1, len(district.readable) // 20)]
    orders = [client.call("GET", f"/orders/{order}", token) for order in some]
    usual = sorted(orders, key=lambda order: len(json.dumps(order)))[len(orders) // 2]
    page = client.call("GET", f"/orders?limit={PAGE}", token)
    with app.app_context():
        values = page_values(district)
    return {
        "read": {"statements": _SHOWN, "answer": usual},
        "list": {"sql": FIRST_PAGE, "values": values, "answer": page},
    }


def page_values(district: District) -> list[Any]:
    """The values of the floor's list statement: the officer's subtree and the number of rows."""
    (grant,) = grants_of(district.officers.ids[0], now())
    return [f"{grant.unit_path}%", PAGE + 1]


def plan(app: App, written: dict[str, Recipe], read: dict[str, Any]) -> dict[str, Any]:
    """The plan of the floor: address of the database, recipes, statements and answers."""
    url = make_url(str(app.config["SQLALCHEMY_DATABASE_URI"]))
    told = {name: recipe.plain() for name, recipe in written.items()}
    return {"url": url.render_as_string(hide_password=False)} | told | read
