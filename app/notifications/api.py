"""The own inbox, and for administrators messages on their way, slots, and what was given up."""

from typing import Any

from app.kernel.actor import current_actor
from app.kernel.given_up import GivenUp
from app.kernel.http import Blueprint
from app.kernel.idempotency import repeatable
from app.kernel.pages import Page, page_schema
from app.kernel.slots import JobSlot
from app.notifications import queries, service
from app.notifications.models import InboxMessage, OutboxMessage
from app.notifications.schemas import (
    GivenUpOut,
    GivenUpQuery,
    InboxMessageOut,
    InboxQuery,
    OutboxMessageOut,
    OutboxQuery,
    SlotOut,
    SlotQuery,
    UnreadOut,
)

blueprint = Blueprint("notifications", __name__, url_prefix="/api/v1", description="消息")
jobs = Blueprint("jobs", __name__, url_prefix="/api/v1/jobs", description="定期任务")
BLUEPRINTS = (blueprint, jobs)


@blueprint.get("/inbox")
@blueprint.arguments(InboxQuery, location="query")
@blueprint.response(200, page_schema(InboxMessageOut))
def list_inbox(query: dict[str, Any]) -> Page[InboxMessage]:
    """本人的消息，新的在前。"""
    return queries.inbox(current_actor(), **query)


@blueprint.get("/inbox/unread-count")
@blueprint.response(200, UnreadOut)
def count_unread() -> dict[str, int]:
    """本人未读消息的条数。"""
    return {"unread": queries.unread_count(current_actor())}


@blueprint.post("/inbox/<int:message_id>/read")
@blueprint.response(200, InboxMessageOut)
@repeatable(queries.get_visible_message)
def read_message(message_id: int) -> InboxMessage:
    """标为已读；再标一次没有变化。"""
    return service.mark_read(current_actor(), message_id)


@blueprint.post("/inbox/read-all")
@blueprint.response(200, UnreadOut)
def read_all_messages() -> dict[str, int]:
    """全部标为已读；不需要防重复编号。"""
    service.mark_all_read(current_actor())
    return {"unread": 0}


@blueprint.get("/messages")
@blueprint.arguments(OutboxQuery, location="query")
@blueprint.response(200, page_schema(OutboxMessageOut))
def list_messages(query: dict[str, Any]) -> Page[OutboxMessage]:
    """待发、在发、已发或停下的消息，新的在前；不写状态就是待发的。"""
    return queries.outbox(current_actor(), **query)


@jobs.get("/slots")
@jobs.arguments(SlotQuery, location="query")
@jobs.response(200, page_schema(SlotOut))
def list_slots(query: dict[str, Any]) -> Page[JobSlot]:
    """定期任务的各期；不写状态就是还没有办完的。"""
    return queries.slots(current_actor(), **query)


@jobs.get("/given_up")
@jobs.arguments(GivenUpQuery, location="query")
@jobs.response(200, page_schema(GivenUpOut))
def list_given_up(query: dict[str, Any]) -> Page[GivenUp]:
    """多次失败、已停下的全部事项：消息、定期任务、提醒、导入、导出、删除文件。

    需要 `messages.resend`（最上级单位）；提醒需要 `deadlines.repair`。不写类别就是能看到的各类。
    422 `given_up.unknown_kind`.
    """
    return queries.given_up(current_actor(), **query)


@jobs.post("/given_up/<word:kind>/<word:row_id>/retry")
@jobs.response(200, GivenUpOut)
def retry_given_up(kind: str, row_id: str) -> GivenUp:
    """让停下的一项重做，下一轮就会办；不需要防重复编号。409 `given_up.not_any_more`。"""
    return service.retry_given_up(current_actor(), kind, row_id)
