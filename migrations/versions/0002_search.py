"""search: the words of orders by their bigrams, and an index for what is near."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.orders.ticket.bigrams import bigrams, normalised, tokens

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BATCH = 500
ENTER = "INSERT INTO order_search_fts (rowid, grams) VALUES (new.order_id, new.grams)"
LEAVE = (
    "INSERT INTO order_search_fts (order_search_fts, rowid, grams)"
    " VALUES ('delete', old.order_id, old.grams)"
)
NEARBY = {
    "postgresql_where": sa.text("public_place AND latitude IS NOT NULL"),
    "sqlite_where": sa.text("public_place = 1 AND latitude IS NOT NULL"),
}


def upgrade() -> None:
    """Goes to this version."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    grams = sa.Text() if on_sqlite else postgresql.ARRAY(sa.Text(collation="C"))
    words = op.create_table(
        "order_search",
        sa.Column(
            "order_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("grams", grams, nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_search_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_search")),
    )
    for batch in _described():
        op.bulk_insert(words, [_words(order_id, said, on_sqlite) for order_id, said in batch])
    if on_sqlite:
        _index_on_sqlite()
    else:
        op.create_index(
            "ix_order_search_grams",
            "order_search",
            ["grams"],
            postgresql_using="gin",
            postgresql_with={"fastupdate": "on"},
        )
    columns = ["category_id", "status", "latitude", "longitude"]
    op.create_index("ix_orders_nearby", "orders", columns, **NEARBY)


def downgrade() -> None:
    """Goes back to the version before."""
    op.drop_index("ix_orders_nearby", table_name="orders", **NEARBY)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE order_search_fts")
    op.drop_table("order_search")


def _described() -> Iterator[list[tuple[int, str]]]:
    """The orders that have words, a batch at a time."""
    last = 0
    statement = sa.text(
        "SELECT id, description FROM orders"
        " WHERE id > :last AND description <> '' ORDER BY id LIMIT :batch"
    )
    while True:
        found = op.get_bind().execute(statement, {"last": last, "batch": BATCH}).all()
        if not found:
            return
        yield [(row.id, row.description) for row in found]
        last = found[-1].id


def _words(order_id: int, said: str, on_sqlite: bool) -> dict[str, Any]:
    text = normalised(said)
    pairs = bigrams(text)
    return {
        "order_id": order_id,
        "text": text,
        "grams": tokens(pairs) if on_sqlite else list(dict.fromkeys(pairs)),
    }


def _index_on_sqlite() -> None:
    for statement in (
        "CREATE VIRTUAL TABLE order_search_fts USING fts5(grams, content='order_search',"
        " content_rowid='order_id', columnsize=0, tokenize='unicode61')",
        "INSERT INTO order_search_fts (order_search_fts) VALUES ('rebuild')",
        f"CREATE TRIGGER order_search_insert AFTER INSERT ON order_search BEGIN {ENTER}; END",
        f"CREATE TRIGGER order_search_delete AFTER DELETE ON order_search BEGIN {LEAVE}; END",
        f"CREATE TRIGGER order_search_update AFTER UPDATE ON order_search"
        f" BEGIN {LEAVE}; {ENTER}; END",
    ):
        op.execute(statement)
