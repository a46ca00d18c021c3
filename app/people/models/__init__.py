"""Tables of the room: people with what belongs to them, and consents."""

from app.people.models.consents import Consent
from app.people.models.persons import (
    Person,
    PersonDetail,
    PersonLimit,
    Registration,
    Role,
    RoleGrant,
    UnitRole,
    opened,
)

__all__ = [
    "Consent",
    "Person",
    "PersonDetail",
    "PersonLimit",
    "Registration",
    "Role",
    "RoleGrant",
    "UnitRole",
    "opened",
]
