"""The floor: the least that a Flask program on the raw driver must do for the same rows and answers.

It checks the token by one select, writes the rows of each table by one prepared statement, commits
once, and answers JSON of the same size. It checks no rules and no rights. The rows and answers stand in
the file that the variable BENCH_FLOOR names (see recipes.py). The server starts `bench.floor_app:app`.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, abort, request

from bench.stores import Connection, Postgres, Sqlite, Store

FILE = "BENCH_FLOOR"
THREADS = 4

_TOKEN = (
    "SELECT s.person_id FROM tokens t JOIN login_sessions s ON s.id = t.session_id"
    " JOIN people p ON p.id = s.person_id WHERE t.hash = ? AND t.kind = 'access'"
    " AND t.expires_at > ? AND s.revoked_at IS NULL AND p.status = 'active'"
)


class Floor:
    """Writes and reads the rows of a request, on SQLite or PostgreSQL."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._on_sqlite = str(plan["url"]).startswith("sqlite")
        address = str(plan["url"]).replace("+psycopg", "").removeprefix("sqlite:///")
        self.store: Store = Sqlite(address) if self._on_sqlite else Postgres(address, THREADS)
        self._plan = plan
        self._token = self._marked(_TOKEN)
        self._reads = [(self._marked(sql), ways) for sql, ways in plan["read"]["statements"]]
        self._list = self._marked(plan["list"]["sql"])

    def write(self, action: str, target: int | None = None) -> dict[str, Any]:
        """Writes the rows of one request in one transaction; returns the answer with the order's id.

        Answers 401 for an unknown token, 409 if an order to be changed is not there.
        """
        recipe = self._plan[action]
        moment = datetime.now(UTC)
        with self.store.transaction(writing=True) as connection:
            person = self._person(connection, moment)
            new: dict[str, int] = {}
            for statement in recipe["statements"]:
                values = [
                    self._value(value, moment, person, target, new) for value in statement["values"]
                ]
                cursor = connection.execute(statement["sql"], values)
                if cursor.rowcount == 0:
                    abort(409)
                if statement["gives"]:
                    new[statement["gives"]] = self.store.new_id(cursor)
            return {**recipe["answer"], "id": target or new.get("orders.0")}

    def read(self, order_id: int) -> dict[str, Any]:
        """Reads one order, with one statement for each table that the answer shows; 404 without it."""
        with self.store.transaction(writing=False) as connection:
            self._person(connection, datetime.now(UTC))
            found: dict[str, Any] = {"order_id": order_id}
            for sql, names in self._reads:
                rows = connection.execute(sql, [found.get(name) for name in names]).fetchall()
                if rows and not found.get("id"):
                    found |= dict(rows[0])
            if "id" not in found:
                abort(404)
            about = {"id": found["id"], "description": found["description"]}
            return {**self._plan["read"]["answer"], **about}

    def page(self) -> dict[str, Any]:
        """Reads the first page of the list."""
        about = self._plan["list"]
        with self.store.transaction(writing=False) as connection:
            self._person(connection, datetime.now(UTC))
            rows = connection.execute(self._list, about["values"]).fetchall()
            items = [
                {**item, "id": row["id"], "description": row["description"]}
                for item, row in zip(about["answer"]["items"], rows, strict=False)
            ]
            return {**about["answer"], "items": items}

    def _person(self, connection: Connection, moment: datetime) -> int:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        digest = hashlib.sha256(token.encode()).hexdigest()
        row = connection.execute(self._token, (digest, self._time(moment))).fetchone()
        if row is None:
            abort(401)
        return int(row["person_id"])

    def _value(
        self,
        source: list[Any],
        moment: datetime,
        person: int,
        target: int | None,
        new: Mapping[str, int],
    ) -> Any:
        match source:
            case ["is", value]:
                return value
            case ["now", ahead]:
                return self._time(moment + timedelta(seconds=ahead) if ahead else moment)
            case ["new", name]:
                return new[name]
            case ["random", length]:
                return os.urandom(length // 2 + 1).hex()[:length]
            case ["person"]:
                return person
            case _:
                return target

    def _time(self, moment: datetime) -> Any:
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f") if self._on_sqlite else moment

    def _marked(self, sql: str) -> str:
        return sql if self._on_sqlite else sql.replace("?", "%s")


def create() -> Flask:
    """The app of the floor, by the plan in the file that the variable BENCH_FLOOR names."""
    return build(json.loads(Path(os.environ[FILE]).read_text(encoding="utf-8")))


def build(plan: Mapping[str, Any]) -> Flask:
    """The app of the floor by a plan.

    The plan holds the `url` of the database, the recipes `place` and `claim`, and the statements and
    answers of `read` and `list`; `bench.teaching.plan` makes it.
    """
    app = Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Flask's own provider has it
    app.json.sort_keys = False  # type: ignore[attr-defined]  # as above
    floor = Floor(plan)
    app.extensions["floor"] = floor

    @app.post("/api/v1/orders")
    def place() -> Any:
        request.get_json()
        return floor.write("place"), 201

    @app.post("/api/v1/orders/<int:order_id>/claim")
    def claim(order_id: int) -> Any:
        request.get_json()
        return floor.write("claim", order_id)

    @app.get("/api/v1/orders/<int:order_id>")
    def show(order_id: int) -> Any:
        return floor.read(order_id)

    @app.get("/api/v1/orders")
    def page() -> Any:
        return floor.page()

    @app.get("/healthz")
    def healthz() -> Any:
        return {"status": "ok"}

    return app
