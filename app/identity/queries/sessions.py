"""Reads of sessions: the token check of each request, the actor's own open sessions."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, bindparam, select

from app.identity.models import LoginSession, Token
from app.identity.states import TokenKind
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.crypto import hash_token
from app.kernel.database import session
from app.kernel.errors import not_found
from app.kernel.pages import Key, Page, paginate
from app.people.models import Person, PersonDetail
from app.people.states import PersonStatus

# Runs on every request: built once, plain columns.
_TOKEN_CHECK = (
    select(
        LoginSession.id.label("session_id"),
        LoginSession.person_id,
        LoginSession.must_change_password,
        LoginSession.revoked_at,
        Token.expires_at,
        Person.status,
        PersonDetail.name,
    )
    .join(LoginSession, LoginSession.id == Token.session_id)
    .join(Person, Person.id == LoginSession.person_id)
    .outerjoin(PersonDetail, PersonDetail.person_id == LoginSession.person_id)
    .where(Token.hash == bindparam("hash"), Token.kind == TokenKind.ACCESS)
)


@dataclass(frozen=True, slots=True)
class CheckedToken:
    """What an access token stands for; not live: expired, revoked, or its person inactive."""

    session_id: int
    person_id: int
    name: str
    must_change_password: bool
    is_live: bool


def check_access_token(token: str, at: datetime) -> CheckedToken | None:
    """One statement; None for a token that never was or is long gone."""
    row = session.execute(_TOKEN_CHECK, {"hash": hash_token(token)}).one_or_none()
    if row is None:
        return None
    detail = PersonDetail(person_id=row.person_id, name=row.name)
    return CheckedToken(
        session_id=row.session_id,
        person_id=row.person_id,
        name=detail.opened("name"),
        must_change_password=row.must_change_password,
        is_live=row.revoked_at is None
        and at < row.expires_at
        and row.status is PersonStatus.ACTIVE,
    )


def sessions_visible_to(actor: Actor) -> Select[LoginSession]:
    """The actor's own sessions that are still open."""
    return select(LoginSession).where(
        LoginSession.person_id == actor.own_id,
        LoginSession.revoked_at.is_(None),
        select(Token.hash)
        .where(
            Token.session_id == LoginSession.id,
            Token.kind == TokenKind.REFRESH,
            Token.expires_at > now(),
        )
        .exists(),
    )


def get_visible_session(actor: Actor, session_id: int) -> LoginSession:
    """One open session of the actor's own, else 404."""
    found = session.scalars(
        sessions_visible_to(actor).where(LoginSession.id == session_id)
    ).one_or_none()
    if found is None:
        raise not_found()
    return found


def page_of_sessions(actor: Actor, *, cursor: str | None, limit: int) -> Page[LoginSession]:
    """The actor's own open sessions, newest first."""
    keys = [Key(LoginSession.id, desc=True)]
    return paginate(sessions_visible_to(actor), keys, cursor=cursor, limit=limit)
