"""Whether the facts of the deadlines are what the orders' histories say."""

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
from app.orders.ticket.stages import EVERY, Deed, facts_of
from app.orders.ticket.states import Action

_FACTS = table_of(DeadlineFact)
_NO_CHOICE = Choice((), "normal", 0)
# What needs the row's details, which erasure takes away.
_FROM_DETAILS = frozenset({FactKind.CHOSEN, FactKind.EXTENDED})
Line = tuple[int, str, tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What the history of an order says, and what the facts say: (round, kind, stages, time)."""

    order_id: int
    missing: tuple[Line, ...]
    surplus: tuple[Line, ...]


def check_facts(order_ids: Iterable[int]) -> Iterator[Mismatch]:
    """Orders whose facts are not those that their histories give.

    Other choices of policy may also come from a change of policy, so of them only time is not asked.
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
    """The rows of an order's history, in order."""
    rows = select(OrderEvent).where(OrderEvent.order_id == order_id)
    return list(session.scalars(rows.order_by(OrderEvent.seq)))


def order_ids_after(last: int, limit: int = 500) -> list[int]:
    """The next orders by id."""
    return list(
        session.scalars(select(Order.id).where(Order.id > last).order_by(Order.id).limit(limit))
    )


def facts_of_history(rows: Sequence[OrderEvent], choice: Choice) -> tuple[list[Fact], bool]:
    """The facts that an order's history gives, and whether some of its content was erased."""
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
        planned = planned or row.action is Action.PLAN
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
