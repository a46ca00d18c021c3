"""Makes people for the load: logged-in copies of people of the demo, as many as the limits need."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count as counting
from typing import Any

from sqlalchemy import Table, func, insert, select, text

from app.identity.models import Account, Consent, LoginSession, Token
from app.identity.states import ACCESS_LIFE, Channel, TokenKind
from app.kernel.clock import now
from app.kernel.crypto import hash_token, random_token
from app.kernel.database import Model, db, is_sqlite, session
from app.kernel.database.fast.rows import table_of
from app.people.models import Person, PersonDetail, Registration, RoleGrant

_BATCH = 2_000
_SEALED = ("name", "address", "green_reasons", "green_consent")


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The ids of some people, and an access token for each."""

    ids: list[int]
    tokens: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, first: int, end: int | None = None) -> "LoggedIn":
        """The people from place `first` to before place `end`."""
        return LoggedIn(self.ids[first:end], self.tokens[first:end])


def enrol(person_id: int, count: int) -> LoggedIn:
    """Makes `count` copies of a person and logs them in; returns the copies.

    A copy has the same home, skills, consents, role and registration, and a phone of its own.
    """
    copies = _Copies(person_id, count)
    copies.put()
    return log_in(copies.ids)


def log_in(ids: Sequence[int]) -> LoggedIn:
    """Opens a session for each person as after a log-in by WeChat; returns ids and access tokens."""
    first = next_id(table_of(LoginSession))
    moment = now()
    tokens = [random_token() for _ in ids]
    pairs = list(enumerate(ids, start=first))
    put(
        table_of(LoginSession),
        (
            {
                "id": number,
                "person_id": person_id,
                "channel": Channel.WECHAT,
                "device": "",
                "must_change_password": False,
                "created_at": moment,
                "refreshed_at": moment,
            }
            for number, person_id in pairs
        ),
    )
    put(
        table_of(Token),
        (
            {
                "hash": hash_token(token),
                "session_id": number,
                "kind": TokenKind.ACCESS,
                "expires_at": moment + ACCESS_LIFE,
            }
            for (number, _), token in zip(pairs, tokens, strict=True)
        ),
    )
    return LoggedIn(list(ids), tokens)


def person_named(username: str) -> int:
    """The id of the person with this user name; raises NoResultFound without one."""
    return session.execute(
        select(Account.person_id).where(Account.username == username)
    ).scalar_one()


class _Copies:
    """The rows of one person, written again under new ids."""

    def __init__(self, person_id: int, count: int) -> None:
        self.original = person_id
        first = next_id(table_of(Person))
        self.ids = list(range(first, first + count))

    def put(self) -> None:
        first_registration = next_id(table_of(Registration))
        put(table_of(Person), self._rows(Person, Person.id))
        put(table_of(PersonDetail), self._details())
        put(table_of(Consent), self._rows(Consent, Consent.person_id))
        put(table_of(Registration), self._rows(Registration, Registration.person_id))
        put(table_of(RoleGrant), self._grants(first_registration))

    def _rows(self, model: type[Model], owner: Any) -> Iterable[dict[str, Any]]:
        """All rows of the original person in the table, once for each copy."""
        table = table_of(model)
        found = _rows_of(table, owner == self.original)
        ids = iter(self.ids) if model is Person else counting(next_id(table))
        for person_id in self.ids:
            for row in found:
                yield row | {"id": next(ids), owner.key: person_id}

    def _grants(self, first_registration: int) -> Iterable[dict[str, Any]]:
        for place, row in enumerate(self._rows(RoleGrant, RoleGrant.person_id)):
            held = row["registration_id"] is not None
            yield row | ({"registration_id": first_registration + place} if held else {})

    def _details(self) -> Iterable[dict[str, Any]]:
        original = session.get_one(PersonDetail, self.original)
        plain = {name: original.opened(name) for name in _SEALED}
        phone = original.opened("phone")
        kept = _rows_of(table_of(PersonDetail), PersonDetail.person_id == self.original)[0]
        for person_id in self.ids:
            detail = PersonDetail(person_id=person_id)
            for name, value in plain.items():
                detail.put(name, value)
            detail.put_phone(f"{phone[:4]}{person_id % 10_000_000:07d}")
            own = {name: getattr(detail, name) for name in (*_SEALED, "phone", "phone_index")}
            yield kept | own | {"person_id": person_id}


def next_id(table: Table) -> int:
    """The first free id of the table."""
    return (session.scalar(select(func.max(table.c.id))) or 0) + 1


def put(table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Inserts rows, 2,000 in one statement."""
    batch: list[Mapping[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            session.execute(insert(table), batch)
            batch = []
    if batch:
        session.execute(insert(table), batch)


def follow_sequences() -> None:
    """Moves PostgreSQL's sequences past ids that were given by hand; does nothing on SQLite."""
    if is_sqlite():
        return
    for table in db.metadata.tables.values():
        if "id" in table.c:
            name = f"pg_get_serial_sequence('{table.name}', 'id')"
            session.execute(text(f"SELECT setval({name}, (SELECT max(id) + 1 FROM {table.name}))"))


def _rows_of(table: Table, condition: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(select(table).where(condition)).mappings()]
