"""An administrator logs out a unit's people: those whom he or she could administer one by one."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.identity.models import LoginSession
from app.identity.queries import check_editor, check_stand_in
from app.kernel.actor import Actor
from app.kernel.audit import AuditRow
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.kernel.errors import Refusal
from app.people import service as people
from app.people.queries import grants_of
from tests.identity.conftest import SYSTEM, Entered, Headers, Hire, Town

REASON = {"reason": "电脑丢失"}


def end(client: FlaskClient, unit_id: int, headers: Headers) -> tuple[int, object]:
    """Status, and how many people and sessions or the code of the refusal."""
    path = f"/api/v1/units/{unit_id}/sessions/end"
    answer = client.post(path, json=REASON, headers=headers)
    body = answer.get_json()
    return answer.status_code, body.get("code") or (body["people"], body["sessions"])


def open_of(person_id: int) -> int:
    """How many sessions the person still has."""
    mine = (LoginSession.person_id == person_id, LoginSession.revoked_at.is_(None))
    return session.scalar(select(func.count()).where(*mine)) or 0


@pytest.fixture
def staff(town: Town, hire: Hire) -> dict[str, int]:
    """The administrator of a street, and people who stand in every relation to it."""
    found = {
        "admin": hire(role="admin").id,
        "plain": hire().id,
        "second admin": hire(role="admin").id,
        "elsewhere": hire(unit_id=town.other_street).id,
        "leader": hire(role="leader").id,
        "above": hire(role="district_officer", unit_id=town.district).id,
    }
    for name, role, unit_id, years in (
        ("both", "admin", town.other_street, 0),
        ("later", "leader", town.street, 1),
    ):
        found[name] = hire().id
        since = now() + timedelta(days=365 * years)
        with transaction():
            people.grant_role(SYSTEM, found[name], role, unit_id, since=since)
    return found


def test_a_units_people_are_logged_out(
    client: FlaskClient, town: Town, staff: dict[str, int], entered: Entered
) -> None:
    tokens = {name: entered(person_id) for name, person_id in staff.items()}
    entered(staff["plain"])
    assert end(client, town.street, tokens["admin"]) == (200, (2, 3))
    assert client.get("/api/v1/me", headers=tokens["plain"]).status_code == 401
    left = {name for name, person_id in staff.items() if open_of(person_id)}
    assert left == staff.keys() - {"plain", "second admin"}
    row = session.scalars(select(AuditRow).where(AuditRow.action == "unit.sessions_ended")).one()
    assert (row.actor_id, row.subject_id, row.reason) == (staff["admin"], town.street, "电脑丢失")
    assert end(client, town.street, tokens["admin"]) == (200, (0, 0))


def test_they_are_those_of_the_rules_for_one_person(
    client: FlaskClient, town: Town, staff: dict[str, int], entered: Entered
) -> None:
    """Person by person the answer is that of the two checks for resetting a password."""
    actor = Actor(staff["admin"], "", grants_of(staff["admin"], now()))
    headers = entered(staff["admin"])
    for person_id in staff.values():
        entered(person_id)
    end(client, town.street, headers)
    for name, person_id in staff.items():
        try:
            check_editor(actor, person_id)
            check_stand_in(actor, person_id)
            may = name != "admin"
        except Refusal:
            may = False
        assert (open_of(person_id) == 0) is may, name


@pytest.mark.parametrize("name", ["leader", "plain", "above"])
def test_others_may_not(
    client: FlaskClient, town: Town, staff: dict[str, int], entered: Entered, name: str
) -> None:
    refused = (403, "account.may_not_edit")
    assert end(client, town.street, entered(staff[name])) == refused


def test_only_in_the_own_units(
    client: FlaskClient, town: Town, staff: dict[str, int], entered: Entered
) -> None:
    headers = entered(staff["admin"])
    for unit_id, refused in (
        (town.district, (403, "account.may_not_edit")),
        (town.other_street, (403, "account.may_not_edit")),
        (999_999, (404, "not_found")),
    ):
        assert end(client, unit_id, headers) == refused
