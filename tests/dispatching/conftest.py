"""What the tests of this room share: members with homes, skills and hours, and shorter ways to ask."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.kernel.database import session
from app.organisation.geometry import CoordinateSystem
from app.organisation.models import Unit
from app.organisation.service import Position, create_place
from app.organisation.states import PlaceKind
from app.people.models import Person, Registration
from tests.world import SOUTH, STEP, SYSTEM, WEST, World

# A Wednesday at noon.
WEDNESDAY = "2026-12-02T12:00:00+08:00"
METRES = 1 / 111_195


@pytest.fixture
def change(world: World) -> Callable[..., None]:
    """Changes a person's row."""

    def apply(who: str, **values: Any) -> None:
        person = session.get_one(Person, world.ids[who])
        for name, value in values.items():
            setattr(person, name, value)
        session.commit()

    return apply


@pytest.fixture
def house(world: World) -> Callable[[str, int], int]:
    """A building so many metres north of the middle of the first grid, as somebody's home."""

    def build(who: str, metres: int) -> int:
        spot = Position(SOUTH + STEP / 2 + metres * METRES, WEST + STEP / 2, CoordinateSystem.GCJ02)
        place = create_place(
            SYSTEM,
            kind=PlaceKind.BUILDING,
            name=f"{who}的楼",
            parent_id=world.place.parent_id,
            position=spot,
        )
        person = session.get_one(Person, world.ids[who])
        person.home_place_id = place.id
        session.commit()
        return place.id

    return build


@pytest.fixture
def hours(world: World) -> Callable[..., None]:
    """Gives somebody's registration free hours: `hours("member", wed=[["18:00", "21:00"]])`."""

    def give(who: str, **days: list[list[str]]) -> None:
        found = select(Registration).where(Registration.person_id == world.ids[who])
        for registration in session.scalars(found):
            registration.availability = days
        session.commit()

    return give


def path_of(unit_id: int) -> str:
    """A unit's path."""
    return session.get_one(Unit, unit_id).path


def span(day: int, since: int, until: int) -> dict[str, str]:
    """A span of December 2026 in local hours."""
    return {
        "since": f"2026-12-{day:02d}T{since:02d}:00:00+08:00",
        "until": f"2026-12-{day:02d}T{until:02d}:00:00+08:00",
    }
