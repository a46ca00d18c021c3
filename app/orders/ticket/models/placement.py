"""The data from which an order is made when it is placed."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.categories.models import Category
from app.categories.states import Urgency
from app.orders.ticket.states import ContentState, Source


@dataclass(frozen=True, slots=True)
class Contact:
    """The person to call and the address to go to, in clear; OrderContact keeps them sealed."""

    name: str | None = None
    phone: str | None = None
    address: str | None = None


def new_visit_code() -> str:
    """A random visit code (上门码): four digits that the resident shows to the visitor."""
    return f"{secrets.randbelow(10_000):04d}"


@dataclass(frozen=True, slots=True)
class Placement:
    """The one way to make an order: for residents, staff, parts, imports and the demo.

    `unit_id` and `unit_path` name the unit that acts. `requester_id` is whom the order is for,
    `placer_id` the private person who placed it for somebody else. Latitude and longitude are gcj02.
    Of an order with a `parent_id` the contact is not found by its phone.
    """

    unit_id: int
    unit_path: str
    source: Source
    urgency: Urgency = Urgency.NORMAL
    wished_urgency: Urgency | None = None
    category_id: int | None = None
    green_channel: bool = False
    sensitive: bool = False
    public_place: bool = False
    anonymous: bool = False
    people_needed: int = 1
    description: str | None = None
    task: str | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    preferred_times: Sequence[Mapping[str, str]] = ()
    photo_ids: Sequence[int] = ()
    voice_id: int | None = None
    content_state: ContentState = ContentState.PENDING
    grid_id: int | None = None
    place_id: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    requester_id: int | None = None
    placer_id: int | None = None
    contact: Contact = Contact()
    visit_code: str = field(default_factory=new_visit_code)
    parent_id: int | None = None
    imposed_due_at: datetime | None = None
    external_number: str | None = None
    external_system: str | None = None
    imported_at: datetime | None = None


def from_category(category: Category | None) -> dict[str, Any]:
    """The fields of a Placement that follow from the category alone."""
    if category is None:
        return {}
    return {
        "category_id": category.id,
        "urgency": category.urgency,
        "green_channel": category.green_channel,
        "sensitive": category.sensitive,
        "public_place": category.public_place,
        "people_needed": 2 if category.two_people else 1,
    }
