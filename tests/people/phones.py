"""Whose phone it is, as the database knows it."""

from sqlalchemy import select

from app.kernel.crypto import blind_index
from app.kernel.database import session
from app.people.models import PersonDetail


def owners_of(phone: str) -> list[int]:
    """The ids of all who left this phone, oldest first."""
    rows = select(PersonDetail.person_id).where(PersonDetail.phone_index == blind_index(phone))
    return list(session.scalars(rows.order_by(PersonDetail.person_id)))
