"""Reads of sessions: the token check of each request, and the actor's own open sessions."""

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

# It runs on every request. So it is built once, and also reads the person, the grants and the stamps
# that most requests need.
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
    """The session and the person of an access token.

    `is_live` is False where the token has expired, the session was revoked, or the person is
    inactive.
    """

    session_id: int
    actor: Actor
    must_change_password: bool
    is_live: bool


def check_access_token(token: str, at: datetime) -> CheckedToken | None:
    """Reads session, person, grants and stamps of an access token by one statement.

    Returns None for a token that does not exist.
    """
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
    """Returns a statement for the actor's own open sessions: not revoked, with a valid refresh token."""
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
    """Returns one of the actor's own open sessions; raises NotFound `not_found`."""
    found = session.scalars(
        sessions_visible_to(actor).where(LoginSession.id == session_id)
    ).one_or_none()
    if found is None:
        raise not_found()
    return found


def page_of_sessions(actor: Actor, *, cursor: str | None, limit: int) -> Page[LoginSession]:
    """Returns a page of the actor's own open sessions, newest first; raises Invalid `cursor.invalid`."""
    keys = [Key(LoginSession.id, desc=True)]
    return paginate(sessions_visible_to(actor), keys, cursor=cursor, limit=limit)
