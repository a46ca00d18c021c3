"""Rooms and exact points of homes are kept sealed; the order's own row has the doorway and a rounded point."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.kernel.crypto import seal, unseal

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BATCH = 500
STEPS = 2000
FIELDS = ("room", "point")

places = sa.table("places", sa.column("id"), sa.column("kind"), sa.column("parent_id"))
orders = sa.table(
    "orders",
    sa.column("id"),
    sa.column("place_id"),
    sa.column("latitude"),
    sa.column("longitude"),
    sa.column("public_place", sa.Boolean),
)
contents = sa.table(
    "order_event_contents",
    sa.column("event_id", sa.BigInteger),
    sa.column("salt", sa.Text),
    sa.column("details", sa.JSON().with_variant(postgresql.JSONB(), "postgresql")),
)
contacts = sa.table("order_contacts", sa.column("order_id"), *map(sa.column, FIELDS))


def upgrade() -> None:
    """Goes to this version."""
    for field in FIELDS:
        op.add_column("order_contacts", sa.Column(field, sa.String(), nullable=True))
    rooms = _rooms()
    for batch in _batches(sa.or_(orders.c.place_id.is_not(None), orders.c.latitude.is_not(None))):
        for order in batch:
            _seal(order, rooms)
    _clear_histories(rooms)


def downgrade() -> None:
    """Goes back to the version before."""
    connection, after = op.get_bind(), 0
    sealed = sa.select(contacts).where(
        sa.or_(contacts.c.room.is_not(None), contacts.c.point.is_not(None))
    )
    while True:
        some = sealed.where(contacts.c.order_id > after).order_by(contacts.c.order_id).limit(BATCH)
        batch = connection.execute(some).all()
        if not batch:
            break
        after = batch[-1].order_id
        for row in batch:
            _open(row)
    for field in FIELDS:
        op.drop_column("order_contacts", field)


def _clear_histories(rooms: dict[int, int]) -> None:
    """Names in the histories the doorway or building instead of a room that was written by a correction."""
    connection, after = op.get_bind(), 0
    named = sa.cast(contents.c.details, sa.Text).contains('"place_id"')
    while True:
        some = sa.select(contents).where(named, contents.c.event_id > after)
        batch = connection.execute(some.order_by(contents.c.event_id).limit(BATCH)).all()
        if not batch:
            return
        after = batch[-1].event_id
        for row in batch:
            place_id = row.details.get("place_id")
            if place_id in rooms:
                changed = contents.update().where(contents.c.event_id == row.event_id)
                # Without its salt a row counts as erased: its seal cannot be checked any more.
                clear = {**row.details, "place_id": rooms[place_id]}
                connection.execute(changed.values(details=clear, salt=""))


def _rooms() -> dict[int, int]:
    """By the id of each room the id of the doorway or building around it."""
    found = op.get_bind().execute(sa.select(places.c.id, places.c.kind, places.c.parent_id)).all()
    rooms = {place.id: place.parent_id for place in found if place.kind == "room"}
    return {room: around for room, around in rooms.items() if around is not None}


def _batches(which: sa.ColumnElement[bool]) -> Iterator[Sequence[sa.Row]]:
    connection, after = op.get_bind(), 0
    while True:
        some = sa.select(orders).where(which, orders.c.id > after).order_by(orders.c.id)
        batch = connection.execute(some.limit(BATCH)).all()
        if not batch:
            return
        yield batch
        after = batch[-1].id


def _seal(order: sa.Row, rooms: dict[int, int]) -> None:
    clear, sealed = {}, {}
    if order.place_id in rooms:
        sealed["room"] = str(order.place_id)
        clear["place_id"] = rooms[order.place_id]
    if not order.public_place and order.latitude is not None and order.longitude is not None:
        point = order.latitude, order.longitude
        rounded = tuple(round(degrees * STEPS) / STEPS for degrees in point)
        if rounded != point:
            sealed["point"] = f"{point[0]},{point[1]}"
            clear["latitude"], clear["longitude"] = rounded
    if not clear:
        return
    connection = op.get_bind()
    values = {
        field: seal(plain, f"order_contacts.{field}:{order.id}") for field, plain in sealed.items()
    }
    kept = sa.update(contacts).where(contacts.c.order_id == order.id).values(values)
    if not connection.execute(kept).rowcount:
        connection.execute(sa.insert(contacts).values(order_id=order.id, **values))
    connection.execute(sa.update(orders).where(orders.c.id == order.id).values(clear))


def _open(row: sa.Row) -> None:
    plain = {
        field: unseal(sealed, f"order_contacts.{field}:{row.order_id}")
        for field in FIELDS
        if (sealed := getattr(row, field)) is not None
    }
    clear = {}
    if "room" in plain:
        clear["place_id"] = int(plain["room"])
    if "point" in plain:
        clear["latitude"], clear["longitude"] = map(float, plain["point"].split(","))
    op.get_bind().execute(sa.update(orders).where(orders.c.id == row.order_id).values(clear))
