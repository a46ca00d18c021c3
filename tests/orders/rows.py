"""What the tests of the verbs share: rows of all tables, files, the clock's days, refusals."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal, select, union_all

from app.files.models import File
from app.files.states import FileKind
from app.kernel.audit import AuditRow
from app.kernel.clock import now, to_local
from app.kernel.database import Model, session
from app.notifications.models import OutboxMessage
from tests.world import World

_keys = itertools.count(1)


def rows() -> dict[str, int]:
    """How many rows each table has."""
    counts = [
        select(literal(table.name), select(func.count()).select_from(table).scalar_subquery())
        for table in Model.metadata.sorted_tables
    ]
    return {row[0]: row[1] for row in session.execute(union_all(*counts))}


def refused(world: World, who: str, path: str, **body: Any) -> tuple[int, str]:
    """Status and code of a POST that must be refused and change no table."""
    return _refused(world, who, path, body, audited=0)


def refused_and_audited(world: World, who: str, path: str, **body: Any) -> tuple[int, str]:
    """The same, but for one row of audit."""
    return _refused(world, who, path, body, audited=1)


def _refused(
    world: World, who: str, path: str, body: dict[str, Any], *, audited: int
) -> tuple[int, str]:
    assert world.client is not None
    headers = world.login(who) | {"Idempotency-Key": f"refused-{next(_keys)}"}
    before = rows()
    before[AuditRow.__tablename__] += audited
    answer = world.client.post(f"/api/v1{path}", json=body, headers=headers)
    assert answer.status_code >= 400, answer.get_json()
    assert rows() == before
    assert answer.content_type == "application/problem+json"
    problem = answer.get_json()
    assert problem["detail"][-1] in "。？" and any(
        "一" <= char <= "鿿" for char in problem["detail"]
    )
    return answer.status_code, problem["code"]


def file_of(world: World, who: str, kind: FileKind = FileKind.PICTURE) -> int:
    """A loose file of that person."""
    number = next(_keys)
    file = File(
        name=f"{number:032x}",
        kind=kind,
        content_type="image/jpeg" if kind is FileKind.PICTURE else "audio/mpeg",
        size=1000,
        width=100,
        height=100,
        seconds=None if kind is FileKind.PICTURE else 5,
        uploader_id=world.ids[who],
        created_at=now(),
        loose_since=now(),
    )
    session.add(file)
    session.commit()
    return file.id


def local_morning(days: int = 1, hour: int = 9) -> datetime:
    """Nine in the morning of a day to come; the people of the world have their roles by then."""
    day = to_local(now()) + timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def later(**spans: float) -> str:
    """A moment from now, as the API takes it."""
    return (now() + timedelta(**spans)).isoformat()


def heard(world: World, order_id: int, since: int = 0) -> set[tuple[str, str]]:
    """Who has been told what about an order, by keys of the world, from the message `since` on."""
    keys = {person_id: key for key, person_id in world.ids.items()}
    found = session.execute(
        select(OutboxMessage.recipient_id, OutboxMessage.moment).where(
            OutboxMessage.subject_kind == "order",
            OutboxMessage.subject_id == order_id,
            OutboxMessage.id > since,
        )
    )
    return {(keys[row.recipient_id], row.moment.removeprefix("order.")) for row in found}


def last_message() -> int:
    """The id of the last message so far."""
    return session.scalar(select(func.max(OutboxMessage.id))) or 0
