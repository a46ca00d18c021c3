"""Rules about the right of an actor to act on an order; they read the actor and the order alone."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from app.categories.states import Urgency
from app.kernel.actor import Actor, Grant
from app.orders.access.permissions import PERMISSIONS as PERMISSIONS
from app.orders.ticket.models import Order, OrderRequest
from app.orders.ticket.states import (
    CLAIMERS,
    DECIDING,
    RESIDENT_WORDS,
    STAFF_WORDS,
    TABLE,
    Action,
    DispatchMode,
    HandlerKind,
    OrderStatus,
)

Rule = Callable[[Actor, Order], bool]
# Either of these lets a person work on orders: by a claim, or by an assignment.
WORKING = ("orders.claim", "orders.handle")


def is_requester(actor: Actor, order: Order) -> bool:
    """Whether the order is for the actor, or the actor placed it for another person.

    The requester of a part (会办) is the dispatcher who has split the order, while he or she still
    is a dispatcher of the unit that handles the order.
    """
    if actor.person_id is None:
        return False
    if order.parent_id is not None and not actor.may("orders.manage", order.parent_path or ""):
        return False
    return actor.person_id in (order.requester_id, order.placer_id)


def is_holder(actor: Actor, order: Order) -> bool:
    """Whether the actor handles the order now, and still has a ground for it (see `has_ground`)."""
    return order.is_held and named(actor, order.holder_id) and has_ground(actor, order)


def has_ground(actor: Actor, order: Order) -> bool:
    """Whether the actor's grants of today are a ground for handling the order in the holder's place.

    For a member or volunteer it is `orders.claim` over the order; by support of another unit (支援),
    `orders.claim` anywhere. For staff, grid workers and the account of an outside unit it is
    `orders.handle` over the order.
    """
    if order.holder_kind not in CLAIMERS:
        return reaches(actor.grants, "orders.handle", order)
    supports = order.by_support and actor.may_somewhere("orders.claim")
    return supports or reaches(actor.grants, "orders.claim", order)


def is_helper(actor: Actor, order: Order) -> bool:
    """Whether the actor helps the holder: a helper reads the order, but neither moves nor ends it."""
    return order.is_held and goes_along(actor, order)


def goes_along(actor: Actor, order: Order) -> bool:
    """Whether the actor is named as a helper, from the offer to the close, and still may be one."""
    helps = actor.person_id is not None and actor.person_id in order.helper_ids
    return helps and any(reaches(actor.grants, one, order) for one in WORKING)


def is_offered(actor: Actor, order: Order) -> bool:
    """Whether the order is offered to the actor, who still may claim orders of the unit."""
    offered = named(actor, order.offered_to_id)
    return offered and reaches(actor.grants, "orders.claim", order)


def named(actor: Actor, person_id: int | None) -> bool:
    """Whether the id is the actor's own; never for None."""
    return actor.person_id is not None and actor.person_id == person_id


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
def held_at(actor: Actor, unit_path: str) -> frozenset[str]:
    """The permissions that the actor has at a unit, so that twenty rules look only once."""
    grants = (grant for grant in actor.grants if unit_path.startswith(grant.unit_path))
    return frozenset(permission for grant in grants for permission in grant.permissions)


def _is_cleared(actor: Actor, order: Order) -> bool:
    """Whether the actor, as staff, may know of the order: of a confidential one only few may.

    A person who is paged for an emergency may, because he or she must be able to answer.
    """
    if not order.sensitive:
        return True
    held = held_at(actor, order.handling_path)
    paged = order.urgency is Urgency.EMERGENCY and "orders.acknowledge" in held
    return paged or "orders.see_sensitive" in held


def _staff(permission: str) -> Rule:
    return lambda actor, order: (
        permission in held_at(actor, order.handling_path) and _is_cleared(actor, order)
    )


def _grid_too(permission: str) -> Rule:
    return lambda actor, order: (
        reaches(actor.grants, permission, order) and _is_cleared(actor, order)
    )


def _either(first: Rule, second: Rule) -> Rule:
    return lambda actor, order: first(actor, order) or second(actor, order)


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
_may_call_back = _grid_too("orders.follow_up")
_may_reveal = _staff("orders.reveal")


def may_handle(actor: Actor, order: Order) -> bool:
    """Whether the actor holds the order, or records the work of an outside unit that holds it."""
    return is_holder(actor, order) or (
        order.is_held and order.holder_kind is HandlerKind.PROVIDER and may_dispatch(actor, order)
    )


def may_claim(actor: Actor, order: Order) -> bool:
    """Whether the actor may claim orders of the unit; a direct offer is for its person alone.

    Nobody claims an order of his or her own.
    """
    if actor.person_id is None or is_requester(actor, order):
        return False
    if order.mode is DispatchMode.DIRECT and order.status is OrderStatus.DISPATCHED:
        return is_offered(actor, order)
    return "orders.claim" in held_at(actor, order.handling_path)


may_decline = is_offered


def may_explain(actor: Actor, order: Order) -> bool:
    """Whether the actor handles the order, has completed it, or is a dispatcher.

    A person who has completed it still needs a ground to handle it.
    """
    has_done = named(actor, order.holder_id) and has_ground(actor, order)
    return has_done or may_handle(actor, order) or may_manage(actor, order)


may_resume = _either(may_handle, may_manage)
# A holder asks for an agreement, a dispatcher may act at once: the verbs decide this.
may_extend = may_resume
may_suspend = may_resume


def may_rate(actor: Actor, order: Order) -> bool:
    """Whether the actor is the requester, and neither handled the order nor helped.

    For a requester without an account staff use follow_up.
    """
    handled = actor.person_id in (order.holder_id, *order.helper_ids)
    return is_requester(actor, order) and not handled


def may_follow_up(actor: Actor, order: Order) -> bool:
    """Whether the actor is staff who may call back; the verb refuses people whose own work it is."""
    return _may_call_back(actor, order) and not _is_named(actor, order)


def may_check(actor: Actor, order: Order) -> bool:
    """Whether the actor is a dispatcher; the verb refuses people whose own work it is."""
    return may_manage(actor, order) and not _is_named(actor, order)


def may_check_content(actor: Actor, order: Order) -> bool:
    """Whether the actor may dispatch orders of the unit, and neither is requester nor placer."""
    own = actor.person_id in (order.requester_id, order.placer_id)
    return may_dispatch(actor, order) and not own


def _is_named(actor: Actor, order: Order) -> bool:
    """Whether the order's row names the actor as its handler, a helper, its requester or its placer."""
    people = (order.holder_id, *order.helper_ids, order.requester_id, order.placer_id)
    return actor.person_id is not None and actor.person_id in people


may_reopen = _either(is_requester, may_dispatch)


def may_supervise(actor: Actor, order: Order) -> bool:
    """Whether the actor may supervise at a unit above the one that handles the order."""
    return bool(supervising(actor, order)) and _is_cleared(actor, order)


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
    """Whether the actor is requester, offered the order, staff who see it, or handles or completed it.

    A holder or helper needs a ground for it; he or she may add a word until the order is closed.
    """
    handles = named(actor, order.holder_id) and has_ground(actor, order)
    asked = is_requester(actor, order) or is_offered(actor, order)
    return handles or asked or goes_along(actor, order) or is_staff_of(actor, order)


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
        and "orders.claim" not in held_at(actor, order.handling_path)
        and not is_requester(actor, order)
        and order.mode is DispatchMode.POOL
    )


def may_never(actor: Actor, order: Order) -> bool:
    """Whether the actor is the program: no person does this."""
    return actor.system_name is not None


# The program resumes on its date.
may_system_or_dispatch = _either(may_never, may_resume)

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
    Action.CHECK_CONTENT: may_check_content,
}

# These have no rule about an order: for SUBMIT there is no order yet, AGREE and REFUSE are about a
# request (`may_decide`).
WITHOUT_RULE = frozenset({Action.SUBMIT, Action.AGREE, Action.REFUSE})


def may_decide(actor: Actor, request: OrderRequest, order: Order) -> bool:
    """Whether the actor may answer a request: staff of the unit that is asked, never the one who asks.

    For a sensitive order `orders.see_sensitive` at that unit is needed too.
    """
    cleared = not order.sensitive or actor.may("orders.see_sensitive", request.unit_path)
    return (
        cleared
        and actor.may(DECIDING[request.kind], request.unit_path)
        and actor.person_id != request.asked_by_id
    )


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

    The holder and the helpers may from the claim to the completion, and staff with `orders.reveal`.
    Of an anonymous order only the dispatcher may.
    """
    if order.anonymous:
        return may_manage(actor, order)
    handles = is_holder(actor, order) or is_helper(actor, order)
    return handles or _may_reveal(actor, order)


def may_know_requester(actor: Actor, order: Order) -> bool:
    """Whether the actor may know the requester, masked; of an anonymous order nobody, but by a reveal."""
    return not order.anonymous or may_never(actor, order)


def words_for(actor: Actor, order: Order) -> Mapping[OrderStatus, str]:
    """The Chinese words for the states of an order: those for staff or those for residents."""
    staff = actor.is_system or is_staff_of(actor, order)
    return STAFF_WORDS if staff else RESIDENT_WORDS


def may_see_unchecked(actor: Actor, order: Order) -> bool:
    """Whether the actor may see words and pictures before they have passed the content check."""
    return is_requester(actor, order) or is_staff_of(actor, order)
