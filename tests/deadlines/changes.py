"""Changes of calendar and policy as tests make them, and the computing again that follows."""

from typing import Any

from sqlalchemy import select

from app.deadlines.computing.states import DayKind
from app.deadlines.days.service import set_day
from app.deadlines.door import jobs
from app.deadlines.policies.service import publish_policy
from app.deadlines.terms.models import DeadlinePolicy
from app.kernel.database import session, transaction
from tests.world import SYSTEM


def change_day(day: str, kind: DayKind | None = DayKind.HOLIDAY) -> None:
    """The day of 2026 is off, worked, or as its weekday says."""
    set_day(SYSTEM, 2026, day, kind=kind, name="改了", check=lambda _: None)
    session.commit()


def publish_days(code: str, **days: int) -> None:
    """The policy for all with other days for some stages; a stage of minutes gets a hundred a day."""
    held = (DeadlinePolicy.superseded_at.is_(None), DeadlinePolicy.unit_id.is_(None))
    row = session.scalars(select(DeadlinePolicy).where(DeadlinePolicy.code == code, *held)).one()
    stages = [_changed(stage, days.get(stage["stage"])) for stage in row.stages]
    publish_policy(SYSTEM, code, stages=stages, based_on=row.id)
    session.commit()


def _changed(stage: dict[str, Any], days: int | None) -> dict[str, Any]:
    if days is None or stage.get("same_day"):
        return stage
    length = {"minutes": 100 * days} if "minutes" in stage else {"days": days}
    return {**stage, **length}


def recompute_all() -> int:
    """Batch after batch until nothing is behind; answers how many subjects were computed again."""
    done = 0
    while True:
        with transaction():
            batch = jobs.recompute()
        if not batch:
            return done
        done += batch
