"""The part of this room in a person's copy of the own data."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.kernel.clock import to_local
from app.kernel.database import session
from app.people.models import PersonDetail, PersonLimit, Registration, RoleGrant
from app.people.queries.persons import get_person, message_window_of
from app.people.queries.registrations import registrations_of


def export_of(person_id: int) -> dict[str, Any]:
    """Returns all that this room keeps of the person, in clear and ready for JSON.

    Times are ISO texts in local time. Raises NotFound `not_found`.
    """
    person = get_person(person_id)
    detail = session.get(PersonDetail, person_id)
    limits = session.scalars(
        select(PersonLimit).where(PersonLimit.person_id == person_id).order_by(PersonLimit.id)
    )
    grants = session.scalars(
        select(RoleGrant).where(RoleGrant.person_id == person_id).order_by(RoleGrant.id)
    )
    return {
        "id": person.id,
        "kind": person.kind.value,
        "name": detail.opened("name") if detail else "",
        "phone": detail.opened("phone") if detail else "",
        "address": detail.opened("address") if detail else "",
        "green_reasons": [reason.value for reason in detail.opened_green()] if detail else [],
        "green_consent": detail.opened("green_consent") if detail else "",
        "home_unit_id": person.home_unit_id,
        "home_place_id": person.home_place_id,
        "skills": person.skills,
        "vetted": person.vetted,
        "away_until": _text(person.away_until),
        "offers_blocked_at": _text(person.offers_blocked_at),
        "desk_only_until": _text(person.desk_only_until),
        "message_window": message_window_of(person),
        "created_at": _text(person.created_at),
        "registrations": [_exported(r) for r in registrations_of(person_id)],
        "roles": [
            {
                "role": grant.role_code,
                "unit_id": grant.unit_id,
                "since": _text(grant.since),
                "until": _text(grant.until),
            }
            for grant in grants
        ],
        "limits": [
            {
                "since": _text(limit.since),
                "until": _text(limit.until),
                "state": limit.state.value,
                "reason": limit.opened_reason,
                "appeal": limit.opened_appeal,
                "answer": limit.opened_answer,
            }
            for limit in limits
        ],
    }


def _exported(registration: Registration) -> dict[str, Any]:
    return {
        "unit_id": registration.unit_id,
        "kind": registration.kind.value,
        "status": registration.status.value,
        "skills": registration.skills,
        "employer": registration.opened_employer or "",
        "availability": registration.availability,
        "reason": registration.reason,
        "created_at": _text(registration.created_at),
        "decided_at": _text(registration.decided_at),
        "ended_at": _text(registration.ended_at),
    }


def _text(moment: datetime | None) -> str | None:
    return to_local(moment).isoformat(timespec="seconds") if moment else None
