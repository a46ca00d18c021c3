"""Events of log-ins and consents."""

from dataclasses import dataclass
from datetime import datetime

from app.identity.states import Document


@dataclass(frozen=True, slots=True)
class SessionStolen:
    """A refresh token was used a second time; the session was revoked, and the person is to be told."""

    person_id: int
    session_id: int
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class PasswordGiven:
    """A person got a one-time password from another person and is to be told."""

    person_id: int


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn:
    """A person withdrew a consent; the data that it covered must be deleted."""

    person_id: int
    document: Document
