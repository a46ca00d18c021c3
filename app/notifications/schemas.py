"""Shapes of messages, of the slots of scheduled jobs, and of what was given up."""

from marshmallow import fields, validate

from app.kernel.http import Moment, Schema
from app.kernel.pages import PageArgs
from app.kernel.slots import SlotState
from app.notifications.states import OutboxState


class SubjectOut(Schema):
    """The subject of a message by kind and id."""

    kind = fields.String(required=True)
    id = fields.Integer(required=True)


class InboxQuery(PageArgs):
    """Filters of the own messages."""

    unread = fields.Boolean(load_default=False, metadata={"description": "只看未读的"})


class InboxMessageOut(Schema):
    """A message for its recipient."""

    id = fields.Integer(required=True)
    moment = fields.String(required=True)
    title = fields.String(required=True)
    text = fields.String(required=True)
    subject = fields.Nested(SubjectOut, required=True)
    urgent = fields.Boolean(required=True)
    created_at = Moment(required=True)
    read_at = Moment(required=True, allow_none=True)


class UnreadOut(Schema):
    """The number of unread messages."""

    unread = fields.Integer(required=True)


class OutboxQuery(PageArgs):
    """Filters of the outbox."""

    state = fields.Enum(OutboxState, by_value=True, load_default=OutboxState.QUEUED)


class OutboxMessageOut(Schema):
    """A message of the outbox for administrators, without its text."""

    id = fields.Integer(required=True)
    recipient_id = fields.Integer(required=True)
    moment = fields.String(required=True)
    subject = fields.Nested(SubjectOut, required=True)
    urgent = fields.Boolean(required=True)
    state = fields.String(required=True)
    attempts = fields.Integer(required=True)
    last_error = fields.String(required=True, allow_none=True)
    created_at = Moment(required=True)


class SlotQuery(PageArgs):
    """Filters of the slots."""

    state = fields.Enum(SlotState, by_value=True, load_default=SlotState.OPEN)


class SlotOut(Schema):
    """One slot of a scheduled job: the time for which the job has to be done once, such as a week."""

    name = fields.String(required=True)
    slot = fields.String(required=True)
    state = fields.Enum(SlotState, by_value=True, required=True)
    attempts = fields.Integer(required=True)
    last_error = fields.String(required=True, allow_none=True)
    done_at = Moment(required=True, allow_none=True)


class GivenUpQuery(PageArgs):
    """Which of the things that were given up."""

    kind = fields.String(
        load_default=None,
        validate=validate.Length(max=32),
        metadata={
            "description": "message 消息、slot 定期任务、deadline 提醒、import 导入、"
            "export 导出、removal 删除文件"
        },
    )


class GivenUpOut(Schema):
    """A row that a job has given up; `about` holds a few values that depend on the kind."""

    kind = fields.String(required=True)
    id = fields.String(required=True)
    about = fields.Dict(keys=fields.String(), required=True)
    attempts = fields.Integer(required=True)
    last_error = fields.String(required=True, allow_none=True)
    given_up_at = Moment(required=True, allow_none=True)
