"""Orders over HTTP: placing, reading, and one POST for each action."""

from collections.abc import Callable
from typing import Any

from flask import make_response

from app.kernel.actor import Actor, current_actor
from app.kernel.http import Blueprint, Schema, tag
from app.kernel.idempotency import repeatable
from app.kernel.pages import Page, PageArgs, page_schema
from app.orders.access.visible import check_reach, get_for_action, get_visible
from app.orders.closing import service as closing
from app.orders.desk import amending
from app.orders.desk import service as desk
from app.orders.door import bodies as actions
from app.orders.door import shapes as shapes
from app.orders.handling import pausing
from app.orders.handling import service as handling
from app.orders.linking import joining, merging, splitting
from app.orders.placing import service as placing
from app.orders.talking import service as talking
from app.orders.talking import watching
from app.orders.ticket.models import Order
from app.orders.ticket.states import TABLE, Action
from app.orders.upward import agreements
from app.orders.upward import service as upward
from app.orders.views import revealing
from app.orders.views.chronicle import EventView, event_views
from app.orders.views.lists import OrderFilter, changes_of, page_of_events, page_of_orders
from app.orders.views.nearby import nearby_orders
from app.orders.views.one import OneView, view_of
from app.orders.views.rendering import OrderView, views_of

blueprint = Blueprint(
    "orders", __name__, url_prefix="/api/v1/orders", description="三单：下单、派单、接单"
)
Body = dict[str, Any]
Verb = Callable[..., Order]


def _seen(actor: Actor, order_id: int) -> OneView:
    return view_of(actor, get_visible(actor, order_id))


def _shown(order: Order) -> OneView:
    tag(order.version)
    return view_of(current_actor(), order)


@blueprint.post("")
@blueprint.arguments(shapes.OrderIn)
@blueprint.response(201, shapes.OneOrderOut)
@repeatable(_seen, required=True)
def place(data: Body) -> OneView:
    """下单。必须带 Idempotency-Key。"""
    return _shown(placing.submit_order(current_actor(), placing.Wish(**data)))


@blueprint.get("")
@blueprint.arguments(shapes.OrderQuery, location="query")
@blueprint.response(200, page_schema(shapes.OrderOut))
def list_orders(query: Body) -> Page[OrderView]:
    """本人可见的工单。"""
    actor, cursor, limit = current_actor(), query.pop("cursor"), query.pop("limit")
    page = page_of_orders(actor, OrderFilter(**query), cursor=cursor, limit=limit)
    return Page(views_of(actor, page.items), page.next_cursor)


@blueprint.get("/changes")
@blueprint.arguments(shapes.ChangesQuery, location="query")
@blueprint.response(200, shapes.ChangesOut)
@blueprint.alt_response(304, description="没有变化")
def changes(query: Body) -> Any:
    """看板用：自 after 以来有几次变化。"""
    found = changes_of(current_actor(), query["unit_id"], query["after"])
    return found if found.count else make_response("", 304)


@blueprint.get("/nearby")
@blueprint.arguments(shapes.NearbyQuery, location="query")
@blueprint.response(200, shapes.NearbyListOut)
def list_nearby(query: Body) -> Body:
    """附近的同类事，可以附议；最近的在前，最多五件。不写地点和位置时看我家附近。"""
    return {"items": nearby_orders(current_actor(), **query), "next_cursor": None}


@blueprint.get("/<int:order_id>")
@blueprint.response(200, shapes.OneOrderOut)
def show(order_id: int) -> OneView:
    """一张工单。"""
    return _shown(get_visible(current_actor(), order_id))


@blueprint.get("/<int:order_id>/events")
@blueprint.arguments(PageArgs, location="query")
@blueprint.response(200, page_schema(shapes.EventOut))
def list_events(query: Body, order_id: int) -> Page[EventView]:
    """办理经过。"""
    actor = current_actor()
    order = get_visible(actor, order_id)
    page = page_of_events(actor, order, **query)
    return Page(event_views(actor, order, page.items), page.next_cursor)


@blueprint.post("/<int:order_id>/reveal")
@blueprint.arguments(actions.RevealIn)
@blueprint.response(200, actions.RevealOut)
def reveal(data: Body, order_id: int) -> Any:
    """查看联系方式或准确地点，须写明原因，每次留痕。"""
    actor = current_actor()
    return revealing.reveal_order(actor, order_id, fields=data["fields_"], reason=data["reason"])


def _act(action: Action, schema: type[Schema], verb: Verb) -> None:
    """Adds the endpoint of one action: POST /orders/{id}/{action}."""

    def find(actor: Actor, order_id: int) -> None:
        check_reach(actor, order_id, action)

    def look(actor: Actor, order_id: int) -> OneView:
        return view_of(actor, get_for_action(actor, order_id, action))

    def view(data: Body, order_id: int) -> OneView:
        return _shown(verb(current_actor(), order_id, **data))

    view.__name__ = action.value
    view.__doc__ = f"{TABLE[action].word}。"
    wrapped = blueprint.response(200, shapes.OneOrderOut)(repeatable(look, find=find)(view))
    blueprint.post(f"/<int:order_id>/{action.value}")(blueprint.arguments(schema)(wrapped))


_act(Action.ACKNOWLEDGE, actions.NoteIn, desk.acknowledge_order)
_act(Action.SETTLE, actions.ReportIn, desk.settle_order)
_act(Action.DISPATCH, actions.DispatchIn, desk.dispatch_order)
_act(Action.REASSIGN, actions.ReassignIn, desk.reassign_order)
_act(Action.RECALL, actions.ReasonIn, desk.recall_order)
_act(Action.REJECT, actions.RejectIn, desk.reject_order)
_act(Action.CHECK, actions.CheckIn, desk.check_order)
_act(Action.AMEND, actions.AmendIn, amending.amend_order)
_act(Action.ASK, actions.NoteNeededIn, talking.ask_order)
_act(Action.ANSWER, actions.ReportIn, talking.answer_order)
_act(Action.CHECK_CONTENT, actions.PassContentIn, amending.pass_content)
_act(Action.CLAIM, actions.NoteIn, handling.claim_order)
_act(Action.DECLINE, actions.ReasonIn, handling.decline_order)
_act(Action.APPOINT, actions.AppointIn, handling.appoint_order)
_act(Action.START, actions.StartIn, handling.start_order)
_act(Action.PROGRESS, actions.ProgressIn, handling.progress_order)
_act(Action.RETURN, actions.ReasonIn, handling.return_order)
_act(Action.SUSPEND, actions.SuspendIn, pausing.suspend_order)
_act(Action.RESUME, actions.NoteIn, pausing.resume_order)
_act(Action.COMPLETE, actions.CompleteIn, handling.complete_order)
_act(Action.RATE, actions.RateIn, closing.rate_order)
_act(Action.FOLLOW_UP, actions.FollowUpIn, closing.follow_up_order)
_act(Action.REOPEN, actions.ReasonIn, closing.reopen_order)
_act(Action.DECIDE, actions.DecideIn, closing.decide_order)
_act(Action.CANCEL, actions.ReasonMaybeIn, closing.cancel_order)
_act(Action.EXTEND, actions.ExtendIn, upward.extend_order)
_act(Action.PLAN, actions.PlanIn, upward.plan_order)
_act(Action.REPORT_UP, actions.ReasonIn, upward.report_up_order)
_act(Action.TRANSFER, actions.TransferIn, upward.transfer_order)
_act(Action.SUPPORT, actions.NoteNeededIn, upward.support_order)
_act(Action.SUPERVISE, actions.NoteNeededIn, upward.supervise_order)
_act(Action.SPLIT, actions.SplitIn, splitting.split_order)
_act(Action.MERGE, actions.MergeIn, merging.merge_order)
_act(Action.UNMERGE, actions.ReasonIn, merging.unmerge_order)
_act(Action.COMMENT, actions.CommentIn, talking.comment_order)
_act(Action.JOIN, actions.NoteIn, joining.join_order)
_act(Action.URGE, actions.NoteIn, watching.urge_order)
_act(Action.NOT_COME, actions.NoteIn, watching.report_not_come)
_act(Action.CONFIRM_NO_SHOW, actions.ConfirmNoShowIn, watching.confirm_no_show)


@blueprint.post("/<int:order_id>/still_not_solved")
@blueprint.response(200, shapes.FollowedOut)
def still_not_solved(order_id: int) -> Order:
    """附议人：我这里还没好。"""
    return joining.still_not_solved(current_actor(), order_id)


@blueprint.post("/<int:order_id>/lateness")
@blueprint.arguments(actions.LatenessIn)
@blueprint.response(200, shapes.OrderOut)
@repeatable(_seen)
def explain(data: Body, order_id: int) -> OrderView:
    """写明一个环节的超期原因；填过的由负责人更改。

    409 `deadline.not_late`, `deadline.reason_given`.
    """
    return _shown(handling.explain_order(current_actor(), order_id, **data))


@blueprint.post("/<int:order_id>/requests/<int:rid>/agree")
@blueprint.arguments(actions.NoteIn)
@blueprint.response(200, shapes.OneOrderOut)
@repeatable(_seen)
def agree(data: Body, order_id: int, rid: int) -> OneView:
    """同意一项申请。"""
    return _shown(agreements.agree_request(current_actor(), order_id, rid, **data))


@blueprint.post("/<int:order_id>/requests/<int:rid>/refuse")
@blueprint.arguments(actions.ReasonIn)
@blueprint.response(200, shapes.OneOrderOut)
@repeatable(_seen)
def refuse(data: Body, order_id: int, rid: int) -> OneView:
    """不同意一项申请。"""
    return _shown(agreements.refuse_request(current_actor(), order_id, rid, **data))
