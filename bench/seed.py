"""Fills the database with old orders: many copies of the demo's orders, made by SQL statements.

Each copy is moved in time and given to another resident. The rows that refer to the order are copied
too, with its deadlines and their facts. The next rung of each copied deadline is far in the future, so
that no job works on copies during a measurement. Contacts are sealed again, since a sealed value is bound
to its order. Only a part of the copies, evenly spread, has a full history; single orders are read from
this part. The copied histories hold the hashes of the originals, so `flask orders verify-history`
reports them.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Table, insert, select, text

from app.deadlines.standing.models import Deadline, DeadlineFact
from app.kernel.crypto import seal
from app.kernel.database import UTCDateTime, db, is_sqlite, session, transaction
from app.kernel.database.fast.rows import table_of
from app.orders.record.timing import KIND
from app.orders.record.words import change_words
from app.orders.ticket.models import Order, OrderContact, OrderEvent, OrderEventContent, OrderSearch
from app.orders.ticket.states import OrderStatus
from bench.crowd import follow_sequences, next_id

# The share of the copies that may be open (the newest ones), and the years that the copies go back.
OPEN_SHARE = 0.03
YEARS = 5
HISTORIES = 20_000
# More than the number of history rows of any order.
_STEP = 64
_CONTACTS_AT_A_TIME = 20_000
_NAMES = ("王秀英", "李建国", "张桂兰", "刘洋", "陈淑珍", "欧阳立", "赵敏", "孙志强")
_SPECIAL = {OrderContact.__tablename__, OrderEvent.__tablename__, OrderEventContent.__tablename__}


@dataclass(frozen=True, slots=True)
class Copies:
    """A range of copied orders by id; each `gap`-th one has its whole history."""

    first: int
    count: int
    gap: int

    @property
    def with_history(self) -> range:
        """The ids of the copies with their whole history."""
        return range(self.first, self.first + self.count, self.gap)


def copy_orders(originals: Sequence[int], count: int, requesters: range, *, old: bool) -> Copies:
    """Adds `count` copies of the originals, in a transaction of its own.

    With `old` the copies are spread over five years, and only the newest 3 % can be copies of open
    orders; else all copies have the times of their originals.
    """
    gap = max(1, count // HISTORIES)
    with transaction():
        copies = Copies(next_id(table_of(Order)), count, gap)
        with _unchecked():
            _lay_out(originals, copies, old=old)
            with _indexed_after() if old else nullcontext():
                columns = _order_columns(copies, requesters, old=old)
                _copy(table_of(Order), columns, "t.id = c.original")
                for table in _hanging():
                    _copy_hanging(table, copies, old=old)
                for table in (table_of(Deadline), table_of(DeadlineFact)):
                    _copy_deadlines(table, copies, old=old)
            _copy_histories(copies, old=old)
            _seal_contacts(copies)
            session.execute(text("DROP TABLE bench_copies"))
        follow_sequences()
    return copies


def originals() -> list[int]:
    """The ids of the demo's orders that are no part, not merged and not joined by others, sorted."""
    alone = select(Order.id).where(Order.parent_id.is_(None), Order.merged_into_id.is_(None))
    return list(session.scalars(alone.where(Order.joined == 0).order_by(Order.id)))


def orders_of(order_ids: Sequence[int]) -> Sequence[Order]:
    """The orders with these ids."""
    return session.scalars(select(Order).where(Order.id.in_(order_ids))).all()


def plant(word: str, order_ids: Sequence[int]) -> None:
    """Adds a word to the descriptions of these orders and to the index of the search."""
    orders = orders_of(order_ids)
    for order in orders:
        order.description = f"{order.description or ''}{word}"
    session.flush()
    change_words(orders)


@contextmanager
def _unchecked() -> Iterator[None]:
    """Switches the checks of foreign keys off: copies refer to the same rows as their originals.

    PostgreSQL admits that only to a superuser; for another user the checks stay and it takes longer.
    SQLite keeps its checks.
    """
    asked = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    if is_sqlite() or not session.scalar(text(asked)):
        yield
        return
    session.execute(text("SET LOCAL session_replication_role = replica"))
    yield
    session.execute(text("SET LOCAL session_replication_role = origin"))


@contextmanager
def _indexed_after() -> Iterator[None]:
    """Drops the indexes of the largest tables and makes them again at the end: half of the time."""
    models = (Order, OrderSearch, Deadline, DeadlineFact)
    tables = [model.__tablename__ for model in models]
    if is_sqlite():
        asked = (
            "SELECT name, sql FROM sqlite_master"
            " WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN"
        )
    else:
        session.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        asked = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE NOT EXISTS (SELECT FROM pg_constraint"
            " WHERE conindid = to_regclass(indexname)) AND tablename IN"
        )
    named = ", ".join(f"'{name}'" for name in tables)
    indexes = session.execute(text(f"{asked} ({named})")).all()
    for name, _ in indexes:
        session.execute(text(f'DROP INDEX "{name}"'))
    yield
    for _, statement in indexes:
        session.execute(text(statement))


def _lay_out(originals: Sequence[int], copies: Copies, *, old: bool) -> None:
    """Makes the temporary table `bench_copies`: the original of each copy."""
    closed = set(
        session.scalars(
            select(Order.id).where(Order.id.in_(originals), Order.status == OrderStatus.CLOSED)
        )
    )
    session.execute(
        text("CREATE TABLE bench_originals (kind integer, place integer, original integer)")
    )
    session.execute(text("CREATE TABLE bench_copies (n bigint, id bigint, original bigint)"))
    table = sa.table("bench_originals", *map(sa.column, ("kind", "place", "original")))
    kinds = [list(originals), sorted(closed) if closed and old else list(originals)]
    session.execute(
        insert(table),
        [
            {"kind": kind, "place": place, "original": order}
            for kind, found in enumerate(kinds)
            for place, order in enumerate(found)
        ],
    )
    newest = int(copies.count * (1 - OPEN_SHARE)) if old else 0
    session.execute(
        text(
            f"INSERT INTO bench_copies (n, id, original) {_numbers()} "
            "SELECT g.n, g.n + :first, o.original FROM g JOIN bench_originals o"
            " ON o.kind = CASE WHEN g.n >= :newest THEN 0 ELSE 1 END"
            " AND o.place = (g.n * 7919) % CASE WHEN g.n >= :newest THEN :all ELSE :closed END"
        ),
        {
            "count": copies.count,
            "first": copies.first,
            "newest": newest,
            "all": len(kinds[0]),
            "closed": len(kinds[1]),
        },
    )
    session.execute(text("DROP TABLE bench_originals"))
    session.execute(text("CREATE INDEX bench_copies_n ON bench_copies (n)"))
    if not is_sqlite():
        session.execute(text("ANALYZE bench_copies"))


def _numbers() -> str:
    if is_sqlite():
        return (
            "WITH RECURSIVE g(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM g WHERE n + 1 < :count)"
        )
    return "WITH g AS (SELECT generate_series(0, cast(:count AS bigint) - 1) AS n)"


def _order_columns(copies: Copies, requesters: range, *, old: bool) -> dict[str, str]:
    columns = _shifted(table_of(Order), copies, old=old)
    requester = f"{requesters.start} + (c.n * 31) % {len(requesters)}"
    return columns | {
        "id": "c.id",
        "requester_id": f"CASE WHEN t.requester_id IS NULL THEN NULL ELSE {requester} END",
        "contact_index": _random_hex(),
        "external_number": "t.external_number || '-' || c.n",
    }


def _random_hex() -> str:
    return (
        "lower(hex(randomblob(32)))" if is_sqlite() else "encode(sha256(c.n::text::bytea), 'hex')"
    )


def _shifted(table: Table, copies: Copies, *, old: bool) -> dict[str, str]:
    """The SQL of each column: unchanged, but times are earlier by the age of the copy."""
    past = YEARS * 365 * 86_400 if old else 0
    seconds = f"({copies.count} - c.n) * {past / copies.count:.6f}"
    return {
        column.name: _earlier(f"t.{column.name}", seconds)
        if past and isinstance(column.type, UTCDateTime)
        else f"t.{column.name}"
        for column in table.c
    }


def _earlier(column: str, seconds: str) -> str:
    if is_sqlite():
        # The text that SQLAlchemy writes has six digits after the second.
        return f"strftime('%Y-%m-%d %H:%M:%f000', {column}, '-' || ({seconds}) || ' seconds')"
    return f"{column} - ({seconds}) * interval '1 second'"


def _copy(table: Table, columns: dict[str, str], joined: str) -> None:
    names, values = ", ".join(f'"{name}"' for name in columns), ", ".join(columns.values())
    # The copied rows of one order keep the order of their ids, because facts are read in it.
    order = "c.n, t.id" if "id" in table.c else "c.n"
    session.execute(
        text(
            f'INSERT INTO "{table.name}" ({names}) SELECT {values} FROM bench_copies c'
            f' JOIN "{table.name}" t ON {joined} ORDER BY {order}'
        )
    )


def _hanging() -> list[Table]:
    """The tables that refer to orders, without contacts and histories."""
    orders = table_of(Order)
    return [
        table
        for table in db.metadata.sorted_tables
        if table.name not in _SPECIAL
        and table is not orders
        and "order_id" in table.c
        and table.c.order_id.references(orders.c.id)
    ]


def _copy_hanging(table: Table, copies: Copies, *, old: bool) -> None:
    columns = _shifted(table, copies, old=old) | {"order_id": "c.id"}
    if "id" in columns:
        del columns["id"]
    _copy(table, columns, "t.order_id = c.original")


def _copy_deadlines(table: Table, copies: Copies, *, old: bool) -> None:
    columns = _shifted(table, copies, old=old) | {"subject_id": "c.id"}
    del columns["id"]
    if "next_at" in columns:
        columns["next_at"] = f"CASE WHEN t.next_at IS NOT NULL THEN {_far_ahead()} END"
    _copy(table, columns, f"t.subject_kind = '{KIND}' AND t.subject_id = c.original")


def _far_ahead() -> str:
    moment = "'2099-01-01 00:00:00.000000'"
    return moment if is_sqlite() else f"timestamptz {moment}"


def _copy_histories(copies: Copies, *, old: bool) -> None:
    events, contents = table_of(OrderEvent), table_of(OrderEventContent)
    number = f"{next_id(events)} + c.n / {copies.gap} * {_STEP} + t.seq"
    some = f"WHERE c.n % {copies.gap} = 0"
    columns = _shifted(events, copies, old=old) | {"id": number, "order_id": "c.id"}
    _copy(events, columns, f"t.order_id = c.original {some}")
    session.execute(
        text(
            f"INSERT INTO {contents.name} (event_id, salt, note, photo_ids, details)"
            f" SELECT {number}, w.salt, w.note, w.photo_ids, w.details FROM bench_copies c"
            f" JOIN {events.name} t ON t.order_id = c.original"
            f" JOIN {contents.name} w ON w.event_id = t.id {some}"
        )
    )


def _seal_contacts(copies: Copies) -> None:
    for first in range(copies.first, copies.first + copies.count, _CONTACTS_AT_A_TIME):
        end = min(first + _CONTACTS_AT_A_TIME, copies.first + copies.count)
        _put_contacts(_contact(order_id) for order_id in range(first, end))


def _put_contacts(contacts: Iterable[tuple[int, str, str]]) -> None:
    """Inserts contacts in the quickest way of the driver."""
    driver = session.connection().connection.driver_connection
    assert driver is not None
    into = "order_contacts (order_id, name, phone)"
    if is_sqlite():
        driver.executemany(f"INSERT INTO {into} VALUES (?, ?, ?)", contacts)
        return
    with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for contact in contacts:
            copy.write_row(contact)


def _contact(order_id: int) -> tuple[int, str, str]:
    phone = f"168{secrets.randbelow(10**8):08d}"
    name = _NAMES[order_id % len(_NAMES)]
    return (
        order_id,
        seal(name, f"order_contacts.name:{order_id}"),
        seal(phone, f"order_contacts.phone:{order_id}"),
    )
