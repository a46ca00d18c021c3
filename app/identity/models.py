"""Tables of sessions, tokens, accounts, one-time codes, WeChat accounts and consents."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.identity.states import (
    CURRENT_VERSIONS,
    DOCUMENT_TITLES,
    NEEDED_BY_ALL,
    Channel,
    Document,
    RevokedFor,
    TokenKind,
)
from app.kernel.database import Id, Model, Ref


class LoginSession(Model):
    """One log-in on one device."""

    __tablename__ = "login_sessions"

    id: Mapped[Id]
    person_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"), index=True)
    channel: Mapped[Channel]
    device: Mapped[str]
    must_change_password: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    refreshed_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_for: Mapped[RevokedFor | None]

    def revoke(self, reason: RevokedFor, at: datetime) -> None:
        """Ends the session; where it is ended already, its first reason stays."""
        if self.revoked_at is None:
            self.revoked_at, self.revoked_for = at, reason


class Token(Model):
    """A random token, of which only the hash is kept.

    `rotated_at` is set once the token was used for a new pair. Such a token stays until it expires:
    if it is used again, it was stolen.
    """

    __tablename__ = "tokens"

    hash: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[Ref] = mapped_column(
        ForeignKey("login_sessions.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[TokenKind]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    rotated_at: Mapped[datetime | None]


class Account(Model):
    """A user name and a password of a person."""

    __tablename__ = "accounts"

    person_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"), primary_key=True)
    username: Mapped[str]
    username_key: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    must_change_password: Mapped[bool]
    # A one-time password, which another person has seen, is valid until this moment only.
    one_time_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    password_changed_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]
    # Failures up to this id are not counted: a log-in succeeded later, or the account was unlocked.
    forgiven_failure_id: Mapped[int] = mapped_column(default=0)


class LoginFailure(Model):
    """A wrong password or code, also for user names that do not exist; rows are added, never changed."""

    __tablename__ = "login_failures"
    __table_args__ = (
        Index("ix_login_failures_account_key", "account_key", "id"),
        Index("ix_login_failures_address", "address", "at"),
    )

    id: Mapped[Id]
    # A keyed hash of the user name, because people sometimes type the password into that field.
    account_key: Mapped[str]
    address: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)


class TotpSecret(Model):
    """The encrypted secret of a person's code generator; it is in force once `confirmed_at` is set."""

    __tablename__ = "totp_secrets"

    person_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"), primary_key=True)
    secret: Mapped[str]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    # The interval of the last accepted code: neither this code nor an older one is accepted again.
    last_counter: Mapped[int] = mapped_column(default=0)


class RecoveryCode(Model):
    """A code for the case that the phone is lost; only its hash is kept, and it works once."""

    __tablename__ = "recovery_codes"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"), index=True)
    used_at: Mapped[datetime | None]


class WechatAccount(Model):
    """A person's identity in one mini-program or official account; `openid` is encrypted."""

    __tablename__ = "wechat_accounts"

    appid: Mapped[str] = mapped_column(primary_key=True)
    openid_index: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"), index=True)
    openid: Mapped[str]
    unionid_index: Mapped[str | None] = mapped_column(index=True)
    created_at: Mapped[datetime]


class Consent(Model):
    """One yes or no of a person to one version of a document.

    Rows are added, never changed; the last one for a document counts.
    """

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_person_id", "person_id", "document", "id"),)

    id: Mapped[Id]
    person_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"))
    document: Mapped[Document]
    version: Mapped[int]
    granted: Mapped[bool]
    at: Mapped[datetime]

    @property
    def title(self) -> str:
        """The document's Chinese name."""
        return DOCUMENT_TITLES[self.document]

    @property
    def current_version(self) -> int:
        """The version of the document that is in force today."""
        return CURRENT_VERSIONS[self.document]

    @property
    def needed(self) -> bool:
        """Whether every person must agree to the document."""
        return self.document in NEEDED_BY_ALL
