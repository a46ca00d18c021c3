"""The acts of an order replayed on a new one, and what is compared of the two."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from app.orders.ticket.models import Placement
from app.pasts.acts import PastEvent
from app.pasts.service import Past
from tests.pasts.state import Act, State, states_of

# What a history does not hold on purpose: the row's own identity, and the key of a phone.
NOT_IN_A_HISTORY = frozenset({"id", "head", "contact_index"})
# What an erasure takes from rows beside orders, without an act on each of those orders.
ERASED = {
    "order_ratings": {"comment"},
    "order_requests": {"reason", "state", "decided_at", "decided_by_id"},
}


def replayed(placed: State, acts: Sequence[Act]) -> State:
    """A new order, placed as that one was, to which the same acts were done by `pasts`."""
    columns = placed.columns
    given = {f.name: columns[f.name] for f in fields(Placement) if f.name in columns}
    placement = Placement(
        unit_id=columns["handling_unit_id"],
        unit_path=columns["handling_path"],
        **given,
    )
    past = Past()
    (order,) = past.enter([(placement, columns["submitted_at"])])
    past.tell(order, [_event(act) for act in acts])
    past.write()
    return states_of([order.id])[order.id]


def _event(act: Act) -> PastEvent:
    return PastEvent(
        action=act.action,
        at=act.at,
        actor_id=act.actor_id,
        to=act.after,
        by=act.actor_name,
        note=act.note or "",
        visible=act.visible,
        on_word_of=act.on_word_of,
        photo_ids=act.photo_ids,
        facts=act.details,
    )


def compared(state: State, *, erased: bool) -> State:
    """The state without what a history does not hold; `erased`: without what an erasure takes."""
    columns = {n: v for n, v in state.columns.items() if n not in NOT_IN_A_HISTORY}
    beside: dict[str, list[dict[str, Any]]] = {}
    for table, rows in state.beside.items():
        if erased and table == "order_followers":
            continue
        without = {"id", "order_id"} | (ERASED.get(table, set()) if erased else set())
        beside[table] = [{n: v for n, v in row.items() if n not in without} for row in rows]
    return State(columns, beside)
