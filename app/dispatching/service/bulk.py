"""One action on many orders; each order is permitted or refused as in the verb for a single order."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from app.dispatching.models import BulkRun
from app.dispatching.service.running import Result, attempt, keep, lock_all
from app.dispatching.states import BULK_FIELDS, BulkAction
from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.errors import Invalid
from app.orders.desk import service as desk
from app.orders.linking import merging
from app.orders.talking import service as talking
from app.orders.ticket.models import Order
from app.orders.upward import service as upward

Verb = Callable[..., Order]

_VERBS: dict[BulkAction, Verb] = {
    BulkAction.ACKNOWLEDGE: desk.acknowledge_order,
    BulkAction.DISPATCH: desk.dispatch_order,
    BulkAction.REASSIGN: desk.reassign_order,
    BulkAction.RECALL: desk.recall_order,
    BulkAction.REJECT: desk.reject_order,
    BulkAction.MERGE: merging.merge_order,
    BulkAction.UNMERGE: merging.unmerge_order,
    BulkAction.ASK: talking.ask_order,
    BulkAction.SUPERVISE: upward.supervise_order,
    BulkAction.REPLY: partial(talking.comment_order, visible=True),
    BulkAction.CLOSE: desk.settle_order,
}


def run_bulk(
    actor: Actor, *, ids: Sequence[int], action: BulkAction, fields: Mapping[str, Any]
) -> BulkRun:
    """Does the action to each order; the bulk run holds the result of each order.

    A refusal of one order leaves the others done. Raises Invalid `bulk.field_required` or
    `bulk.field_not_taken`, before anything is done, if `fields` are not those of the action.
    """
    _check_fields(action, fields)
    return keep(actor, action.value, _run(actor, ids, action, fields))


def try_bulk(
    actor: Actor, *, ids: Sequence[int], action: BulkAction, fields: Mapping[str, Any]
) -> list[Result]:
    """The results that `run_bulk` would have; does the action and undoes it, messages included.

    Raises the same errors as `run_bulk`.
    """
    _check_fields(action, fields)
    trial = session.begin_nested()
    try:
        return _run(actor, ids, action, fields)
    finally:
        trial.rollback()


def _run(
    actor: Actor, ids: Sequence[int], action: BulkAction, fields: Mapping[str, Any]
) -> list[Result]:
    wanted = list(dict.fromkeys(ids))
    into_id, assignee_id = fields.get("into_id"), fields.get("assignee_id")
    others = [] if into_id is None else [into_id]
    lock_all(actor, [*wanted, *others], [] if assignee_id is None else [assignee_id])
    verb = _VERBS[action]
    return [attempt(order_id, partial(verb, actor, order_id, **fields)) for order_id in wanted]


def _check_fields(action: BulkAction, fields: Mapping[str, Any]) -> None:
    """The request has one shape for all actions, so the fields of the action are checked here."""
    about = BULK_FIELDS[action]
    missing = sorted(name for name in about.needed if fields.get(name) in (None, ""))
    if missing:
        raise Invalid(
            "bulk.field_required",
            "这种操作还有内容要填。",
            errors={name: ["请填写这一项。"] for name in missing},
        )
    strange = sorted(fields.keys() - about.allowed)
    if strange:
        raise Invalid(
            "bulk.field_not_taken",
            "这种操作没有这一项内容。",
            errors={name: ["这种操作没有这一项。"] for name in strange},
        )
