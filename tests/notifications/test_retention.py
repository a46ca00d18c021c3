"""What is deleted when, and what a person may take along."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.http import App
from app.notifications.jobs import deliver, forget_old_messages
from app.notifications.listeners import on_export_requested, on_person_erased
from app.notifications.models import InboxMessage, OutboxMessage
from app.notifications.states import OutboxState
from app.people.events import ExportRequested, PersonErased
from app.people.models import Person
from app.people.states import PersonStatus
from tests.conftest import Clock, count
from tests.notifications.conftest import somebody, tell


def change(model: type[Any], **values: Any) -> None:
    """All rows of a box."""
    session.execute(sa.update(model).values(**values))


@pytest.mark.parametrize(
    ("days", "read", "kept"), [(181, True, 0), (181, False, 1), (179, True, 1)]
)
def test_inbox_forgets_what_was_read_half_a_year_ago(
    app: App, days: int, read: bool, kept: int
) -> None:
    tell(somebody())
    deliver()
    moment = now()
    change(
        InboxMessage,
        created_at=moment - timedelta(days=days),
        read_at=moment if read else None,
    )
    forget_old_messages()
    assert count(InboxMessage) == kept


@pytest.mark.parametrize(
    ("state", "days", "kept"),
    [
        (OutboxState.SENT, 31, 0),
        (OutboxState.SENT, 29, 1),
        (OutboxState.QUEUED, 400, 1),
        (OutboxState.SENDING, 400, 1),
        (OutboxState.GIVEN_UP, 179, 1),
        (OutboxState.GIVEN_UP, 181, 0),
    ],
)
def test_outbox_forgets_what_is_done(app: App, state: OutboxState, days: int, kept: int) -> None:
    tell(somebody())
    then = now() - timedelta(days=days)
    sent_at = then if state is OutboxState.SENT else None
    change(OutboxMessage, state=state, created_at=then, sent_at=sent_at)
    assert forget_old_messages() == 1 - kept
    assert count(OutboxMessage) == kept


def test_forgetting_goes_batch_by_batch(app: App) -> None:
    person = somebody()
    for number in range(5):
        tell(person, number)
    change(OutboxMessage, state=OutboxState.SENT, sent_at=now() - timedelta(days=40))
    assert [forget_old_messages(limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_erased_person_leaves_no_message(app: App) -> None:
    gone, here = somebody(), somebody()
    for person in (gone, here):
        tell(person, 1)
        deliver()
        tell(person, 2)
    on_person_erased(PersonErased(gone))
    for model in (InboxMessage, OutboxMessage):
        assert set(session.scalars(sa.select(model.recipient_id))) == {here}
    assert (count(InboxMessage), count(OutboxMessage)) == (1, 2)


def test_what_slipped_in_during_the_erasure_is_swept_up(app: App) -> None:
    gone = somebody()
    tell(gone, 1)
    deliver()
    tell(gone, 2)
    session.execute(sa.update(Person).where(Person.id == gone).values(status=PersonStatus.ERASED))
    assert forget_old_messages() == 3
    assert (count(InboxMessage), count(OutboxMessage)) == (0, 0)


def test_copy_of_the_own_data_has_the_inbox(app: App, clock: Clock) -> None:
    clock.set("2026-02-13T16:50:00+08:00")
    me, other = somebody(), somebody()
    tell(me, 7)
    tell(other, 8)
    deliver()
    parts: dict[str, Any] = {"people": {}}
    on_export_requested(ExportRequested(me, parts))
    assert parts["inbox"] == [
        {
            "title": "第7号",
            "text": "您的第7号单有进展。",
            "created_at": "2026-02-13T16:50:00+08:00",
            "read_at": None,
        }
    ]
    assert set(parts) == {"people", "inbox"}
