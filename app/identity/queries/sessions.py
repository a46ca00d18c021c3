"""Reads of sessions: the token check of each request, the actor's own open sessions."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import contains_eager

from app.identity.models import LoginSession, Token
from app.identity.states import TokenKind
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.crypto import hash_token
from app.kernel.database import UTCDateTime, session
from app.kernel.database.fast.kept import STAMPS, take_stamps
from app.kernel.errors import not_found
from app.kernel.pages import Key, Page, paginate
from app.people.models import Person, RoleGrant
from app.people.queries.roles import grant
from app.people.queries.scope import is_current

# Runs on every request: built once, and brings along all that most requests need of the person.
_TOKEN_CHECK = (
    select(
        LoginSession.id.label("session_id"),
        LoginSession.must_change_password,
        LoginSession.revoked_at,
        Token.expires_at,
        Person,
        RoleGrant.role_code,
        RoleGrant.unit_id,
        STAMPS.label("stamps"),
    )
    .join(LoginSession, LoginSession.id == Token.session_id)
    .join(Person, Person.id == LoginSession.person_id)
    .outerjoin(Person.detail)
    .outerjoin(
        RoleGrant,
        and_(RoleGrant.person_id == Person.id, is_current(bindparam("at", type_=UTCDateTime))),
    )
    .where(Token.hash == bindparam("hash"), Token.kind == TokenKind.ACCESS)
    .order_by(RoleGrant.id)
    .options(contains_eager(Person.detail))
)


@dataclass(frozen=True, slots=True)
class CheckedToken:
    """What an access token stands for; not live: expired, revoked, or its person inactive."""

    session_id: int
    actor: Actor
    must_change_password: bool
    is_live: bool


def check_access_token(token: str, at: datetime) -> CheckedToken | None:
    """One statement; None for a token that never was or is long gone."""
    rows = session.execute(_TOKEN_CHECK, {"hash": hash_token(token), "at": at}).all()
    if not rows:
        return None
    row = rows[0]
    person: Person = row.Person
    take_stamps(row.stamps)
    grants = [grant(held.role_code, held.unit_id) for held in rows if held.role_code is not None]
    return CheckedToken(
        session_id=row.session_id,
        actor=Actor(
            person.id, person.detail.opened("name") if person.detail else "", tuple(grants)
        ),
        must_change_password=row.must_change_password,
        is_live=row.revoked_at is None and at < row.expires_at and person.is_active,
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
