"""The floor of the measurements: it leaves the same rows behind as the program, no more and no fewer."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

import config as configuration
from app import create_app
from app.deadlines.standing.models import Deadline, DeadlineFact
from app.kernel.clock import now
from app.kernel.database import db, session, transaction
from app.kernel.http import App
from app.orders.record.timing import KIND
from bench import environment, floor, teaching
from bench.crowd import LoggedIn
from bench.district import TAUGHT_BY, District, Needs, found, put_in_pool
from bench.rows import Changes, Row, watched
from bench.seed import copy_orders

pytestmark = pytest.mark.slow


@dataclass
class Both:
    """The program and its floor on one database."""

    app: App
    district: District
    real: FlaskClient
    floor: FlaskClient
    asked: int = 0

    def left_by(self, client: FlaskClient, path: str, body: Any) -> Changes:
        """What a POST of somebody new has left behind; it must succeed."""
        token = self.next_token(
            self.district.members if "claim" in path else self.district.residents
        )
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": token}

        def ask() -> Any:
            return client.post(f"/api/v1{path}", headers=headers, json=body)

        with self.app.app_context():
            answer, changes = watched(ask)
        assert answer.status_code in (200, 201), answer.text
        return changes

    def next_token(self, people: LoggedIn) -> str:
        """Of one who has not asked for anything yet."""
        self.asked += 1
        return people.tokens[TAUGHT_BY + self.asked]

    def placings(self) -> tuple[Changes, Changes]:
        """What a placing leaves behind, the program's and the floor's."""
        body = self.district.body
        return self.left_by(self.real, "/orders", body), self.left_by(self.floor, "/orders", body)

    def claims(self) -> tuple[Changes, Changes]:
        """What the claim of an order in the pool leaves behind, the program's and the floor's."""
        resident = self.district.residents.ids[-2 - self.asked]
        with self.app.app_context(), transaction():
            first, second = (put_in_pool(self.district, resident) for _ in range(2))
        return (
            self.left_by(self.real, f"/orders/{first}/claim", {}),
            self.left_by(self.floor, f"/orders/{second}/claim", {}),
        )


@pytest.fixture(scope="module")
def both(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Both in this process, taught as before a run."""
    folder: Path = tmp_path_factory.mktemp("bench")
    with environment.new_database_of(database, folder) as url:
        app = create_app(configuration.load(environment.production(url, folder, 1)))
        with app.app_context():
            db.create_all()
        district = found(app, Needs(rows=1, placings=10, claims=10, pool=10))
        written = teaching.writes(app, district)
        # A list and an order to read are learnt from the grown database; this one has few of either.
        district.readable = range(1, 21)
        plan = teaching.plan(app, written, teaching.reads(app, district))
        base = floor.build(json.loads(json.dumps(plan)))
        try:
            yield Both(app, district, app.test_client(), base.test_client())
        finally:
            base.extensions["floor"].store.close()
            with app.app_context():
                db.session.remove()
                db.engine.dispose()


def test_a_placing_leaves_as_many_rows_in_each_table(both: Both) -> None:
    real, base = both.placings()

    assert base.counts() == real.counts()
    assert {"orders", "order_events", "outbox_messages"} <= real.added.keys()


def test_a_placing_fills_the_same_columns_with_as_much(both: Both) -> None:
    real, base = both.placings()

    assert _filled(base.added) == _filled(real.added)
    assert _sizes(base.added) == pytest.approx(_sizes(real.added), rel=0.05)


def test_a_claim_leaves_and_changes_as_many_rows_in_each_table(both: Both) -> None:
    real, base = both.claims()

    assert base.counts() == real.counts()
    assert real.changed.keys() == {"orders", "deadlines"}


def test_a_claim_fills_and_changes_the_same_columns(both: Both) -> None:
    real, base = both.claims()

    assert _filled(base.added) == _filled(real.added)
    assert _columns(base.changed) == _columns(real.changed)
    assert _filled({"orders": [row for row, _ in base.changed["orders"]]}) == _filled(
        {"orders": [row for row, _ in real.changed["orders"]]}
    )


def test_a_claim_of_the_floor_meets_the_deadline_of_its_order(both: Both) -> None:
    real, base = both.claims()

    for left in (real, base):
        ((order, _),), ((deadline, _),) = left.changed["orders"], left.changed["deadlines"]
        (fact,) = left.added["deadline_facts"]
        assert (deadline["stage"], deadline["state"]) == ("accept", "met")
        assert deadline["subject_id"] == fact["subject_id"] == order["id"]


def test_copies_of_an_order_have_its_deadlines(both: Both) -> None:
    original = both.district.in_pool[-1]
    with both.app.app_context():
        copies = copy_orders([original], 3, range(1, 2), old=False)
        with transaction(writing=False):
            kept, *copied = [
                (_deadlines(order), _facts(order))
                for order in (original, *range(copies.first, copies.first + copies.count))
            ]
            moment = now() + timedelta(days=365)
            nearest = session.scalar(
                select(func.min(Deadline.next_at)).where(Deadline.subject_id >= copies.first)
            )

    assert kept[0] and kept[1]
    assert copied == [kept] * 3
    assert nearest is not None and nearest > moment


def test_new_rows_of_the_floor_belong_together(both: Both) -> None:
    _, base = both.placings()

    (order,), (event,) = base.added["orders"], base.added["order_events"]
    (content,) = base.added["order_event_contents"]
    hanging = [*base.added["deadlines"], *base.added["deadline_facts"]]
    assert {row["subject_id"] for row in hanging} == {order["id"]}
    assert event["order_id"] == order["id"]
    assert content["event_id"] == event["id"]
    assert {row["subject_id"] for row in base.added["outbox_messages"]} == {order["id"]}


@pytest.mark.parametrize("path", ["/orders/5", "/orders?limit=20"])
def test_answers_to_a_reader_have_the_same_shape(both: Both, path: str) -> None:
    headers = {"Authorization": f"Bearer {both.district.officers.tokens[0]}"}
    real, base = (
        client.get(f"/api/v1{path}", headers=headers).json for client in (both.real, both.floor)
    )

    assert base.keys() == real.keys()
    assert len(base.get("items", ())) == len(real.get("items", ()))


@pytest.mark.parametrize("token", ["", "unknown"])
def test_the_floor_admits_nobody_without_a_token(both: Both, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert both.floor.get("/api/v1/orders/5", headers=headers).status_code == 401
    assert both.floor.post("/api/v1/orders", headers=headers, json={}).status_code == 401


def _filled(tables: dict[str, list[Row]]) -> dict[str, list[frozenset[str]]]:
    """The columns that hold something, row by row."""
    return {
        table: [frozenset(n for n, value in row.items() if value is not None) for row in rows]
        for table, rows in tables.items()
    }


def _sizes(tables: dict[str, list[Row]]) -> dict[str, int]:
    return {
        table: sum(len(str(value)) for row in rows for value in row.values())
        for table, rows in tables.items()
    }


def _deadlines(order_id: int) -> list[Any]:
    """What a copy has of them too."""
    rows = session.execute(
        select(
            Deadline.round,
            Deadline.stage,
            Deadline.turn,
            Deadline.state,
            Deadline.due_at,
            Deadline.next_step,
        )
        .where(Deadline.subject_kind == KIND, Deadline.subject_id == order_id)
        .order_by(Deadline.id)
    )
    return list(rows)


def _facts(order_id: int) -> list[Any]:
    rows = session.execute(
        select(DeadlineFact.round, DeadlineFact.kind, DeadlineFact.at, DeadlineFact.details)
        .where(DeadlineFact.subject_kind == KIND, DeadlineFact.subject_id == order_id)
        .order_by(DeadlineFact.id)
    )
    return list(rows)


def _columns(tables: dict[str, list[tuple[Row, set[str]]]]) -> dict[str, list[set[str]]]:
    return {table: [names for _, names in rows] for table, rows in tables.items()}
