"""The search words of orders: the normalised description and its bigrams."""

from typing import Any

from sqlalchemy import (
    Connection,
    Dialect,
    ForeignKey,
    Index,
    Text,
    TypeDecorator,
    column,
    event,
    table,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from app.kernel.database import Model
from app.orders.ticket.bigrams import tokens


class Bigrams(TypeDecorator[list[str]]):
    """A list of bigrams: on PostgreSQL a set in an array, on SQLite a text of ASCII words in order."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type; its texts are compared by bytes, which is the quickest way."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(ARRAY(Text(collation="C")))

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> str | list[str]:
        """The column's value for the bigrams of a text, given in order."""
        pairs = value or []
        return tokens(pairs) if dialect.name == "sqlite" else list(dict.fromkeys(pairs))


class OrderSearch(Model):
    """One row an order that has a description; deleted by erasure.

    SQLite keeps an index of the words in `order_search_fts` beside it, by triggers.
    """

    __tablename__ = "order_search"
    __table_args__ = (
        Index(
            "ix_order_search_grams",
            "grams",
            postgresql_using="gin",
            # New rows wait in a list and are sorted in together: placing an order stays quick.
            postgresql_with={"fastupdate": "on"},
        ).ddl_if(dialect="postgresql"),
    )

    order_id: Mapped[int] = mapped_column(
        ForeignKey("orders.id"), primary_key=True, autoincrement=False
    )
    text: Mapped[str]
    grams: Mapped[list[str]] = mapped_column(Bigrams)


ORDER_SEARCH_FTS = table("order_search_fts", column("rowid"), column("order_search_fts"))

_ENTER = "INSERT INTO order_search_fts (rowid, grams) VALUES (new.order_id, new.grams)"
# The index removes a row only if the statement names the old content.
_LEAVE = (
    "INSERT INTO order_search_fts (order_search_fts, rowid, grams)"
    " VALUES ('delete', old.order_id, old.grams)"
)
_ON_SQLITE = (
    "CREATE VIRTUAL TABLE order_search_fts USING fts5(grams, content='order_search',"
    " content_rowid='order_id', columnsize=0, tokenize='unicode61')",
    f"CREATE TRIGGER order_search_insert AFTER INSERT ON order_search BEGIN {_ENTER}; END",
    f"CREATE TRIGGER order_search_delete AFTER DELETE ON order_search BEGIN {_LEAVE}; END",
    f"CREATE TRIGGER order_search_update AFTER UPDATE ON order_search BEGIN {_LEAVE}; {_ENTER}; END",
)


@event.listens_for(OrderSearch.__table__, "after_create")
def _make_index(_: object, connection: Connection, **__: object) -> None:
    if connection.dialect.name == "sqlite":
        for statement in _ON_SQLITE:
            connection.exec_driver_sql(statement)


@event.listens_for(OrderSearch.__table__, "before_drop")
def _drop_index(_: object, connection: Connection, **__: object) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TABLE IF EXISTS order_search_fts")
