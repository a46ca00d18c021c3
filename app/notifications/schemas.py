"""Schemas of messages and of the slots of scheduled jobs."""

from marshmallow import fields

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

    state = fields.Enum(OutboxState, by_value=True, load_default=OutboxState.DEAD)


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

    state = fields.Enum(SlotState, by_value=True, load_default=SlotState.DEAD)


class SlotOut(Schema):
    """One slot of a scheduled job: the time for which the job has to be done once, such as a week."""

    name = fields.String(required=True)
    slot = fields.String(required=True)
    state = fields.Enum(SlotState, by_value=True, required=True)
    attempts = fields.Integer(required=True)
    last_error = fields.String(required=True, allow_none=True)
    done_at = Moment(required=True, allow_none=True)
