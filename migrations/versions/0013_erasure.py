"""Exports know their orders, and what earlier erasures left in parts and histories is deleted."""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BATCH = 500
COLUMNS = {
    **dict.fromkeys(("description", "task", "contact_index"), sa.Text),
    **dict.fromkeys(("answers", "preferred_times", "photo_ids"), JSON),
    **dict.fromkeys(("voice_id", "place_id"), sa.BigInteger),
    **dict.fromkeys(("latitude", "longitude"), sa.Float),
}
PLACE = dict.fromkeys(("place_id", "latitude", "longitude"))
EMPTY = {
    **dict.fromkeys(("description", "task", "voice_id", "contact_index")),
    "answers": {},
    "preferred_times": [],
    "photo_ids": [],
}
GONE = frozenset({"task", "place_id"})

orders = sa.table(
    "orders",
    sa.column("id", sa.BigInteger),
    sa.column("parent_id", sa.BigInteger),
    sa.column("public_place", sa.Boolean),
    *(sa.column(name, kind) for name, kind in COLUMNS.items()),
)
events = sa.table(
    "order_events",
    sa.column("id", sa.BigInteger),
    sa.column("order_id", sa.BigInteger),
    sa.column("action", sa.Text),
)
contents = sa.table(
    "order_event_contents",
    sa.column("event_id", sa.BigInteger),
    sa.column("salt", sa.Text),
    sa.column("details", JSON),
)
search = sa.table("order_search", sa.column("order_id", sa.BigInteger))
contacts = sa.table("order_contacts", sa.column("order_id", sa.BigInteger))


def upgrade() -> None:
    """Goes to this version."""
    op.add_column("exports", sa.Column("order_ids", JSON, nullable=True))
    bind = op.get_bind()
    own = _erased(bind)
    for start in range(0, len(own), BATCH):
        _forget(bind, own[start : start + BATCH])
    if own and bind.dialect.name == "sqlite":
        # The index of SQLite keeps deleted words until it is optimised.
        bind.exec_driver_sql("INSERT INTO order_search_fts (order_search_fts) VALUES ('optimize')")


def downgrade() -> None:
    """Goes back to the version before; what was deleted stays deleted."""
    op.drop_column("exports", "order_ids")


def _erased(bind: sa.Connection) -> list[int]:
    """The ids of orders whose requester was erased, as their histories say."""
    rows = bind.execute(
        sa.select(events.c.order_id, contents.c.details)
        .join(contents, contents.c.event_id == events.c.id)
        .where(events.c.action == "erase")
    )
    return sorted({row.order_id for row in rows if _read(row.details).get("requester")})


def _forget(bind: sa.Connection, own: list[int]) -> None:
    bind.execute(orders.update().where(orders.c.id.in_(own)).values(task=None))
    of_them = orders.c.parent_id.in_(own)
    found = bind.execute(sa.select(orders.c.id, orders.c.parent_id).where(of_them)).all()
    public = sa.select(orders.c.id).where(orders.c.id.in_(own), orders.c.public_place)
    bind.execute(orders.update().where(of_them).values(EMPTY))
    bind.execute(orders.update().where(of_them, orders.c.parent_id.not_in(public)).values(PLACE))
    parts = [row.id for row in found]
    family = [*own, *parts]
    bind.execute(search.delete().where(search.c.order_id.in_(family)))
    bind.execute(contacts.delete().where(contacts.c.order_id.in_(family)))
    # Their notes repeat the words of the order, or the tasks of its parts.
    repeating = sa.select(events.c.id).where(
        events.c.order_id.in_(family), events.c.action.in_(("submit", "gather"))
    )
    bind.execute(contents.delete().where(contents.c.event_id.in_(repeating)))
    rows = bind.execute(
        sa.select(contents.c.event_id, contents.c.details)
        .join(events, events.c.id == contents.c.event_id)
        .where(events.c.order_id.in_(family))
    ).all()
    for row in rows:
        details = _read(row.details)
        if GONE & details.keys():
            kept = {name: value for name, value in details.items() if name not in GONE}
            # Without its salt a row counts as erased: its seal cannot be checked any more.
            changed = contents.update().where(contents.c.event_id == row.event_id)
            bind.execute(changed.values(details=kept, salt=""))


def _read(details: object) -> dict[str, object]:
    return dict(json.loads(details)) if isinstance(details, str) else dict(details or {})
