"""From the outbox into the inbox: once, whatever goes wrong."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.kernel.database import database_now, session
from app.kernel.http import App
from app.kernel.queue import BACKOFF, MAX_ATTEMPTS
from app.notifications import service
from app.notifications.jobs import deliver
from app.notifications.models import InboxMessage, OutboxMessage
from app.notifications.states import OutboxState
from app.people.models import Person
from app.people.states import PersonStatus
from tests.conftest import count
from tests.notifications.conftest import on_its_way, somebody, tell, told


def change(message_id: int, **values: Any) -> None:
    """Puts a row of the outbox into a state that time would bring about."""
    session.execute(sa.update(OutboxMessage).where(OutboxMessage.id == message_id).values(**values))


def test_message_is_rendered_and_kept_with_its_subject(app: App) -> None:
    person = somebody()
    message_id = tell(person, 7, urgent=True)
    assert deliver() == 1
    row = session.scalars(sa.select(InboxMessage)).one()
    assert (row.recipient_id, row.outbox_id) == (person, message_id)
    assert (row.title, row.text) == ("第7号", "您的第7号单有进展。")
    assert (row.subject, row.urgent, row.read_at) == ({"kind": "order", "id": 7}, True, None)
    sent = on_its_way(message_id)
    assert sent is not None
    assert (sent.state, sent.attempts, sent.fence) == (OutboxState.SENT, 1, 1)
    assert sent.sent_at is not None
    assert row.created_at == sent.created_at


def test_nothing_is_delivered_twice(app: App) -> None:
    person = somebody()
    tell(person)
    assert [deliver(), deliver()] == [1, 0]
    assert told(person) == ["第1号"]


def test_urgent_ones_come_first_then_the_oldest(app: App) -> None:
    person = somebody()
    for number in (1, 2, 3, 4):
        tell(person, number, urgent=number in (3, 4))
    assert deliver(limit=1) == 1
    assert told(person) == ["第3号"]
    assert deliver(limit=2) == 2
    assert sorted(told(person)) == ["第1号", "第3号", "第4号"]


def test_batch_has_a_bound(app: App, database: str) -> None:
    person = somebody()
    bound = 50 if database == "sqlite" else 500
    for number in range(bound + 1):
        tell(person, number)
    assert [deliver(10_000), deliver(10_000), deliver(10_000)] == [bound, 1, 0]
    assert len(told(person)) == bound + 1


def test_bad_message_does_not_hold_up_the_others(app: App) -> None:
    person = somebody()
    ids = [tell(person, number) for number in (1, 2, 3)]
    change(ids[1], params={})
    assert deliver() == 3
    assert told(person) == ["第1号", "第3号"]
    bad = on_its_way(ids[1])
    assert bad is not None
    assert (bad.state, bad.attempts, bad.last_error) == (OutboxState.QUEUED, 1, "KeyError")
    assert bad.lease_until is None
    assert bad.not_before is not None
    assert bad.not_before - database_now() > BACKOFF[0] - timedelta(seconds=30)


def test_refusal_of_the_database_is_split_out_too(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = somebody()
    ids = [tell(person, number) for number in (1, 2, 3)]
    render = service._inbox_values

    def broken(message: sa.Row[Any]) -> dict[str, Any]:
        return render(message) | ({"title": None} if message.id == ids[0] else {})

    monkeypatch.setattr(service, "_inbox_values", broken)
    assert deliver() == 3
    assert told(person) == ["第2号", "第3号"]
    bad = on_its_way(ids[0])
    assert bad is not None
    assert bad.last_error == "IntegrityError"


def test_waiting_grows_until_it_is_given_up(app: App) -> None:
    person = somebody()
    message_id = tell(person)
    change(message_id, params={})
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert deliver() == 1
        assert deliver() == 0, "it waits"
        row = on_its_way(message_id)
        assert row is not None
        assert row.attempts == attempt
        if attempt < MAX_ATTEMPTS:
            assert row.not_before is not None
            waits = row.not_before - database_now()
            assert BACKOFF[attempt - 1] - timedelta(seconds=30) < waits <= BACKOFF[attempt - 1]
        change(message_id, not_before=database_now() - timedelta(seconds=1))
    row = on_its_way(message_id)
    assert row is not None
    assert row.state is OutboxState.GIVEN_UP
    assert row.given_up_at is not None
    assert deliver() == 0


def test_lease_of_another_sender_is_respected_until_it_is_over(app: App) -> None:
    person = somebody()
    message_id = tell(person)
    later = database_now() + timedelta(seconds=60)
    change(message_id, state=OutboxState.SENDING, fence=4, lease_until=later)
    assert deliver() == 0
    change(message_id, lease_until=database_now() - timedelta(seconds=1))
    assert deliver() == 1
    row = on_its_way(message_id)
    assert row is not None
    assert (row.state, row.fence) == (OutboxState.SENT, 5)


def test_sender_that_lost_its_lease_changes_nothing(app: App) -> None:
    person = somebody()
    message_id = tell(person)
    (stale,) = service._claim(10)
    change(message_id, lease_until=database_now() - timedelta(seconds=1))
    (fresh,) = service._claim(10)
    service._hand_over([stale])
    service._put_back(stale, "Late")
    row = on_its_way(message_id)
    assert row is not None
    assert (row.state, row.last_error) == (OutboxState.SENDING, None)
    service._hand_over([fresh])
    assert told(person) == ["第1号"]
    row = on_its_way(message_id)
    assert row is not None
    assert row.state is OutboxState.SENT


def test_message_to_someone_erased_meanwhile_is_dropped(app: App) -> None:
    gone, here = somebody(), somebody()
    message_id = tell(gone)
    tell(here)
    session.execute(sa.update(Person).where(Person.id == gone).values(status=PersonStatus.ERASED))
    assert deliver() == 2
    assert (told(gone), told(here)) == ([], ["第1号"])
    assert on_its_way(message_id) is None
    assert count(InboxMessage) == 1


def test_ids_of_the_outbox_never_come_twice(app: App) -> None:
    person = somebody()
    first = tell(person)
    session.execute(sa.delete(OutboxMessage))
    assert tell(person) > first
