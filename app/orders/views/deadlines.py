"""The stages of an order with their dates, for the people who work on it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from app.deadlines.computing.states import DeadlineState, Stage
from app.deadlines.standing.queries import deadlines_of
from app.kernel.clock import now
from app.orders.ticket.models import Order

_STATES = {
    DeadlineState.OPEN: "pending",
    DeadlineState.PAUSED: "paused",
    DeadlineState.DROPPED: "void",
}


def stages_of(order: Order) -> list[dict[str, Any]]:
    """The stages of all rounds that have a date, in the order of their starts, as DeadlineOut."""
    at = now()
    return [
        {
            "stage": row.stage.value,
            "round": row.round,
            "due_at": _date(row, order),
            "met_at": row.met_at,
            "state": _stage_state(row, at),
            "late_reason": row.late_reason,
            "late_note": row.late_note,
        }
        for row in deadlines_of("order", [order.id])
        if row.target_minutes is not None and _date(row, order) is not None
    ]


def _date(row: Row[Any], order: Order) -> datetime | None:
    """The date; of a paused stage None, but for solving, which keeps the promised date."""
    solving = row.stage is Stage.SOLVE and row.round == order.round
    return row.due_at or (order.due_at if solving else None)


def _stage_state(row: Row[Any], at: datetime) -> str:
    if row.state is DeadlineState.MET:
        return "met" if row.due_at is None or row.met_at <= row.due_at else "missed"
    if row.state is DeadlineState.OPEN and row.due_at <= at:
        return "missed"
    return _STATES[row.state]
