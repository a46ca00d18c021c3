"""What jobs have given up, as administrators see it and send it again; and lists by state."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.deadlines.computing.states import DeadlineState, Stage
from app.deadlines.standing.models import Deadline
from app.files.models import FileRemoval
from app.intake.models import Export, Import
from app.intake.states import ExportState, ExportTemplate, ImportState
from app.kernel.actor import Actor
from app.kernel.audit import AuditRow
from app.kernel.clock import now, to_local
from app.kernel.database import Model, session
from app.kernel.queue import MAX_ATTEMPTS, Queued, fail, free_rows
from app.kernel.slots import JobSlot, due_slots, fail_slot, run_slot, take_slot
from app.notifications.jobs import deliver
from app.notifications.models import OutboxMessage
from app.notifications.states import OutboxState
from app.people.models import Person
from tests.notifications.conftest import on_its_way, somebody, tell, told
from tests.people.conftest import Door, Town, problem

SLOT = "tests.bulletin:weekly:2026-W47"
REMOVED = "0123456789abcdef0123456789abcdef"


def lost_message(town: Town) -> str:
    """A message that was given up; its id."""
    message_id = tell(town.person().id, 5)
    given_up = {"state": OutboxState.GIVEN_UP, "attempts": MAX_ATTEMPTS, "given_up_at": now()}
    session.execute(
        sa.update(OutboxMessage)
        .where(OutboxMessage.id == message_id)
        .values(last_error="KeyError", **given_up)
    )
    return str(message_id)


def lost_slot(_: Town) -> str:
    """A slot that was given up."""
    for _attempt in range(MAX_ATTEMPTS):
        fail_slot("tests.bulletin", "weekly:2026-W47", None, "KeyError")
    return SLOT


def worn_out(row: Queued) -> Queued:
    """The row after the last failure."""
    session.add(row)
    session.flush()
    for _attempt in range(MAX_ATTEMPTS):
        fail(row, "KeyError")
    return row


def lost_deadline(town: Town, path: str | None = None) -> str:
    """A rung of an order in A that was given up."""
    row = Deadline(
        subject_kind="order",
        subject_id=5,
        round=1,
        stage=Stage.SOLVE,
        turn=1,
        policy="ordinary_13710",
        urgency="normal",
        unit_id=town.a.id,
        unit_path=path or town.a.path,
        versions=[],
        started_at=now(),
        counts_since=now(),
        state=DeadlineState.OPEN,
        next_at=now(),
        next_step="share_50",
    )
    worn_out(row)
    return str(row.id)


def lost_import(town: Town) -> str:
    """An upload that was given up."""
    row = Import(
        unit_id=town.a.id,
        uploaded_by_id=town.person().id,
        uploaded_at=now(),
        mapping="ledger",
        headings="",
        state=ImportState.APPLYING,
        rows=3,
        good=3,
        bad=0,
        applied_at=now(),
    )
    worn_out(row)
    row.fail(now())
    return str(row.id)


def lost_export(town: Town) -> str:
    """An export that was given up."""
    row = Export(
        owner_id=town.person().id,
        template=ExportTemplate.LEDGER,
        asked="sealed",
        state=ExportState.WAITING,
        total=700,
        created_at=now(),
    )
    worn_out(row)
    row.fail("没有成功。")
    return str(row.id)


def lost_removal(_: Town) -> str:
    """Bytes whose deletion was given up."""
    worn_out(FileRemoval(name=REMOVED, created_at=now()))
    return REMOVED


KINDS: dict[str, tuple[Callable[[Town], str], type[Model]]] = {
    "message": (lost_message, OutboxMessage),
    "slot": (lost_slot, JobSlot),
    "deadline": (lost_deadline, Deadline),
    "import": (lost_import, Import),
    "export": (lost_export, Export),
    "removal": (lost_removal, FileRemoval),
}


def listed(door: Door, actor: Actor, query: str = "") -> dict[str, Any]:
    """The page that must be shown."""
    answer = door("GET", f"/jobs/given_up{query}", actor)
    assert answer.status_code == 200, answer.get_json()
    return dict(answer.get_json())


def test_everything_that_was_given_up_is_on_one_page(town: Town, door: Door) -> None:
    """Kind by kind; who and when, never what it says. What still waits is not there."""
    lost = {kind: make(town) for kind, (make, _) in KINDS.items()}
    tell(somebody(), 6)
    fail_slot("tests.bulletin", "weekly:2026-W48", None, "KeyError")
    admin = town.holder("admin", town.district)
    body = listed(door, admin)
    assert body["next_cursor"] is None
    assert {item["kind"]: item["id"] for item in body["items"]} == lost
    assert [item["kind"] for item in body["items"]] == list(KINDS)
    assert all(item["given_up_at"] for item in body["items"])
    assert {(item["attempts"], item["last_error"]) for item in body["items"]} == {
        (MAX_ATTEMPTS, "KeyError")
    }
    message = session.get_one(OutboxMessage, int(lost["message"]))
    removal = session.get_one(FileRemoval, REMOVED)
    assert {item["kind"]: item["about"] for item in body["items"]} == {
        "message": {
            "recipient_id": message.recipient_id,
            "moment": "tests.told",
            "subject_kind": "order",
            "subject_id": 5,
            "urgent": False,
            "created_at": to_local(message.created_at).isoformat(),
        },
        "slot": {"name": "tests.bulletin", "slot": "weekly:2026-W47"},
        "deadline": {
            "subject_kind": "order",
            "subject_id": 5,
            "stage": "solve",
            "step": "share_50",
            "due_at": None,
        },
        "import": {
            "uploaded_by_id": session.get_one(Import, int(lost["import"])).uploaded_by_id,
            "mapping": "ledger",
            "rows": 3,
        },
        "export": {
            "owner_id": session.get_one(Export, int(lost["export"])).owner_id,
            "template": "ledger",
            "rows": 700,
        },
        "removal": {"created_at": to_local(removal.created_at).isoformat()},
    }


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_the_pages_together_are_the_whole(town: Town, door: Door, limit: int) -> None:
    """Also where a page ends between two kinds, and no page is empty."""
    wanted = [(kind, make(town)) for kind, (make, _) in KINDS.items()]
    wanted.insert(1, ("message", lost_message(town)))
    admin = town.holder("admin", town.district)
    found, cursor = [], ""
    while True:
        page = listed(door, admin, f"?limit={limit}{cursor}")
        assert 0 < len(page["items"]) <= limit
        found += [(item["kind"], item["id"]) for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == wanted
    for broken in ("message.x", "lost.", "x"):
        answer = door("GET", f"/jobs/given_up?cursor={broken}", admin)
        assert problem(answer) == (422, "cursor.invalid")


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_is_asked_for_and_sent_again(town: Town, door: Door, kind: str) -> None:
    """Its job may take it with all its attempts; once, and with an audit row."""
    make, model = KINDS[kind]
    for other in KINDS.keys() - {kind}:
        KINDS[other][0](town)
    row_id = make(town)
    admin = town.holder("admin", town.district)
    (item,) = listed(door, admin, f"?kind={kind}")["items"]
    assert (item["kind"], item["id"]) == (kind, row_id)
    path = f"/jobs/given_up/{kind}/{row_id}/retry"
    answer = door("POST", path, admin)
    assert answer.status_code == 200
    assert answer.get_json() == item | {"attempts": 0, "last_error": None, "given_up_at": None}
    if issubclass(model, Queued):
        assert session.scalars(free_rows(model)).all() == [session.scalars(sa.select(model)).one()]
    assert listed(door, admin, f"?kind={kind}")["items"] == []
    assert len(listed(door, admin)["items"]) == len(KINDS) - 1
    audit = session.scalars(sa.select(AuditRow).where(AuditRow.action == "given_up.retried")).one()
    number = int(row_id) if row_id.isdigit() else 0
    assert (audit.actor_id, audit.subject_kind, audit.subject_id) == (admin.person_id, kind, number)
    assert audit.reason == row_id
    assert problem(door("POST", path, admin)) == (409, "given_up.not_any_more")


def test_the_audit_of_the_unit_knows_it(town: Town, door: Door) -> None:
    """That of the unit that it is about; of what is about none that of the whole installation."""
    admin = town.holder("admin", town.district)
    for kind, (make, _) in KINDS.items():
        door("POST", f"/jobs/given_up/{kind}/{make(town)}/retry", admin)
    rows = sa.select(AuditRow).where(AuditRow.action == "given_up.retried")
    assert {row.subject_kind: row.unit_id for row in session.scalars(rows)} == {
        "message": town.a.id,
        "slot": town.district.id,
        "deadline": town.a.id,
        "import": town.a.id,
        "export": town.a.id,
        "removal": town.district.id,
    }


def test_what_waits_again_is_what_it_was(town: Town, door: Door) -> None:
    """A message arrives, a slot is done, an upload is entered, an export is made."""
    admin = town.holder("admin", town.district)
    ids = {kind: make(town) for kind, (make, _) in KINDS.items()}
    for kind, row_id in ids.items():
        assert door("POST", f"/jobs/given_up/{kind}/{row_id}/retry", admin).status_code == 200
    recipient = session.get_one(OutboxMessage, int(ids["message"])).recipient_id
    deliver()
    assert told(recipient) == ["第5号"]
    assert due_slots("tests.bulletin", []) == ["weekly:2026-W47"]
    kept = session.get_one(Import, int(ids["import"]))
    assert (kept.state, kept.done_at) == (ImportState.APPLYING, None)
    export = session.get_one(Export, int(ids["export"]))
    assert (export.state, export.failure) == (ExportState.WAITING, None)


@pytest.mark.parametrize(
    ("kind", "row_id"),
    [
        ("message", "999999"),
        ("message", "9" * 30),
        ("message", "x"),
        ("slot", "tests.bulletin:weekly:2026-W49"),
        ("slot", "tests.bulletin"),
        ("deadline", "999999"),
        ("removal", "0" * 32),
        ("removal", "%00"),
        ("slot", "%FF:a"),
        ("lost", "1"),
    ],
)
def test_what_is_not_there_is_not_found(town: Town, door: Door, kind: str, row_id: str) -> None:
    admin = town.holder("admin", town.district)
    assert problem(door("POST", f"/jobs/given_up/{kind}/{row_id}/retry", admin)) == (
        404,
        "not_found",
    )
    answer = door("GET", "/jobs/given_up?kind=lost", admin)
    assert problem(answer) == (422, "given_up.unknown_kind")


def test_what_was_not_given_up_is_not_sent_again(town: Town, door: Door) -> None:
    """It waits already."""
    admin = town.holder("admin", town.district)
    message_id = tell(somebody())
    take_slot("tests.bulletin", "2026-W46")
    for row in (f"message/{message_id}", "slot/tests.bulletin:2026-W46"):
        answer = door("POST", f"/jobs/given_up/{row}/retry", admin)
        assert problem(answer) == (409, "given_up.not_any_more")


def test_nobody_else_sees_or_sends_again(town: Town, door: Door) -> None:
    """403 before anything is said of what there is."""
    ids = {kind: make(town) for kind, (make, _) in KINDS.items()}
    others: list[Actor | Person] = [town.person(), town.holder("leader", town.district)]
    for other in others:
        assert problem(door("GET", "/jobs/given_up", other)) == (403, "given_up.not_allowed")
        for kind, row_id in [*ids.items(), ("message", "999999")]:
            answer = door("POST", f"/jobs/given_up/{kind}/{row_id}/retry", other)
            assert problem(answer) == (403, "given_up.not_allowed"), kind
    row = on_its_way(int(ids["message"]))
    assert row is not None
    assert row.state is OutboxState.GIVEN_UP
    assert due_slots("tests.bulletin", []) == []


def test_an_administrator_of_a_unit_has_its_reminders_alone(town: Town, door: Door) -> None:
    """Those of the own subtree; of other units it is as if there were none."""
    for make, _ in KINDS.values():
        make(town)
    own = session.scalars(sa.select(Deadline.id)).one()
    here, elsewhere = town.holder("admin", town.a), town.holder("admin", town.b)
    assert [(i["kind"], i["id"]) for i in listed(door, here)["items"]] == [("deadline", str(own))]
    assert listed(door, elsewhere)["items"] == []
    assert problem(door("GET", "/jobs/given_up?kind=slot", here)) == (403, "given_up.not_allowed")
    path = f"/jobs/given_up/deadline/{own}/retry"
    assert problem(door("POST", path, elsewhere)) == (404, "not_found")
    assert door("POST", path, here).status_code == 200


def test_messages_are_listed_by_state(town: Town, door: Door) -> None:
    """What waits where nobody says which; who and when, never what it says."""
    person = somebody()
    sent = tell(person, 1)
    deliver()
    lost, queued, late = int(lost_message(town)), tell(person, 2), tell(person, 3)
    admin = town.holder("admin", town.district)

    def ids(query: str) -> list[int]:
        answer = door("GET", f"/messages{query}", admin)
        assert answer.status_code == 200
        return [item["id"] for item in answer.get_json()["items"]]

    assert ids("") == ids("?state=queued") == [late, queued]
    assert ids("?state=given_up") == [lost]
    assert ids("?state=sending") == []
    assert ids("?state=sent") == [sent]
    (item,) = door("GET", "/messages?state=sent", admin).get_json()["items"]
    assert item.pop("created_at")
    assert item == {
        "id": sent,
        "recipient_id": person,
        "moment": "tests.told",
        "subject": {"kind": "order", "id": 1},
        "urgent": False,
        "state": "sent",
        "attempts": 1,
        "last_error": None,
    }
    assert problem(door("GET", "/messages?state=lost", admin)) == (422, "body.invalid")


def test_slots_are_listed_by_state(town: Town, door: Door) -> None:
    """What is to be done where nobody says which, page by page."""
    admin = town.holder("admin", town.district)
    run_slot("tests.bulletin", "2026-W45", str)
    for slot in ("2026-W46", "2026-W47"):
        take_slot("tests.bulletin", slot)
    lost_slot(town)
    (item,) = door("GET", "/jobs/slots?state=done", admin).get_json()["items"]
    assert item.pop("done_at")
    assert (item["slot"], item["state"]) == ("2026-W45", "done")
    (item,) = door("GET", "/jobs/slots?state=given_up", admin).get_json()["items"]
    assert (item["slot"], item["state"]) == ("weekly:2026-W47", "given_up")
    first = door("GET", "/jobs/slots?limit=1", admin).get_json()
    assert first["items"] == [
        {
            "name": "tests.bulletin",
            "slot": "2026-W46",
            "state": "open",
            "attempts": 0,
            "last_error": None,
            "done_at": None,
        }
    ]
    cursor = first["next_cursor"]
    second = door("GET", f"/jobs/slots?state=open&limit=1&cursor={cursor}", admin).get_json()
    assert [item["slot"] for item in second["items"]] == ["2026-W47"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("path", "code"), [("/messages", "message.not_allowed"), ("/jobs/slots", "slot.not_allowed")]
)
def test_nobody_else_sees_the_lists(town: Town, door: Door, path: str, code: str) -> None:
    others: list[Actor | Person] = [
        town.person(),
        town.holder("admin", town.a),
        town.holder("leader", town.district),
    ]
    for other in others:
        assert problem(door("GET", path, other)) == (403, code)
