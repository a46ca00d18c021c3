"""Takes an empty database through all migrations, back and forth, and asks whether one is missing.

Then it takes orders of homes and of a public place through the migration that seals places, and back.

`python -m tests.migrate sqlite` or `postgresql`.
"""

import os
import sys
import tempfile
import uuid
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import flask_migrate
import sqlalchemy as sa

import config
from app import create_app
from app.kernel.crypto import unseal
from app.kernel.database import db
from tests.postgres import new_database

MIGRATIONS = str(Path(__file__).resolve().parent.parent / "migrations")
STEPS = (
    (flask_migrate.upgrade, {}),
    (flask_migrate.check, {}),
    (flask_migrate.downgrade, {"revision": "base"}),
    (flask_migrate.upgrade, {}),
    (flask_migrate.check, {}),
)


def main(kind: str) -> None:
    """Goes through every step; one that does not hold says why, and ends the process."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sandan-migrate-"))
        url = f"sqlite:///{Path(folder) / 'migrated.db'}"
        if kind == "postgresql":
            url = stack.enter_context(new_database(f"sandan_test_{uuid.uuid4().hex[:12]}"))
        environ = os.environ | {"APP_ENV": "testing", "DATA_DIR": folder, "DATABASE_URL": url}
        app = create_app(config.load(environ))
        with app.app_context():
            for step, options in STEPS:
                step(MIGRATIONS, **options)
            take_places_along()
            db.session.remove()
            db.engine.dispose()


BEFORE, SEALED = "0009", "0011"
# By id of the order: place, point, public or not; 3 is a room in the building 2 of the estate 1.
ORDERS = {
    1: (3, 36.654321, 117.123456, False),
    2: (2, 36.6505, 117.1235, False),
    3: (2, 36.654321, 117.123456, True),
    4: (3, None, None, False),
    5: (None, None, None, False),
}
CLEAR = {
    1: (2, 36.6545, 117.1235),
    2: (2, 36.6505, 117.1235),
    3: (2, 36.654321, 117.123456),
    4: (2, None, None),
    5: (None, None, None),
}


def take_places_along() -> None:
    """Fills tables as they were, goes forth and back, and raises AssertionError where a place is wrong."""
    flask_migrate.downgrade(MIGRATIONS, revision=BEFORE)
    with db.engine.begin() as connection:
        tables = sa.MetaData()
        tables.reflect(connection)
        _fill(connection, tables)
    flask_migrate.upgrade(MIGRATIONS)
    with db.engine.begin() as connection:
        found = connection.execute(sa.text(_PLACES)).all()
        assert {row[0]: tuple(row[1:]) for row in found} == CLEAR, found
        rows = connection.execute(sa.text("SELECT order_id, name, room, point FROM order_contacts"))
        kept = {row.order_id: row for row in rows}
        told = sa.table("order_event_contents", sa.column("salt"), sa.column("details", sa.JSON))
        assert connection.execute(sa.select(told)).all() == [
            ("", {"place_id": 2, "reason": "更正"})
        ]
        assert kept.keys() == {1, 2, 4} and kept[2].name == "sealed already"
        opened = {i: _opened(kept[i]) for i in kept}
        assert opened == {1: ("3", "36.654321,117.123456"), 2: (None, None), 4: ("3", None)}
    flask_migrate.downgrade(MIGRATIONS, revision=BEFORE)
    with db.engine.begin() as connection:
        found = connection.execute(sa.text(_PLACES)).all()
        assert {row[0]: tuple(row[1:]) for row in found} == {i: o[:3] for i, o in ORDERS.items()}
    flask_migrate.upgrade(MIGRATIONS)


_PLACES = "SELECT id, place_id, latitude, longitude FROM orders ORDER BY id"


def _opened(row: sa.Row) -> tuple[str | None, str | None]:
    room, point = (
        sealed and unseal(sealed, f"order_contacts.{field}:{row.order_id}")
        for field, sealed in (("room", row.room), ("point", row.point))
    )
    return room, point


def _fill(connection: sa.Connection, tables: sa.MetaData) -> None:
    def put(table_name: str, /, **given: Any) -> None:
        table = tables.tables[table_name]
        connection.execute(sa.insert(table), _row(table, given))

    put("units", id=1, path="/1/")
    for place, (kind, parent, path) in enumerate(
        (("estate", None, "/1/"), ("building", 1, "/1/2/"), ("room", 2, "/1/2/3/")), start=1
    ):
        put("places", id=place, kind=kind, parent_id=parent, path=path, unit_id=1, name=str(place))
    for order, (place, latitude, longitude, public) in ORDERS.items():
        where = {"place_id": place, "latitude": latitude, "longitude": longitude}
        units = dict.fromkeys(("handling_unit_id", "first_unit_id", "attention_unit_id"), 1)
        put("orders", id=order, public_place=public, **where, **units)
    put("order_contacts", order_id=2, name="sealed already")
    put("order_events", id=1, order_id=1, action="amend")
    put("order_event_contents", event_id=1, salt="salt", details={"place_id": 3, "reason": "更正"})


def _row(table: sa.Table, given: dict[str, Any]) -> dict[str, Any]:
    """The given values, and something of the right type wherever a value is needed."""
    needed = {c.name: _ANY[c.type.python_type] for c in table.columns if not c.nullable}
    return needed | given


_ANY: dict[type, Any] = {
    int: 0,
    str: "",
    bool: False,
    float: 0.0,
    object: {},
    datetime: datetime(2026, 1, 1, tzinfo=UTC),
}


if __name__ == "__main__":
    main(sys.argv[1])
