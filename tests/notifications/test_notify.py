"""Into the outbox: once a recipient, in the caller's transaction."""

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from app.kernel.database import session
from app.kernel.http import App
from app.notifications.models import OutboxMessage
from app.notifications.service import notify
from app.notifications.states import OutboxState
from app.people.service import erase_person
from tests.conftest import count
from tests.notifications.conftest import MOMENT, SYSTEM, somebody


def recipients() -> list[int]:
    """Who is told, in order."""
    return list(session.scalars(sa.select(OutboxMessage.recipient_id).order_by(OutboxMessage.id)))


def test_each_recipient_is_told_once(app: App) -> None:
    first, second = somebody(), somebody()
    notify([second, first, second], MOMENT, subject=("order", 7), params={"number": 7}, urgent=True)
    assert recipients() == [first, second]
    row = session.scalars(sa.select(OutboxMessage)).first()
    assert row is not None
    assert (row.moment, row.subject, row.params) == (
        MOMENT,
        {"kind": "order", "id": 7},
        {"number": 7},
    )
    assert (row.state, row.attempts, row.fence) == (OutboxState.QUEUED, 0, 0)
    assert row.urgent
    assert (row.sent_at, row.lease_until, row.not_before) == (None, None, None)


def test_nobody_is_told_who_is_erased_or_unknown(app: App) -> None:
    gone, here = somebody(), somebody()
    erase_person(SYSTEM, gone, forced=True)
    notify([gone, here, here + 1000], MOMENT, subject=("order", 7), params={"number": 7})
    assert recipients() == [here]


def test_it_is_one_statement_however_many_are_told(app: App) -> None:
    people = [somebody() for _ in range(5)]
    session.flush()
    statements: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        statements.append(statement)

    bind = session.connection()
    event.listen(bind, "before_cursor_execute", note)
    notify(people, MOMENT, subject=("order", 7), params={"number": 7})
    event.remove(bind, "before_cursor_execute", note)
    assert len(statements) == 1
    assert recipients() == people


def test_no_recipient_is_no_statement(app: App) -> None:
    notify([], MOMENT, subject=("order", 7), params={"number": 7})
    assert count(OutboxMessage) == 0


@pytest.mark.parametrize(
    ("moment", "params"), [("tests.unheard", {"number": 1}), (MOMENT, {"nummer": 1})]
)
def test_fault_of_the_program_shows_at_once(
    app: App, moment: str, params: dict[str, str | int]
) -> None:
    with pytest.raises(KeyError):
        notify([], moment, subject=("order", 7), params=params)


def test_caller_that_fails_has_told_nobody(app: App) -> None:
    person = somebody()
    with pytest.raises(RuntimeError), session.begin_nested():
        notify([person], MOMENT, subject=("order", 7), params={"number": 7})
        raise RuntimeError
    assert count(OutboxMessage) == 0
