"""Moves the clock by hand and writes down who hears what, when."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.deadlines.computing.states import STAGE_WORDS
from app.deadlines.door import jobs
from app.deadlines.standing.models import Deadline
from app.kernel.clock import LOCAL, now, to_local
from app.kernel.database import session, transaction
from app.notifications.models import OutboxMessage
from tests.conftest import Clock
from tests.world import World

STAGES = {word: stage.value for stage, word in STAGE_WORDS.items()}
# When, who, what, of which stage; of a digest how many orders.
Heard = tuple[str, str, str, str]


def at(text: str, year: int = 2026) -> datetime:
    """A month, a day and a time in Shanghai: 11-24 09:00."""
    return datetime.strptime(f"{year}-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=LOCAL)


def climb(
    world: World,
    clock: Clock,
    until: datetime,
    *,
    step: timedelta | None = None,
    also: Sequence[Callable[[], int]] = (),
) -> list[Heard]:
    """Lets the time go on, sweeping whenever a rung has come, and answers all that was sent.

    With a `step` it sweeps at each, and `also` other jobs of the timetable run then.
    """
    heard: list[Heard] = []
    moment = now()
    while moment < until:
        moment = min(until, _next_rung(until) if step is None else moment + step)
        clock.set(moment.isoformat())
        since = session.scalar(select(OutboxMessage.id).order_by(OutboxMessage.id.desc()).limit(1))
        sweep_all()
        for job in also:
            with transaction():
                job()
        heard += _heard(world, since or 0, moment)
    return heard


def _next_rung(until: datetime) -> datetime:
    found = session.scalar(select(func.min(Deadline.next_at)))
    return until if found is None else max(found, now() + timedelta(minutes=1))


def sweep_all() -> int:
    """Batch after batch until nothing is left, as the timetable does."""
    done = 0
    while True:
        with transaction():
            batch = jobs.sweep()
        if not batch:
            return done
        done += batch


def _heard(world: World, since: int, moment: datetime) -> Iterator[Heard]:
    names = {person_id: name for name, person_id in world.ids.items()}
    rows = session.scalars(
        select(OutboxMessage).where(OutboxMessage.id > since).order_by(OutboxMessage.id)
    )
    spoken = f"{to_local(moment):%m-%d %H:%M}"
    found = [
        (
            spoken,
            names[row.recipient_id],
            row.moment.removeprefix("order."),
            STAGES.get(str(row.params.get("stage")), str(row.params.get("count", ""))),
        )
        for row in rows
    ]
    yield from sorted(found, key=lambda line: (line[3], line[1]))
