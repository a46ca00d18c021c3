"""What people announces to the rooms above."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PersonLeaving:
    """Someone is about to be erased; a listener may refuse (Conflict) unless it is forced."""

    person_id: int
    forced: bool


@dataclass(frozen=True, slots=True)
class PersonErased:
    """Name, phone and address are gone; listeners delete what they hold of the person."""

    person_id: int


@dataclass(frozen=True, slots=True)
class PersonDeactivated:
    """Someone may no longer act: sessions end."""

    person_id: int


@dataclass(frozen=True, slots=True)
class MembershipEnded:
    """A registration no longer covers the unit (None: none is left at all)."""

    person_id: int
    unit_path: str | None


@dataclass(frozen=True, slots=True)
class RegistrationFiled:
    """Someone reported to a unit; its staff decide."""

    registration_id: int
    person_id: int
    unit_id: int


@dataclass(frozen=True, slots=True)
class RegistrationDecided:
    """Staff approved or declined."""

    registration_id: int
    person_id: int
    unit_id: int
    approved: bool


@dataclass(frozen=True, slots=True)
class RegistrationEnded:
    """A registration came to its end; `by_staff` is False where the person ended it."""

    registration_id: int
    person_id: int
    unit_id: int
    by_staff: bool


@dataclass(frozen=True, slots=True)
class RoleGranted:
    """A role was given by hand (not by a registration)."""

    person_id: int
    role_code: str
    unit_id: int


@dataclass(frozen=True, slots=True)
class RoleEnded:
    """A role that was given by hand ended, by hand, by its date or by leaving."""

    person_id: int
    role_code: str
    unit_id: int


@dataclass(frozen=True, slots=True)
class PersonLimited:
    """Someone may place orders by phone and at the desk only."""

    limit_id: int
    person_id: int
    unit_id: int | None
    days: int


@dataclass(frozen=True, slots=True)
class LimitAppealed:
    """The one limited asks the unit above to look at it."""

    limit_id: int
    person_id: int
    unit_id: int | None


@dataclass(frozen=True, slots=True)
class LimitDecided:
    """A limit was lifted, or upheld on appeal."""

    limit_id: int
    person_id: int
    lifted: bool


@dataclass(frozen=True, slots=True)
class OffersUnblocked:
    """A leader has talked to the member: direct offers come again."""

    person_id: int


@dataclass(frozen=True, slots=True)
class AwayReturned:
    """Someone goes away and gives all open orders back by one tap."""

    person_id: int


@dataclass(frozen=True, slots=True)
class PhoneVerified:
    """The phone is the person's, proved; orders placed without an account can be attached."""

    person_id: int
    phone_index: str


@dataclass(frozen=True, slots=True)
class ExportRequested:
    """Someone wants a copy of the own data; each listener puts its part into `parts`."""

    person_id: int
    parts: dict[str, Any]
