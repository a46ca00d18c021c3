"""Sessions: opening, renewing and closing them; a stolen session is revoked as a whole."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from app.identity import queries
from app.identity.events import SessionStolen
from app.identity.models import LoginSession, Token
from app.identity.queries import Profile
from app.identity.states import (
    ACCESS_LIFE,
    REFRESH_GRACE,
    REFRESH_LIFE,
    RENEWALS_BY_ADDRESS,
    SESSION_LIFE,
    TICKET_LIFE,
    Channel,
    RevokedFor,
    TokenKind,
)
from app.kernel import limits
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.crypto import hash_token, random_token
from app.kernel.database import lock, session
from app.kernel.errors import Forbidden, Unauthenticated
from app.kernel.events import announce
from app.people.queries import get_person

_LONGEST_DEVICE = 200


@dataclass(frozen=True, slots=True)
class Issued:
    """A new pair of tokens in clear, the end of the access token, and the profile of the person."""

    access_token: str
    expires_at: datetime
    refresh_token: str
    person: Profile


def open_session(
    actor: Actor,
    person_id: int,
    channel: Channel,
    *,
    device: str = "",
    must_change_password: bool = False,
) -> Issued:
    """Opens a session for a person whose identity is proved, and returns its tokens.

    Raises Forbidden `person.inactive`, NotFound `not_found`.
    """
    if not get_person(person_id).is_active:
        raise Forbidden("person.inactive", "您的账号已停用，如有疑问请联系社区。")
    moment = now()
    login = LoginSession(
        person_id=person_id,
        channel=channel,
        device=device[:_LONGEST_DEVICE],
        must_change_password=must_change_password,
        created_at=moment,
        refreshed_at=moment,
    )
    session.add(login)
    session.flush()
    return _issue(login, moment)


def refresh_session(actor: Actor, refresh_token: str, *, address: str = "") -> Issued | None:
    """Uses a refresh token up and returns a new pair of tokens.

    For 60 seconds the same refresh token gives another pair, since the first answer may have been
    lost. A later use means that somebody has stolen the token: the session is revoked and None is
    returned, so that the caller refuses without rolling that back.

    Raises Unauthenticated `session.expired` for a token that is unknown, expired or revoked,
    TooMany `rate.exceeded`.
    """
    limits.hit(f"refresh:{address}", limit=RENEWALS_BY_ADDRESS, seconds=60)
    moment = now()
    login = _lock_session_of(refresh_token, TokenKind.REFRESH)
    token = session.get_one(Token, hash_token(refresh_token), populate_existing=True)
    if login.revoked_at is not None or moment >= token.expires_at:
        raise _expired()
    if not get_person(login.person_id).is_active:
        raise _expired()
    if token.rotated_at is not None and moment > token.rotated_at + REFRESH_GRACE:
        login.revoke(RevokedFor.STOLEN, moment)
        session.flush()
        announce(SessionStolen(login.person_id, login.id, moment))
        return None
    if token.rotated_at is None:
        _rotate(login.id, moment)
    login.refreshed_at = moment
    return _issue(login, moment)


def close_session(actor: Actor, session_id: int) -> None:
    """Ends one of the actor's own sessions; its tokens are invalid at once.

    Raises NotFound `not_found`.
    """
    login = queries.get_visible_session(actor, session_id)
    session.refresh(login, with_for_update=True)
    login.revoke(RevokedFor.LOGGED_OUT, now())
    session.flush()


def revoke_sessions(
    actor: Actor, person_id: int, reason: RevokedFor, *, but: int | None = None
) -> None:
    """Ends all sessions of a person but the session `but`."""
    statement = update(LoginSession).where(
        LoginSession.person_id == person_id, LoginSession.revoked_at.is_(None)
    )
    if but is not None:
        statement = statement.where(LoginSession.id != but)
    session.execute(statement.values(revoked_at=now(), revoked_for=reason))


def give_ticket(actor: Actor, session_id: int) -> str:
    """Returns a ticket that opens the phone pages for the same person, once and within 60 seconds.

    Raises NotFound `not_found` for a session that is not the actor's own.
    """
    login = queries.get_visible_session(actor, session_id)
    return _mint(login.id, TokenKind.TICKET, now() + TICKET_LIFE)


def redeem_ticket(actor: Actor, ticket: str, *, device: str = "") -> Issued:
    """Opens a session for the person of a ticket and returns its tokens.

    Raises Unauthenticated `session.ticket_invalid`, Forbidden `person.inactive`.
    """
    refused = Unauthenticated("session.ticket_invalid", "链接已失效，请从小程序重新打开。")
    try:
        login = _lock_session_of(ticket, TokenKind.TICKET)
    except Unauthenticated as unknown:
        raise refused from unknown
    token = session.get_one(Token, hash_token(ticket), populate_existing=True)
    if login.revoked_at is not None or token.rotated_at is not None or now() >= token.expires_at:
        raise refused
    token.rotated_at = now()
    return open_session(
        actor,
        login.person_id,
        Channel.H5,
        device=device,
        must_change_password=login.must_change_password,
    )


def forget_dead_sessions(actor: Actor, limit: int) -> int:
    """Deletes expired tokens and sessions without tokens, at most `limit` of each; returns how many rows.

    Of the sessions, those that were last renewed more than 180 days ago are deleted.
    """
    tokens = select(Token.hash).where(Token.expires_at < now()).limit(limit)
    gone = list(session.scalars(tokens))
    session.execute(delete(Token).where(Token.hash.in_(gone)))
    empty = (
        select(LoginSession.id)
        .where(
            LoginSession.refreshed_at < now() - SESSION_LIFE,
            ~select(Token.hash).where(Token.session_id == LoginSession.id).exists(),
        )
        .limit(limit)
    )
    ended = list(session.scalars(empty))
    session.execute(delete(LoginSession).where(LoginSession.id.in_(ended)))
    return len(gone) + len(ended)


def _lock_session_of(token: str, kind: TokenKind) -> LoginSession:
    statement = (
        select(LoginSession)
        .join(Token, Token.session_id == LoginSession.id)
        .where(Token.hash == hash_token(token), Token.kind == kind)
    )
    login = session.scalars(lock(statement).with_for_update(of=LoginSession)).one_or_none()
    if login is None:
        raise _expired()
    return login


def _rotate(session_id: int, moment: datetime) -> None:
    # All refresh tokens of the session are marked as used: a second pair, given because an answer was
    # lost, could otherwise go on working for a thief.
    session.execute(
        update(Token)
        .where(
            Token.session_id == session_id,
            Token.kind == TokenKind.REFRESH,
            Token.rotated_at.is_(None),
        )
        .values(rotated_at=moment)
    )


def _issue(login: LoginSession, moment: datetime) -> Issued:
    last = login.created_at + SESSION_LIFE
    expires_at = min(moment + ACCESS_LIFE, last)
    return Issued(
        access_token=_mint(login.id, TokenKind.ACCESS, expires_at),
        expires_at=expires_at,
        refresh_token=_mint(login.id, TokenKind.REFRESH, min(moment + REFRESH_LIFE, last)),
        person=queries.profile(login.person_id, login),
    )


def _mint(session_id: int, kind: TokenKind, expires_at: datetime) -> str:
    token = random_token()
    session.execute(
        insert(Token)
        .values(hash=hash_token(token), session_id=session_id, kind=kind, expires_at=expires_at)
        .inline()
    )
    return token


def _expired() -> Unauthenticated:
    return Unauthenticated("session.expired", "登录已过期，请重新登录。")
