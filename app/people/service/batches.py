"""Work of a batch of people, so that one bad row holds nobody else up."""

from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import select

from app.kernel.database import lock, session
from app.kernel.queue import work_each
from app.people.models import Person

log = structlog.get_logger("people")


def one_by_one(person_ids: Sequence[int], work: Callable[[int], int]) -> int:
    """What `work` did for each, summed up; whoever it fails for is logged and left as before.

    All are locked first, by id: the work of one locks orders too, and people come before orders.
    """
    batch = select(Person).where(Person.id.in_(person_ids)).order_by(Person.id)
    found = [person.id for person in session.scalars(lock(batch))]
    return work_each(found, work, _leave)


def _leave(person_id: int, broken: Exception) -> None:
    log.error("person.batch_failed", person_id=person_id, exc_info=broken)
