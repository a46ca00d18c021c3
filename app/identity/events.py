"""What happened to log-ins and consents."""

from dataclasses import dataclass
from datetime import datetime

from app.identity.states import Document


@dataclass(frozen=True, slots=True)
class SessionStolen:
    """A refresh token was used a second time: the session is revoked, its person is to be told."""

    person_id: int
    session_id: int
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class PasswordGiven:
    """Somebody else has set a one-time password for a person, who is to be told."""

    person_id: int


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn:
    """A person took a consent back; the data it covered must go."""

    person_id: int
    document: Document
