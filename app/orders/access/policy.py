"""Rules about the right of an actor to act on an order; they read the actor and the order alone."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from app.kernel.actor import Actor, Grant
from app.kernel.permissions import Permission
from app.orders.ticket.models import Order, OrderRequest
from app.orders.ticket.states import (
    BETWEEN_UNITS,
    RESIDENT_WORDS,
    STAFF_WORDS,
    TABLE,
    Action,
    DispatchMode,
    HandlerKind,
    OrderStatus,
    RequestKind,
)
from app.people import roles

_GRID_AND_DESK = (roles.GRID_WORKER, *roles.DUTY_AND_ABOVE)

PERMISSIONS = (
    Permission("orders.see", "查看本单位工单", roles=_GRID_AND_DESK),
    Permission("orders.see_sensitive", "查看保密类工单", roles=roles.DISPATCHER_AND_ABOVE),
    Permission("orders.enter", "代居民下单", roles=(roles.BUILDING_LEADER, *_GRID_AND_DESK)),
    Permission("orders.acknowledge", "签收", roles=roles.DUTY_AND_ABOVE),
    Permission("orders.dispatch", "派单", roles=roles.DUTY_AND_ABOVE),
    Permission("orders.manage", "管理工单", roles=roles.DISPATCHER_AND_ABOVE),
    Permission("orders.settle", "当场办结", roles=_GRID_AND_DESK),
    Permission("orders.claim", "接单", roles=(roles.MEMBER, roles.VOLUNTEER)),
    Permission("orders.handle", "被派单办理", roles=(roles.PROVIDER, *_GRID_AND_DESK)),
    Permission("orders.follow_up", "回访", roles=(roles.GRID_WORKER, *roles.DISPATCHER_AND_ABOVE)),
    Permission("orders.lead", "研判", roles=roles.LEADER_AND_ABOVE),
    Permission("orders.supervise", "督办", roles=roles.LEADER_AND_ABOVE),
    Permission("orders.reveal", "查看联系方式", roles=roles.DUTY_AND_ABOVE),
    Permission("orders.appeal", "复核申诉", roles=roles.OFFICERS),
)

Rule = Callable[[Actor, Order], bool]


def is_requester(actor: Actor, order: Order) -> bool:
    """Whether the order is for the actor, or the actor placed it for another person.

    The requester of a part (会办) is the dispatcher who has split the order, while he or she still
    is a dispatcher.
    """
    if actor.person_id is None:
        return False
    if order.parent_id is not None and not actor.may_somewhere("orders.manage"):
        return False
    return actor.person_id in (order.requester_id, order.placer_id)


def is_holder(actor: Actor, order: Order) -> bool:
    """Whether the actor handles the order now."""
    return order.is_held and actor.person_id is not None and order.holder_id == actor.person_id


def is_helper(actor: Actor, order: Order) -> bool:
    """Whether the actor helps the holder: a helper reads the order, but neither moves nor ends it."""
    return order.is_held and actor.person_id in order.helper_ids


def reaches(grants: Iterable[Grant], permission: str, order: Order) -> bool:
    """Whether a grant with the permission is held at the order's unit, above it, or at its grid."""
    return any(
        permission in grant.permissions
        and (
            order.handling_path.startswith(grant.unit_path)
            or (grant.unit_id == order.grid_id and grant.unit_path.startswith(order.handling_path))
        )
        for grant in grants
    )


@lru_cache(maxsize=256)
def _held_at(actor: Actor, unit_path: str) -> frozenset[str]:
    """The permissions that the actor has at a unit, so that twenty rules look only once."""
    grants = (grant for grant in actor.grants if unit_path.startswith(grant.unit_path))
    return frozenset(permission for grant in grants for permission in grant.permissions)


def _staff(permission: str) -> Rule:
    return lambda actor, order: permission in _held_at(actor, order.handling_path)


def _grid_too(permission: str) -> Rule:
    return lambda actor, order: reaches(actor.grants, permission, order)


is_staff_of = _grid_too("orders.see")
may_acknowledge = _staff("orders.acknowledge")
may_dispatch = _staff("orders.dispatch")
# A duty person acknowledges and dispatches orders; other work of the desk is for a dispatcher.
may_manage = _staff("orders.manage")
may_settle = _grid_too("orders.settle")
may_lead = _staff("orders.lead")
may_reject = may_manage
may_report_up = may_manage
may_confirm_no_show = may_manage


def may_handle(actor: Actor, order: Order) -> bool:
    """Whether the actor holds the order, or records the work of an outside unit that holds it."""
    return is_holder(actor, order) or (
        order.is_held
        and order.holder_kind is HandlerKind.PROVIDER
        and "orders.dispatch" in _held_at(actor, order.handling_path)
    )


def may_claim(actor: Actor, order: Order) -> bool:
    """Whether the actor may claim orders of the unit; a direct offer is for its person alone.

    Nobody claims an order of his or her own.
    """
    if actor.person_id is None or is_requester(actor, order):
        return False
    if order.mode is DispatchMode.DIRECT and order.status is OrderStatus.DISPATCHED:
        return order.offered_to_id == actor.person_id
    return "orders.claim" in _held_at(actor, order.handling_path)


def may_decline(actor: Actor, order: Order) -> bool:
    """Whether the order is offered to the actor."""
    return actor.person_id is not None and order.offered_to_id == actor.person_id


def may_explain(actor: Actor, order: Order) -> bool:
    """Whether the actor handles the order, has completed it, or is a dispatcher."""
    has_done = order.holder_id is not None and actor.person_id == order.holder_id
    return has_done or may_handle(actor, order) or may_manage(actor, order)


def may_resume(actor: Actor, order: Order) -> bool:
    """Whether the actor handles the order or is a dispatcher."""
    return may_handle(actor, order) or may_manage(actor, order)


# A holder asks for an agreement, a dispatcher may act at once: the verbs decide this.
may_extend = may_resume
may_suspend = may_resume


def may_rate(actor: Actor, order: Order) -> bool:
    """Whether the actor is the requester and not the holder.

    For a requester without an account staff use follow_up.
    """
    return is_requester(actor, order) and actor.person_id != order.holder_id


def may_follow_up(actor: Actor, order: Order) -> bool:
    """Whether the actor is staff who may call back, and not the holder."""
    calls = reaches(actor.grants, "orders.follow_up", order)
    return calls and actor.person_id != order.holder_id


def may_check(actor: Actor, order: Order) -> bool:
    """Whether the actor is a dispatcher and not the holder."""
    return may_manage(actor, order) and actor.person_id != order.holder_id


def may_reopen(actor: Actor, order: Order) -> bool:
    """Whether the actor is the requester or may dispatch."""
    return is_requester(actor, order) or may_dispatch(actor, order)


def may_supervise(actor: Actor, order: Order) -> bool:
    """Whether the actor may supervise at a unit above the one that handles the order."""
    return bool(supervising(actor, order))


def supervising(actor: Actor, order: Order) -> list[Grant]:
    """The actor's grants with `orders.supervise` at units above the one that handles the order."""
    return [
        grant
        for grant in actor.grants
        if "orders.supervise" in grant.permissions
        and order.handling_path.startswith(grant.unit_path)
        and grant.unit_path != order.handling_path
    ]


may_cancel = is_requester
may_urge = is_requester
may_not_come = is_requester
may_answer = is_requester


def takes_part(actor: Actor, order: Order) -> bool:
    """Whether the actor is requester, holder, helper, offered the order, or staff who see it."""
    return (
        is_requester(actor, order)
        or (
            actor.person_id is not None
            and actor.person_id in (order.holder_id, order.offered_to_id, *order.helper_ids)
        )
        or is_staff_of(actor, order)
    )


def may_join(actor: Actor, order: Order) -> bool:
    """Whether the actor may join an order about a public place; not the requester, not anonymous ones."""
    return (
        actor.person_id is not None
        and not is_requester(actor, order)
        and order.public_place
        and not order.anonymous
    )


def may_support(actor: Actor, order: Order) -> bool:
    """Whether the actor is a member of another unit, who may ask for an order of the pool."""
    return (
        actor.may_somewhere("orders.claim")
        and "orders.claim" not in _held_at(actor, order.handling_path)
        and not is_requester(actor, order)
        and order.mode is DispatchMode.POOL
    )


def may_never(actor: Actor, order: Order) -> bool:
    """Whether the actor is the program: no person does this."""
    return actor.system_name is not None


def may_system_or_dispatch(actor: Actor, order: Order) -> bool:
    """Whether the actor is the program (on the date of resuming), the holder or a dispatcher."""
    return may_never(actor, order) or may_resume(actor, order)


POLICY: dict[Action, Rule] = {
    Action.ACKNOWLEDGE: may_acknowledge,
    Action.SETTLE: may_settle,
    Action.DISPATCH: may_dispatch,
    Action.CLAIM: may_claim,
    Action.DECLINE: may_decline,
    Action.REASSIGN: may_manage,
    Action.APPOINT: may_handle,
    Action.START: may_handle,
    Action.PROGRESS: may_handle,
    Action.LAPSE: may_never,
    Action.RECALL: may_manage,
    Action.RETURN: may_handle,
    Action.SUSPEND: may_suspend,
    Action.RESUME: may_system_or_dispatch,
    Action.COMPLETE: may_handle,
    Action.CHECK: may_check,
    Action.RATE: may_rate,
    Action.FOLLOW_UP: may_follow_up,
    Action.CLOSE_UNANSWERED: may_never,
    Action.REOPEN: may_reopen,
    Action.DECIDE: may_lead,
    Action.REPORT_UP: may_report_up,
    Action.SUPERVISE: may_supervise,
    Action.TRANSFER: may_manage,
    Action.SPLIT: may_manage,
    Action.GATHER: may_never,
    Action.AMEND: may_dispatch,
    Action.ASK: may_manage,
    Action.ANSWER: may_answer,
    Action.EXTEND: may_extend,
    Action.PLAN: may_manage,
    Action.MERGE: may_manage,
    Action.UNMERGE: may_manage,
    Action.REJECT: may_reject,
    Action.CANCEL: may_cancel,
    Action.URGE: may_urge,
    Action.NOT_COME: may_not_come,
    Action.CONFIRM_NO_SHOW: may_confirm_no_show,
    Action.COMMENT: takes_part,
    Action.JOIN: may_join,
    Action.SUPPORT: may_support,
    Action.LAPSE_REQUEST: may_never,
    Action.REMIND: may_never,
    Action.RELEASE: may_never,
    Action.ERASE: may_never,
    Action.CHECK_CONTENT: may_dispatch,
}

# These have no rule about an order: for SUBMIT there is no order yet, AGREE and REFUSE are about a
# request (`may_decide`).
WITHOUT_RULE = frozenset({Action.SUBMIT, Action.AGREE, Action.REFUSE})


def may_decide(actor: Actor, request: OrderRequest, order: Order) -> bool:
    """Whether the actor may answer a request: staff of the unit that is asked, never the one who asks.

    For a sensitive order `orders.see_sensitive` at that unit is needed too.
    """
    permission = deciding(request.kind)
    cleared = not order.sensitive or actor.may("orders.see_sensitive", request.unit_path)
    return (
        cleared
        and actor.may(permission, request.unit_path)
        and actor.person_id != request.asked_by_id
    )


def deciding(kind: RequestKind) -> str:
    """The name of the permission that is needed to answer a request of this kind."""
    if kind is RequestKind.CLOSE:
        return "orders.lead"
    # A request of another unit is received like a new order.
    return "orders.dispatch" if kind in BETWEEN_UNITS else "orders.manage"


def actions_of(actor: Actor, order: Order) -> list[str]:
    """The names of the actions that the actor may take on the order now, in the order of the table."""
    return [
        name
        for name, rule, moment in _STARTING[order.status]
        if rule(actor, order) and moment(order)
    ]


def _always(_: Order) -> bool:
    return True


# For some actions the state is not enough: these conditions must hold too.
_MOMENTS: dict[Action, Callable[[Order], bool]] = {
    Action.ACKNOWLEDGE: lambda order: order.acknowledged_at is None,
    Action.DISPATCH: lambda order: not order.to_decide,
    Action.SETTLE: lambda order: not order.to_decide,
    Action.DECIDE: lambda order: order.to_decide,
    Action.ANSWER: lambda order: order.asked_at is not None,
    Action.CHECK: lambda order: order.checked_at is None,
    Action.NOT_COME: lambda order: order.appointed_at is not None and order.visited_at is None,
    Action.REOPEN: lambda order: order.status is not OrderStatus.REJECTED or not order.appealed,
}

# By state: the actions that may start in it, each with its rule and its condition.
_STARTING = {
    status: [
        (action.value, POLICY[action], _MOMENTS.get(action, _always))
        for action, transition in TABLE.items()
        if status in transition.start and action in POLICY
    ]
    for status in OrderStatus
}


def may_see_contact(actor: Actor, order: Order) -> bool:
    """Whether the actor may see the contact and the exact place in clear.

    The holder may from the claim to the close, a helper while the order is held, and staff with
    `orders.reveal`. Of an anonymous order only the dispatcher may.
    """
    if order.anonymous:
        return may_manage(actor, order)
    to_rate = order.status is OrderStatus.COMPLETED and order.holder_id == actor.person_id
    handles = actor.person_id is not None and (
        to_rate or is_holder(actor, order) or is_helper(actor, order)
    )
    return handles or "orders.reveal" in _held_at(actor, order.handling_path)


def may_know_requester(actor: Actor, order: Order) -> bool:
    """Whether the actor may know the requester; of an anonymous order only dispatchers may."""
    return not order.anonymous or may_never(actor, order) or may_manage(actor, order)


def words_for(actor: Actor, order: Order) -> Mapping[OrderStatus, str]:
    """The Chinese words for the states of an order: those for staff or those for residents."""
    staff = actor.is_system or is_staff_of(actor, order)
    return STAFF_WORDS if staff else RESIDENT_WORDS


def may_see_unchecked(actor: Actor, order: Order) -> bool:
    """Whether the actor may see words and pictures before they have passed the content check."""
    return is_requester(actor, order) or is_staff_of(actor, order)
