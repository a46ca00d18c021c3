"""Compares the facts of deadlines with the facts that the histories of the orders give."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.deadlines.computing.clocks import Choice, Fact
from app.deadlines.computing.states import FactKind
from app.deadlines.standing.models import DeadlineFact
from app.kernel.database import session
from app.kernel.database.fast.rows import table_of
from app.orders.ticket.models import Order, OrderEvent, OrderEventContent
from app.orders.ticket.stages import EVERY, Deed, facts_of, is_plan

_FACTS = table_of(DeadlineFact)
_NO_CHOICE = Choice((), "normal", 0)
# Facts that need the details of the history row, which an erasure deletes.
_FROM_DETAILS = frozenset({FactKind.CHOSEN, FactKind.EXTENDED})
Line = tuple[int, str, tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A difference for one order, in lines of (round, kind, stages, time).

    `missing` are facts that the history gives and the table lacks, `surplus` the other way round.
    """

    order_id: int
    missing: tuple[Line, ...]
    surplus: tuple[Line, ...]


def check_facts(order_ids: Iterable[int]) -> Iterator[Mismatch]:
    """Yields the differences of the orders whose facts are not those that their histories give.

    A surplus fact CHOSEN is no difference, because it may come from a change of policy.
    """
    for order_id in order_ids:
        facts, erased = facts_of_history(history_of(order_id), _NO_CHOICE)
        told = [_line(fact) for fact in facts]
        kept = _kept(order_id)
        if erased or not told:
            unknown = {line[3] for line in kept if line[1] in _FROM_DETAILS}
            kept = [line for line in kept if line[3] not in unknown]
            told = [line for line in told if line[3] not in unknown]
        missing = tuple(line for line in told if line not in kept)
        surplus = tuple(line for line in kept if line not in told and line[1] != FactKind.CHOSEN)
        if missing or surplus:
            yield Mismatch(order_id, missing, surplus)


def history_of(order_id: int) -> list[OrderEvent]:
    """The rows of an order's history, oldest first."""
    rows = select(OrderEvent).where(OrderEvent.order_id == order_id)
    return list(session.scalars(rows.order_by(OrderEvent.seq)))


def order_ids_after(last: int, limit: int = 500) -> list[int]:
    """The ids of the next orders with an id above `last`, ascending."""
    return list(
        session.scalars(select(Order.id).where(Order.id > last).order_by(Order.id).limit(limit))
    )


def facts_of_history(rows: Sequence[OrderEvent], choice: Choice) -> tuple[list[Fact], bool]:
    """The facts that the rows of one history give, and whether the content of a row was erased.

    `choice` is the choice of targets for all of them.
    """
    contents = {
        content.event_id: content
        for content in session.scalars(
            select(OrderEventContent).where(
                OrderEventContent.event_id.in_([row.id for row in rows])
            )
        )
    }
    told: list[Fact] = []
    erased = planned = False
    before: OrderEvent | None = None
    for row in rows:
        content = contents.get(row.id)
        erased = erased or content is None
        if before is not None and row.round > before.round:
            planned = False
            told.append(Fact(FactKind.DROPPED, row.happened_at, before.round, EVERY))
        planned = planned or is_plan(row.action)
        deed = Deed(
            action=row.action,
            before=row.from_status,
            after=row.to_status,
            round=row.round,
            at=row.happened_at,
            person_id=row.actor_id,
            details=content.details if content is not None else {},
            choice=choice,
            is_planned=planned,
        )
        told += facts_of(deed)
        before = row
    return told, erased


def _kept(order_id: int) -> list[Line]:
    of_order = (_FACTS.c.subject_kind == "order", _FACTS.c.subject_id == order_id)
    return [_line_of(row) for row in session.execute(select(_FACTS).where(*of_order))]


def _line_of(row: Any) -> Line:
    return row.round, row.kind.value, tuple(row.stages), row.at.isoformat()


def _line(fact: Fact) -> Line:
    stages = tuple(stage.value for stage in fact.stages)
    return fact.round, fact.kind.value, stages, fact.at.isoformat()
