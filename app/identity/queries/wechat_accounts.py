"""Reads of WeChat accounts, and of the people of whom nothing else is kept."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Column, or_, select, union

from app.identity.models import WechatAccount
from app.kernel.crypto import blind_index, unseal
from app.kernel.database import Model, session
from app.people.models import Person, PersonDetail
from app.people.queries import ever_consented
from app.people.states import PersonStatus

# What a log-in alone leaves of a person; whoever stands in another table has left something.
_OF_THE_LOG_IN = frozenset(
    {"person_details", "wechat_accounts", "login_sessions"}
    | {"consents", "inbox_messages", "outbox_messages"}
)
_CANDIDATES = 500


def openid_of(person_id: int, appid: str) -> str | None:
    """Returns the person's openid under the appid in clear, for sending; None where there is none.

    Of several the newest is returned.
    """
    account = session.scalars(
        select(WechatAccount)
        .where(WechatAccount.person_id == person_id, WechatAccount.appid == appid)
        .order_by(WechatAccount.created_at.desc())
        .limit(1)
    ).one_or_none()
    return None if account is None else unseal(account.openid, openid_context(account.openid_index))


def openid_index(openid: str) -> str:
    """Returns the keyed hash by which an openid or unionid is found."""
    return blind_index(f"openid:{openid}")


def openid_context(index: str) -> str:
    """Returns the context to which an encrypted openid is bound (see `crypto.seal`)."""
    return f"wechat_accounts.openid:{index}"


def strangers(before: datetime, limit: int) -> list[int]:
    """Returns the ids of at most `limit` people who came before that moment and left nothing.

    They have a WeChat account, have agreed to no document, have no name, phone, address and home, and
    no row of any other table points to them: no account, role, registration, order or file.
    """
    return list(islice(_strangers(before), limit))


def is_stranger(person_id: int, before: datetime) -> bool:
    """Returns whether the person is one of these now."""
    found = [one for one in _candidates(before, person_id - 1)[:1] if one == person_id]
    return bool(found) and person_id not in _named_elsewhere(found)


def _strangers(before: datetime) -> Iterator[int]:
    last: int | None = 0
    while last is not None:
        found = _candidates(before, last)
        named = _named_elsewhere(found)
        yield from (person_id for person_id in found if person_id not in named)
        last = found[-1] if found else None


def _candidates(before: datetime, after_id: int) -> Sequence[int]:
    kept = (PersonDetail.name, PersonDetail.phone, PersonDetail.address, PersonDetail.green_reasons)
    told = select(PersonDetail.person_id).where(or_(*(column.is_not(None) for column in kept)))
    statement = select(Person.id).where(
        Person.id > after_id,
        Person.created_at <= before,
        Person.status == PersonStatus.ACTIVE,
        Person.home_place_id.is_(None),
        Person.home_unit_id.is_(None),
        Person.id.in_(select(WechatAccount.person_id)),
        Person.id.not_in(told),
        ~ever_consented(Person.id),
    )
    return session.scalars(statement.order_by(Person.id).limit(_CANDIDATES)).all()


def _named_elsewhere(ids: Sequence[int]) -> set[int]:
    """Returns those of the people to whom a row of another table points."""
    if not ids:
        return set()
    ways = (select(column).where(column.in_(ids)) for column in pointers())
    return set(session.scalars(union(*ways)))


def pointers() -> Iterator[Column[Any]]:
    """Yields each column by which another table than those of the log-in points to a person."""
    for table in Model.metadata.tables.values():
        if table.name not in _OF_THE_LOG_IN:
            yield from (column for column in table.c if _is_person(column))


def _is_person(column: Column[Any]) -> bool:
    return any(key.target_fullname == "people.id" for key in column.foreign_keys)
