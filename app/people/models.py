"""Tables of people with their encrypted details, registrations, roles, grants and limits."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.crypto import blind_index, mask_name, mask_phone, seal, unseal
from app.kernel.database import Id, Model, Ref
from app.kernel.errors import Conflict
from app.kernel.permissions import permissions_of
from app.organisation.models import Unit
from app.people.states import (
    ERASED_NAME,
    NAMELESS,
    OPEN_REGISTRATIONS,
    TRANSITIONS,
    GreenReason,
    LimitState,
    PersonKind,
    PersonStatus,
    RegistrationAction,
    RegistrationKind,
    RegistrationStatus,
)


class Person(Model):
    """A person; name, phone and address are in PersonDetail, so this row does not identify anybody.

    `desk_only_until`: until then the person orders by phone or at the desk only.
    `offers_blocked_at`: since then the member gets no direct offers.
    """

    __tablename__ = "people"

    id: Mapped[Id]
    kind: Mapped[PersonKind]
    status: Mapped[PersonStatus] = mapped_column(default=PersonStatus.ACTIVE)
    home_place_id: Mapped[Ref | None] = mapped_column(ForeignKey("places.id"), index=True)
    home_unit_id: Mapped[Ref | None] = mapped_column(ForeignKey("units.id"), index=True)
    skills: Mapped[list[str]] = mapped_column(default=list)
    vetted: Mapped[bool] = mapped_column(default=False)
    green: Mapped[bool] = mapped_column(default=False)
    away_until: Mapped[datetime | None]
    offers_blocked_at: Mapped[datetime | None]
    desk_only_until: Mapped[datetime | None]
    message_window: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    detail: Mapped["PersonDetail | None"] = relationship(viewonly=True)
    home_unit: Mapped[Unit | None] = relationship(viewonly=True)

    @property
    def is_active(self) -> bool:
        """Whether the person may act at all."""
        return self.status is PersonStatus.ACTIVE

    @property
    def full_name(self) -> str:
        """The name in clear; 已注销 for an erased person, 未留姓名 for one who left no name."""
        if self.status is PersonStatus.ERASED or self.detail is None:
            return ERASED_NAME
        return self.detail.opened("name") or NAMELESS

    @property
    def masked_name(self) -> str:
        """The name with stars: 王小明 → 王**; 已注销 and 未留姓名 stay as they are."""
        name = self.full_name
        return name if name in (ERASED_NAME, NAMELESS) else mask_name(name)

    @property
    def masked_phone(self) -> str | None:
        """The phone with stars: 13812345678 → 138****5678; None where there is none."""
        phone = self.detail.opened("phone") if self.detail else ""
        return mask_phone(phone) if phone else None

    @property
    def has_address(self) -> bool:
        """Whether an address is kept."""
        return self.detail is not None and self.detail.address is not None

    def is_away(self, at: datetime) -> bool:
        """Returns whether the person takes no orders at that moment (暂不接单)."""
        return self.away_until is not None and at < self.away_until

    def is_desk_only(self, at: datetime) -> bool:
        """Returns whether the person is limited to phone and desk at that moment."""
        return self.desk_only_until is not None and at < self.desk_only_until

    def forget(self) -> None:
        """Marks the person as erased and resets every column but `id` and `created_at`; `version` rises.

        Old orders keep pointing to the row. The caller deletes the details.
        """
        self.status = PersonStatus.ERASED
        self.kind = PersonKind.RESIDENT
        self.home_place_id = None
        self.home_unit_id = None
        self.skills = []
        self.vetted = False
        self.green = False
        self.away_until = None
        self.offers_blocked_at = None
        self.desk_only_until = None
        self.message_window = None
        self.version += 1


class PersonDetail(Model):
    """A person's encrypted fields; erasure deletes the row.

    They are name, phone, address, and the reasons and the consent for the green channel. An
    encrypted value opens only in its own column and for its own person. `phone_index` is a keyed
    hash by which the phone is found.
    """

    __tablename__ = "person_details"

    person_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"), primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    # Families share phones, so the index is not unique.
    phone_index: Mapped[str | None] = mapped_column(index=True)
    phone_verified_at: Mapped[datetime | None]
    address: Mapped[str | None] = mapped_column(Text)
    green_reasons: Mapped[str | None] = mapped_column(Text)
    green_consent: Mapped[str | None] = mapped_column(Text)

    def opened(self, field: str) -> str:
        """Returns one field in clear; "" where nothing is kept."""
        return opened(self.person_id, field, getattr(self, field))

    def put(self, field: str, plain: str | None) -> None:
        """Encrypts a value and keeps it in the field; None or "" empties the field."""
        context = _context(self.person_id, field)
        setattr(self, field, seal(plain, context) if plain else None)

    def put_phone(self, phone: str | None, verified_at: datetime | None = None) -> None:
        """Keeps a phone (bare digits, see `normalise_phone`), its index, and when it was verified."""
        self.put("phone", phone)
        self.phone_index = blind_index(phone) if phone else None
        self.phone_verified_at = verified_at

    def opened_green(self) -> list[GreenReason]:
        """Returns the reasons why the person's orders go first; [] where there are none."""
        return [GreenReason(code) for code in self.opened("green_reasons").split(",") if code]


def opened(person_id: int, field: str, sealed: str | None) -> str:
    """Returns one field of a PersonDetail in clear; "" where `sealed` is None."""
    return unseal(sealed, _context(person_id, field)) if sealed else ""


def _context(person_id: int, field: str) -> str:
    return f"person_details.{field}:{person_id}"


class Registration(Model):
    """报到: a member or volunteer offers help to a unit, whose staff approve or decline it.

    `availability` are the free hours by weekday (see `hours.free_hours`); `employer` is encrypted.
    """

    __tablename__ = "registrations"
    __table_args__ = (
        Index(
            "uq_registrations_open",
            "person_id",
            "unit_id",
            "kind",
            unique=True,
            postgresql_where=text("status IN ('pending', 'approved')"),
            sqlite_where=text("status IN ('pending', 'approved')"),
        ),
        Index("ix_registrations_unit_status", "unit_id", "status"),
    )

    id: Mapped[Id]
    person_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"), index=True)
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("units.id"))
    kind: Mapped[RegistrationKind]
    as_volunteer: Mapped[bool] = mapped_column(default=False)
    skills: Mapped[list[str]] = mapped_column(default=list)
    employer: Mapped[str | None] = mapped_column(Text)
    availability: Mapped[dict[str, Any]] = mapped_column(default=dict)
    status: Mapped[RegistrationStatus] = mapped_column(default=RegistrationStatus.PENDING)
    reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    decided_by: Mapped[Ref | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None]
    ended_by: Mapped[Ref | None] = mapped_column(ForeignKey("people.id"))
    ended_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(foreign_keys=[person_id], viewonly=True)
    unit: Mapped[Unit] = relationship(viewonly=True)

    @property
    def is_open(self) -> bool:
        """Whether the registration is pending or approved."""
        return self.status in OPEN_REGISTRATIONS

    @property
    def opened_employer(self) -> str | None:
        """The employer in clear, for the person and the unit's staff; None where there is none."""
        return unseal(self.employer, self._employer_context) if self.employer else None

    def put_employer(self, employer: str | None) -> None:
        """Encrypts the employer and keeps it; the row must have its id."""
        self.employer = seal(employer, self._employer_context) if employer else None

    def decide(self, action: RegistrationAction, by: int | None, at: datetime, reason: str) -> None:
        """Approves or declines a pending registration.

        Raises Conflict `registration.already_decided` in every other state.
        """
        target = TRANSITIONS.get((self.status, action))
        if target is None:
            raise Conflict("registration.already_decided", "这份报到已经处理过了，请刷新后查看。")
        self.status = target
        self.reason = reason
        self.decided_by = by
        self.decided_at = at

    def end(self, by: int | None, at: datetime, reason: str) -> None:
        """Ends an open registration; a pending one is withdrawn by this.

        Raises Conflict `registration.already_ended` where it is declined or ended.
        """
        target = TRANSITIONS.get((self.status, RegistrationAction.END))
        if target is None:
            raise Conflict("registration.already_ended", "这份报到已经结束了。")
        self.status = target
        self.reason = reason
        self.ended_by = by
        self.ended_at = at

    def forget(self) -> None:
        """Empties employer, free hours, skills and reason when the person is erased; the row stays."""
        self.employer = None
        self.availability = {}
        self.skills = []
        self.reason = ""

    @property
    def _employer_context(self) -> str:
        return f"registrations.employer:{self.id}"


class Role(Model):
    """A role by its code and Chinese name; the rows follow `roles.ROLES`."""

    __tablename__ = "roles"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]

    @property
    def permissions(self) -> list[str]:
        """The names of the permissions that the rooms declare for this role, in alphabetical order."""
        return sorted(permissions_of(self.code))


class RoleGrant(Model):
    """A role of a person over a unit's subtree, from `since` until `until` (excluded; None: no end).

    `registration_id` is set where an approved registration gave the role. `ended_at` is set when
    the program has processed the end, which may be later than `until`.
    """

    __tablename__ = "role_grants"
    __table_args__ = (
        Index(
            "uq_role_grants_by_hand",
            "person_id",
            "role_code",
            "unit_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL AND registration_id IS NULL"),
            sqlite_where=text("ended_at IS NULL AND registration_id IS NULL"),
        ),
        Index(
            "uq_role_grants_registration",
            "registration_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL AND registration_id IS NOT NULL"),
            sqlite_where=text("ended_at IS NULL AND registration_id IS NOT NULL"),
        ),
        Index(
            "ix_role_grants_expiring",
            "until",
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        Index("ix_role_grants_unit_role", "unit_id", "role_code"),
    )

    id: Mapped[Id]
    person_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"), index=True)
    role_code: Mapped[str] = mapped_column(ForeignKey("roles.code"))
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("units.id"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    registration_id: Mapped[Ref | None] = mapped_column(ForeignKey("registrations.id"))
    granted_by: Mapped[Ref | None] = mapped_column(ForeignKey("people.id"))
    ended_by: Mapped[Ref | None] = mapped_column(ForeignKey("people.id"))
    ended_at: Mapped[datetime | None]

    role: Mapped[Role] = relationship(viewonly=True)
    unit: Mapped[Unit] = relationship(viewonly=True)

    def end(self, by: int | None, at: datetime) -> None:
        """Ends the grant at `at`; an earlier `until` stays."""
        self.until = at if self.until is None else min(self.until, at)
        self.ended_by = by
        self.ended_at = at


class PersonLimit(Model):
    """限制线上下单: for some days the person orders by phone and at the desk only.

    Reason, appeal and answer are encrypted.
    """

    __tablename__ = "person_limits"

    id: Mapped[Id]
    person_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"), index=True)
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("units.id"), index=True)
    days: Mapped[int]
    state: Mapped[LimitState] = mapped_column(default=LimitState.IN_FORCE)
    since: Mapped[datetime]
    until: Mapped[datetime]
    limited_by: Mapped[Ref | None] = mapped_column(ForeignKey("people.id"))
    decided_by: Mapped[Ref | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)
    appeal: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)

    unit: Mapped[Unit] = relationship(viewonly=True)

    @property
    def opened_reason(self) -> str:
        """The reason of the limit in clear."""
        return self._opened("reason")

    @property
    def opened_appeal(self) -> str:
        """The person's appeal in clear; "" where there is none."""
        return self._opened("appeal")

    @property
    def opened_answer(self) -> str:
        """The words of the decision in clear; "" where there is none."""
        return self._opened("answer")

    def is_in_force(self, at: datetime) -> bool:
        """Returns whether the limit holds at that moment."""
        return self.state is not LimitState.LIFTED and at < self.until

    def put(self, field: str, plain: str) -> None:
        """Encrypts a text and keeps it as `reason`, `appeal` or `answer`; the row must have its id."""
        setattr(self, field, seal(plain, f"person_limits.{field}:{self.id}") if plain else None)

    def forget(self) -> None:
        """Empties reason, appeal and answer when the person is erased; the row stays."""
        self.reason = self.appeal = self.answer = None

    def _opened(self, field: str) -> str:
        sealed: str | None = getattr(self, field)
        return unseal(sealed, f"person_limits.{field}:{self.id}") if sealed else ""
