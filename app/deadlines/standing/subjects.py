"""Reads which subjects have facts."""

from sqlalchemy import select

from app.deadlines.standing.models import DeadlineFact
from app.kernel.database import session
from app.kernel.database.fast.rows import table_of

_FACTS = table_of(DeadlineFact)


def subject_kinds() -> list[str]:
    """The kinds of subjects that have facts."""
    return list(session.scalars(select(_FACTS.c.subject_kind).distinct()))


def subjects_after(kind: str, last: int, limit: int) -> list[int]:
    """The ids of at most `limit` subjects with facts, in order, above the id `last`."""
    return list(
        session.scalars(
            select(_FACTS.c.subject_id)
            .where(_FACTS.c.subject_kind == kind, _FACTS.c.subject_id > last)
            .distinct()
            .order_by(_FACTS.c.subject_id)
            .limit(limit)
        )
    )
