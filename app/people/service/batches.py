"""Work on a batch of people, in which a failure for one person does not stop the others."""

from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import select

from app.kernel.database import lock, session
from app.kernel.queue import work_each
from app.people.models import Person

log = structlog.get_logger("people")


def one_by_one(person_ids: Sequence[int], work: Callable[[int], int]) -> int:
    """Calls `work` for each person and returns the sum of the results.

    Where it fails for a person, that person's changes are rolled back and the failure is logged.
    All people of the batch are locked first, in the order of their ids: `work` may lock orders, and
    people are always locked before orders.
    """
    batch = select(Person).where(Person.id.in_(person_ids)).order_by(Person.id)
    found = [person.id for person in session.scalars(lock(batch))]
    return work_each(found, work, _leave)


def _leave(person_id: int, broken: Exception) -> None:
    log.error("person.batch_failed", person_id=person_id, exc_info=broken)
