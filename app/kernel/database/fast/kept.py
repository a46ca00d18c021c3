"""Keeps values of tables that change rarely in the memory of the process.

Each such table has a stamp in the database. A transaction reads all stamps once (the guard reads them
in the same statement as the log-in). It uses a kept value only when the value has the same stamp. A
transaction that changes the table writes a new stamp in the same commit. So a kept value is never
older than the start of the transaction that uses it.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from sqlalchemy import URL, event, func, select, update
from sqlalchemy.orm import (
    InstrumentedAttribute,
    Mapped,
    ORMExecuteState,
    Session,
    UOWTransaction,
    make_transient_to_detached,
    mapped_column,
)
from sqlalchemy.orm.util import identity_key

from app.kernel.database import Model, lock, notes, session
from app.kernel.database.fast.among import among
from app.kernel.database.fast.rows import insert_ignore

Value = TypeVar("Value")
Entity = TypeVar("Entity", bound=Model)
MOST_ROWS = 10_000
# Keys of `notes()`: the database's address with the stamps that the transaction has read, the names that
# the transaction has changed itself, and the kept values that it has used already.
_STAMPS, _CHANGED, _ASKED = "stamps", "changed", "asked"
_watched: dict[str, set[str]] = {}


class ChangeStamp(Model):
    """The stamp of a table or of another name; a transaction can also lock the row (`hold`).

    A stamp is a random text. A number would come again after a rollback: the same stamp would then
    stand for other content, and a process could use a wrong kept value for ever.
    """

    __tablename__ = "change_stamps"

    name: Mapped[str] = mapped_column(primary_key=True)
    stamp: Mapped[str]


# All stamps as one column, so that another statement can read them too.
STAMPS = select(
    func.aggregate_strings(ChangeStamp.name + "=" + ChangeStamp.stamp, ",")
).scalar_subquery()
_READ_STAMPS = select(STAMPS)


def take_stamps(text: str | None) -> None:
    """Stores the stamps for this transaction; `text` is the value that the column STAMPS returned."""
    stamps = dict(pair.split("=") for pair in (text or "").split(",") if pair)
    notes()[_STAMPS] = session.get_bind().engine.url, stamps


def _stamp(known: Mapping[Any, Any], name: str) -> tuple[URL, str] | None:
    """The address of the database and the stamp of the name; None when this transaction changed it.

    `known` are the notes of the transaction. A name that nobody has changed yet has no row. Its stamp is
    the empty text.
    """
    if name in known.get(_CHANGED, ()):
        return None
    if _STAMPS not in known:
        take_stamps(session.scalar(_READ_STAMPS))
    address, stamps = known[_STAMPS]
    return address, stamps.get(name, "")


class Kept(Generic[Value]):
    """A value that `build` makes from tables; it is made again when one of the tables has changed."""

    def __init__(self, name: str, build: Callable[[], Value], *tables: str) -> None:
        self._name, self._build = name, build
        self._kept: tuple[tuple[URL, str], Value] | None = None
        for table in tables:
            _watched.setdefault(table, set()).add(name)

    def value(self) -> Value:
        """The value as this transaction sees it, with the changes of the transaction itself."""
        known = notes()
        asked: dict[object, Value] = known.setdefault(_ASKED, {})
        if self in asked:
            return asked[self]
        stamp = _stamp(known, self._name)
        kept = self._kept
        if kept is not None and kept[0] == stamp:
            asked[self] = kept[1]
            return kept[1]
        built = self._build()
        if stamp is not None:
            # One assignment: another thread never sees the stamp of one value with another value.
            self._kept = (stamp, built)
        return built


class KeptRows(Generic[Entity]):
    """Rows of one table by id; a row is read from the database when it is first asked for."""

    def __init__(self, model: type[Entity]) -> None:
        self._model = model
        name = model.__tablename__
        self._rows: Kept[dict[int, Entity]] = Kept(name, dict, name)

    def get(self, row_id: int) -> Entity | None:
        """The row with this id as an object of this session; None when there is no such row."""
        here = session.identity_map.get(identity_key(self._model, row_id))
        if here is not None:
            return here
        rows = self._rows.value()
        known = rows.get(row_id)
        if known is not None:
            return session.merge(known, load=False)
        found = session.get(self._model, row_id)
        if found is not None and len(rows) < MOST_ROWS:
            rows[row_id] = _copy(found)
        return found


class KeptColumn(Generic[Value]):
    """Values of one column by id; a value is read from the database when it is first asked for."""

    def __init__(self, column: InstrumentedAttribute[Value]) -> None:
        table = column.class_.__tablename__
        self._values: Kept[dict[int, Value]] = Kept(table, dict, table)
        (key,) = column.class_.__mapper__.primary_key
        self._read = select(key.label("id"), column.label("value")).where(among(key, "ids"))

    def of(self, ids: Iterable[int]) -> dict[int, Value]:
        """The values by id; an id that the table does not have is not in the result."""
        values, wanted = self._values.value(), set(ids)
        missing = wanted - values.keys()
        if not missing:
            return {row_id: values[row_id] for row_id in wanted}
        rows = session.execute(self._read, {"ids": list(missing)}).all()
        found: dict[int, Value] = {row.id: row.value for row in rows}
        if len(values) < MOST_ROWS:
            values.update(found)
        return found | {row_id: values[row_id] for row_id in wanted - missing}


def _copy(row: Entity) -> Entity:
    """A copy of the row that belongs to no session."""
    names = row.__mapper__.column_attrs.keys()
    copied = type(row)(**{name: getattr(row, name) for name in names})
    make_transient_to_detached(copied)
    return copied


def hold(name: str) -> None:
    """Locks the name until this transaction ends; other transactions that lock it wait."""
    insert_ignore(ChangeStamp, {"name": name, "stamp": name}, conflict=["name"])
    session.scalars(lock(select(ChangeStamp).where(ChangeStamp.name == name))).one()


def mark_changed(name: str) -> None:
    """Notes that this transaction changes the values kept under the name; the commit writes a new stamp.

    Changes of a whole table are noted without a call. Call it for a value that is made from a part of
    a table.
    """
    known = notes()
    known.setdefault(_CHANGED, set()).add(name)
    known.pop(_ASKED, None)


def _note(table: str) -> None:
    for name in _watched.get(table, ()):
        mark_changed(name)


@event.listens_for(Session, "after_flush")
def _note_rows(into: Session, _: UOWTransaction) -> None:
    for row in (*into.new, *into.dirty, *into.deleted):
        _note(row.__tablename__)


@event.listens_for(Session, "do_orm_execute")
def _note_statement(state: ORMExecuteState) -> None:
    if not state.is_select and state.bind_mapper is not None:
        _note(str(state.bind_mapper.local_table))


@event.listens_for(Session, "before_commit")
def _give_new_stamps(into: Session) -> None:
    if into.in_nested_transaction():
        return
    # The stamps are written last and sorted by name, so that two transactions never wait for each other.
    into.flush()
    for name in sorted(notes().get(_CHANGED, ())):
        fresh = secrets.token_hex(8)
        insert_ignore(ChangeStamp, {"name": name, "stamp": fresh}, conflict=["name"])
        into.execute(update(ChangeStamp).where(ChangeStamp.name == name).values(stamp=fresh))
