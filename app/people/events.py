"""Events that people announces to the rooms above."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PersonLeaving:
    """A person is about to be erased; a listener may raise Conflict to refuse, unless `forced`."""

    person_id: int
    forced: bool


@dataclass(frozen=True, slots=True)
class PersonErased:
    """A person's name, phone and address are deleted; listeners delete what they hold of the person."""

    person_id: int


@dataclass(frozen=True, slots=True)
class PersonDeactivated:
    """A person may no longer act; listeners end the sessions."""

    person_id: int


@dataclass(frozen=True, slots=True)
class MembershipEnded:
    """No approved registration of a person covers the unit any more; `unit_path` None: no unit at all."""

    person_id: int
    unit_path: str | None


@dataclass(frozen=True, slots=True)
class RegistrationFiled:
    """A person reported to a unit; the unit's staff are to decide."""

    registration_id: int
    person_id: int
    unit_id: int


@dataclass(frozen=True, slots=True)
class RegistrationDecided:
    """The unit's staff approved or declined a registration."""

    registration_id: int
    person_id: int
    unit_id: int
    approved: bool


@dataclass(frozen=True, slots=True)
class RegistrationEnded:
    """A registration ended; `by_staff` is False where the person ended it."""

    registration_id: int
    person_id: int
    unit_id: int
    by_staff: bool


@dataclass(frozen=True, slots=True)
class RoleGranted:
    """A role was given by hand; roles that come with a registration are not announced."""

    person_id: int
    role_code: str
    unit_id: int


@dataclass(frozen=True, slots=True)
class RoleEnded:
    """A role that was given by hand ended: by hand, by its date, or because the person left."""

    person_id: int
    role_code: str
    unit_id: int


@dataclass(frozen=True, slots=True)
class PersonLimited:
    """A person was limited to phone and desk for `days` days."""

    limit_id: int
    person_id: int
    unit_id: int | None
    days: int


@dataclass(frozen=True, slots=True)
class LimitAppealed:
    """A limited person asks the unit above to decide about the limit."""

    limit_id: int
    person_id: int
    unit_id: int | None


@dataclass(frozen=True, slots=True)
class LimitDecided:
    """A limit was lifted, or upheld after an appeal (`lifted` is False)."""

    limit_id: int
    person_id: int
    lifted: bool


@dataclass(frozen=True, slots=True)
class OffersUnblocked:
    """A leader has talked to a member; direct offers come again."""

    person_id: int


@dataclass(frozen=True, slots=True)
class AwayReturned:
    """A person goes away (暂不接单) and gives back all orders that are not finished."""

    person_id: int


@dataclass(frozen=True, slots=True)
class PhoneVerified:
    """A person proved that a phone is his or hers; orders that were placed under it can be attached."""

    person_id: int
    phone_index: str


@dataclass(frozen=True, slots=True)
class ExportRequested:
    """A person wants a copy of the own data; each listener puts its part into `parts`."""

    person_id: int
    parts: dict[str, Any]
