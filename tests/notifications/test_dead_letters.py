"""What could not be delivered, as administrators see it."""

import pytest
import sqlalchemy as sa

from app.kernel.actor import Actor
from app.kernel.audit import AuditRow
from app.kernel.database import session
from app.notifications.jobs import deliver
from app.notifications.models import OutboxMessage
from app.notifications.states import MAX_ATTEMPTS, OutboxState
from app.people.models import Person
from tests.notifications.conftest import on_its_way, somebody, tell, told
from tests.people.conftest import Door, Town, problem


def dead_letter(person_id: int) -> int:
    """A message that was given up."""
    message_id = tell(person_id, 5)
    session.execute(
        sa.update(OutboxMessage)
        .where(OutboxMessage.id == message_id)
        .values(state=OutboxState.DEAD, attempts=MAX_ATTEMPTS, last_error="KeyError")
    )
    return message_id


def test_administrator_sees_who_and_when_but_not_what(town: Town, door: Door) -> None:
    person = somebody()
    message_id = dead_letter(person)
    tell(person, 6)
    answer = door("GET", "/messages/dead", town.holder("admin", town.district))
    assert answer.status_code == 200
    body = answer.get_json()
    assert body["next_cursor"] is None
    (item,) = body["items"]
    assert item.pop("created_at")
    assert item == {
        "id": message_id,
        "recipient_id": person,
        "moment": "tests.told",
        "subject": {"kind": "order", "id": 5},
        "urgent": False,
        "state": "dead",
        "attempts": MAX_ATTEMPTS,
        "last_error": "KeyError",
    }


def test_resent_message_arrives(town: Town, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    person = somebody()
    monkeypatch.setattr("app.notifications.service.audit_unit_of", {person: town.a.id}.get)
    message_id = dead_letter(person)
    admin = town.holder("admin", town.district)
    answer = door("POST", f"/messages/{message_id}/resend", admin)
    assert answer.status_code == 200
    assert (answer.get_json()["state"], answer.get_json()["attempts"]) == ("queued", 0)
    deliver()
    assert told(person) == ["第5号"]
    row = session.scalars(sa.select(AuditRow).where(AuditRow.action == "message.resent")).one()
    assert (row.actor_id, row.subject_id, row.unit_id) == (admin.person_id, message_id, town.a.id)
    again = door("POST", f"/messages/{message_id}/resend", admin)
    assert problem(again) == (409, "message.not_dead")
    missing = door("POST", f"/messages/{message_id + 1000}/resend", admin)
    assert problem(missing) == (404, "not_found")


def test_nobody_else_sees_or_resends(town: Town, door: Door) -> None:
    message_id = dead_letter(somebody())
    others: list[Actor | Person] = [
        town.person(),
        town.holder("admin", town.a),
        town.holder("leader", town.district),
    ]
    for other in others:
        assert problem(door("GET", "/messages/dead", other)) == (403, "message.not_allowed")
        answers = [door("POST", f"/messages/{n}/resend", other) for n in (message_id, 10**6)]
        assert [problem(a) for a in answers] == [(403, "message.not_allowed")] * 2
    row = on_its_way(message_id)
    assert row is not None
    assert row.state is OutboxState.DEAD
