"""What could not be delivered, as administrators see it."""

import pytest
import sqlalchemy as sa

from app.kernel.actor import Actor
from app.kernel.audit import AuditRow
from app.kernel.database import session
from app.kernel.slots import MAX_ATTEMPTS as MOST_FAILURES
from app.kernel.slots import due_slots, fail_slot, run_slot, take_slot
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
    answer = door("GET", "/messages", town.holder("admin", town.district))
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


def test_messages_are_listed_by_state(town: Town, door: Door) -> None:
    """What was given up where nobody says which; an unknown state is refused."""
    person = somebody()
    sent = tell(person, 1)
    deliver()
    dead, queued, late = dead_letter(person), tell(person, 2), tell(person, 3)
    admin = town.holder("admin", town.district)

    def listed(query: str) -> list[int]:
        answer = door("GET", f"/messages{query}", admin)
        assert answer.status_code == 200
        return [item["id"] for item in answer.get_json()["items"]]

    assert listed("") == listed("?state=dead") == [dead]
    assert listed("?state=queued") == [late, queued]
    assert listed("?state=sending") == []
    assert listed("?state=sent") == [sent]
    assert problem(door("GET", "/messages?state=lost", admin)) == (422, "body.invalid")


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
        assert problem(door("GET", "/messages", other)) == (403, "message.not_allowed")
        answers = [door("POST", f"/messages/{n}/resend", other) for n in (message_id, 10**6)]
        assert [problem(a) for a in answers] == [(403, "message.not_allowed")] * 2
    row = on_its_way(message_id)
    assert row is not None
    assert row.state is OutboxState.DEAD


def dead_slot(slot: str = "2026-W47") -> str:
    """One that was given up; the path to send it again."""
    for _ in range(MOST_FAILURES):
        fail_slot("tests.bulletin", slot, None, "RuntimeError")
    return f"/jobs/slots/tests.bulletin/{slot}/retry"


def test_administrator_sees_slots_by_state(town: Town, door: Door) -> None:
    """Those given up where nobody says which, page by page."""
    admin = town.holder("admin", town.district)
    run_slot("tests.bulletin", "2026-W45", str)
    take_slot("tests.bulletin", "2026-W46")
    for slot in ("2026-W47", "2026-W48"):
        dead_slot(slot)
    (item,) = door("GET", "/jobs/slots?state=done", admin).get_json()["items"]
    assert item.pop("done_at")
    assert (item["slot"], item["state"]) == ("2026-W45", "done")
    (item,) = door("GET", "/jobs/slots?state=open", admin).get_json()["items"]
    assert (item["slot"], item["state"]) == ("2026-W46", "open")
    first = door("GET", "/jobs/slots?limit=1", admin).get_json()
    assert first["items"] == [
        {
            "name": "tests.bulletin",
            "slot": "2026-W47",
            "state": "dead",
            "attempts": MOST_FAILURES,
            "last_error": "RuntimeError",
            "done_at": None,
        }
    ]
    cursor = first["next_cursor"]
    second = door("GET", f"/jobs/slots?state=dead&limit=1&cursor={cursor}", admin).get_json()
    assert [item["slot"] for item in second["items"]] == ["2026-W48"]
    assert second["next_cursor"] is None


def test_a_slot_is_sent_again_once(town: Town, door: Door) -> None:
    """With an audit row that the administrator can read."""
    admin = town.holder("admin", town.district)
    path = dead_slot()
    answer = door("POST", path, admin)
    assert answer.status_code == 200
    assert (answer.get_json()["state"], answer.get_json()["attempts"]) == ("open", 0)
    assert due_slots("tests.bulletin", []) == ["2026-W47"]
    row = session.scalars(sa.select(AuditRow).where(AuditRow.action == "slot.retried")).one()
    assert (row.actor_id, row.unit_id) == (admin.person_id, town.district.id)
    assert row.reason == "tests.bulletin 2026-W47"
    assert problem(door("POST", path, admin)) == (409, "slot.not_dead")
    missing = ("tests.bulletin/2026-W48", "tests.other/2026-W47", "tests.bulletin/%00", "%FF/a")
    for other in missing:
        answer = door("POST", f"/jobs/slots/{other}/retry", admin)
        assert problem(answer) == (404, "not_found"), other


def test_nobody_else_sees_slots_or_sends_them_again(town: Town, door: Door) -> None:
    path = dead_slot()
    others: list[Actor | Person] = [
        town.person(),
        town.holder("admin", town.a),
        town.holder("leader", town.district),
    ]
    for other in others:
        for method, place in (
            ("GET", "/jobs/slots"),
            ("POST", path),
            ("POST", f"{path[:-7]}9/retry"),
        ):
            assert problem(door(method, place, other)) == (403, "slot.not_allowed")
    assert due_slots("tests.bulletin", []) == []
