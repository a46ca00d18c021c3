"""Work of a batch of people, so that one bad row holds nobody else up."""

from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import select

from app.kernel.database import lock, session
from app.people.models import Person

log = structlog.get_logger("people")


def one_by_one(person_ids: Sequence[int], work: Callable[[int], int]) -> int:
    """What `work` did for each, summed up; whoever it fails for is logged and left as before.

    All are locked first, by id: the work of one locks orders too, and people come before orders.
    """
    batch = select(Person).where(Person.id.in_(person_ids)).order_by(Person.id)
    found = [person.id for person in session.scalars(lock(batch))]
    return sum(_try(person_id, work) for person_id in found)


def _try(person_id: int, work: Callable[[int], int]) -> int:
    try:
        with session.begin_nested():
            return work(person_id)
    except Exception as broken:  # one person must not hold up the others, whatever is bad
        log.error("person.batch_failed", person_id=person_id, exc_info=broken)
        return 0
