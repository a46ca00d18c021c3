"""Who knocks: each role once in the community that the matter belongs to, once elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm.scoping import scoped_session
from werkzeug.test import TestResponse

from app.identity.models import Consent
from app.identity.service import open_session
from app.identity.states import CURRENT_VERSIONS, Channel, Document
from app.kernel.clock import now
from app.kernel.database import db, session
from app.organisation.service import create_unit, found_district
from app.organisation.states import UnitKind
from app.people.service import create_person, grant_role
from app.people.states import PersonKind
from tests.world import SYSTEM, World

# The columns of the table in expected.py, in this order.
ROLES = (
    "anonymous",
    "resident",
    "requester",
    "member",
    "volunteer",
    "grid_worker",
    "duty",
    "dispatcher",
    "leader",
    "street_officer",
    "district_officer",
    "admin",
    "provider",
    "building_leader",
)
# Keys of people in the world; the matter is always the one of "resident" in the first community.
OWN = {
    "resident": "resident2",
    "requester": "resident",
    "member": "member",
    "volunteer": "volunteer",
    "grid_worker": "grid",
    "duty": "duty",
    "dispatcher": "dispatcher",
    "leader": "leader",
    "street_officer": "street",
    "district_officer": "district",
    "admin": "admin",
    "provider": "provider",
    "building_leader": "building",
}
# The neighbouring community; for those above communities another street, another district.
FOREIGN = {role: f"other_{key}" for role, key in OWN.items()}
PLACES = {"own": OWN, "foreign": FOREIGN}

# Key: kind of person, role, where; what the small district of all tests does not have.
_MORE: dict[str, tuple[PersonKind, str | None, str]] = {
    "tenant": (PersonKind.RESIDENT, None, "community"),
    "provider": (PersonKind.PROVIDER, "provider", "community"),
    "building": (PersonKind.RESIDENT, "building_leader", "community"),
    "other_provider": (PersonKind.PROVIDER, "provider", "other_community"),
    "other_building": (PersonKind.RESIDENT, "building_leader", "other_community"),
    "other_street": (PersonKind.STAFF, "street_officer", "far_street"),
    "other_admin": (PersonKind.STAFF, "admin", "far_street"),
    "other_district": (PersonKind.STAFF, "district_officer", "far_district"),
}
REQUEST_ID = "probe"


@dataclass
class Cast:
    """Everybody, logged in once."""

    world: World
    tokens: dict[str, str]
    client: FlaskClient

    def key(self, place: str, role: str) -> str | None:
        """The person who has that role there; None for nobody."""
        return PLACES[place].get(role)

    def send(self, key: str | None, method: str, path: str, **options: Any) -> TestResponse:
        """One request as that person; its id is always the same, so that answers compare."""
        headers = {"X-Request-Id": REQUEST_ID, **options.pop("headers", {})}
        if key is not None:
            headers["Authorization"] = f"Bearer {self.tokens[key]}"
        return self.client.open(path, method=method, headers=headers, buffered=True, **options)


def gather(world: World) -> Cast:
    """Adds to the small district who is missing, and logs everybody in; in the test's transaction."""
    world, client = replace(world, ids=dict(world.ids)), world.client
    assert client is not None
    far_street = create_unit(
        SYSTEM, kind=UnitKind.STREET, name="远处街道", parent_id=world.district.id
    )
    units = {
        "community": world.community.id,
        "other_community": world.other_community.id,
        "far_street": far_street.id,
        "far_district": found_district(SYSTEM, "另一个区").id,
    }
    for number, (key, (kind, role, unit)) in enumerate(_MORE.items()):
        person = create_person(
            SYSTEM,
            kind=kind,
            name=f"测{key}",
            phone=f"137{number:08d}",
            home_unit_id=units[unit],
        )
        world.ids[key] = person.id
        if role:
            grant_role(SYSTEM, person.id, role, units[unit])
    keys = {*OWN.values(), *FOREIGN.values()}
    _consent({world.ids[key] for key in keys})
    tokens = {
        key: open_session(SYSTEM, world.ids[key], Channel.PASSWORD).access_token
        for key in sorted(keys)
    }
    session.commit()
    world.lift_caps()
    return Cast(world, tokens, client)


def _consent(person_ids: set[int]) -> None:
    """Nobody is kept out for want of a consent."""
    document = Document.PRIVACY
    given = set(session.scalars(select(Consent.person_id).where(Consent.document == document)))
    session.add_all(
        Consent(
            person_id=person_id,
            document=document,
            version=CURRENT_VERSIONS[document],
            granted=True,
            at=now(),
        )
        for person_id in sorted(person_ids - given)
    )


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside, through whichever session, is as if it had not."""
    _leave(db.session)
    savepoint = db.engines[None].begin_nested()  # type: ignore[attr-defined]  # the test's connection
    try:
        yield
    finally:
        _leave(db.session)
        savepoint.rollback()


def _leave(current: "scoped_session[Any]") -> None:
    # A session that still holds a savepoint of its own would outlive ours.
    current.remove()
