"""The shapes of the bodies of requests that act on an order."""

from typing import Any

from marshmallow import fields, validate

from app.categories.states import Urgency
from app.deadlines.computing.states import LateReason, Stage
from app.kernel.http import Identifier, Moment, Schema, Text
from app.orders.door.shapes import Contact, LocationOut
from app.orders.ticket.states import CallOutcome, ContentState, DispatchMode

REVEALABLE = ("contact", "location")


class NoteIn(Schema):
    """A note, which may be missing."""

    note = Text(allow_none=True)


class NoteNeededIn(Schema):
    """A note that must not be empty."""

    note = Text(required=True, shortest=1)


class ReasonIn(Schema):
    """A reason that must not be empty."""

    reason = Text(required=True, shortest=1)


class ReasonMaybeIn(Schema):
    """A reason, which may be missing."""

    reason = Text(allow_none=True)


_PHOTOS = fields.List(Identifier(), validate=validate.Length(max=9))
_HELPERS = fields.List(Identifier(), validate=validate.Length(max=20))


class ReportIn(NoteNeededIn):
    """A note that must not be empty, with up to nine pictures."""

    photo_ids = _PHOTOS


def _mode(**options: Any) -> fields.Enum[DispatchMode]:
    given = validate.OneOf([DispatchMode.POOL, DispatchMode.DIRECT], error="只能选公开或指定。")
    return fields.Enum(DispatchMode, by_value=True, validate=given, **options)


class DispatchIn(Schema):
    """派单: the pool or a handler, and the terms: date, task, number of people, helpers."""

    mode = _mode(required=True)
    assignee_id = Identifier(allow_none=True)
    provider_id = Identifier(allow_none=True)
    due_at = Moment(allow_none=True)
    task = Text(longest=500, allow_none=True)
    people_needed = fields.Integer(
        strict=True, allow_none=True, validate=validate.Range(min=1, max=50)
    )
    helper_ids = _HELPERS
    note = Text(allow_none=True)


class ReassignIn(ReasonIn):
    """改派: another handler or the pool, the new terms, and the reason."""

    mode = _mode()
    assignee_id = Identifier(allow_none=True)
    provider_id = Identifier(allow_none=True)
    due_at = Moment(allow_none=True)
    task = Text(longest=500, allow_none=True)
    helper_ids = _HELPERS
    note = Text(allow_none=True)


class AppointIn(NoteIn):
    """约时间: the time of the visit."""

    at = Moment(required=True)


class StartIn(NoteIn):
    """开始: the visit code (上门码), four digits that the resident shows to the visitor."""

    visit_code = fields.String(validate=validate.Regexp(r"^\d{4}$", error="上门码是四位数字。"))


class ProgressIn(NoteIn):
    """反馈: a report in words or pictures; `visible` says whether the resident sees it."""

    photo_ids = _PHOTOS
    visible = fields.Boolean()


class SuspendIn(ReasonIn):
    """暂缓: the date on which the order is resumed."""

    until = Moment(required=True)


class CompleteIn(ReportIn):
    """提交办结: what was done, the minutes that it took, and the helpers."""

    minutes_spent = fields.Integer(
        strict=True, allow_none=True, validate=validate.Range(min=0, max=100_000)
    )
    helper_ids = _HELPERS


class CheckIn(NoteIn):
    """核查: whether the check found the work done."""

    passed = fields.Boolean(required=True)


class RateIn(Schema):
    """评价: 解决了 or 没解决, satisfaction, one to five stars, and a comment."""

    solved = fields.Boolean(required=True)
    satisfied = fields.Boolean(allow_none=True)
    stars = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=1, max=5))
    comment = Text(allow_none=True)


class FollowUpIn(NoteIn):
    """回访: the outcome of a call, and the answers of a resident who was reached."""

    outcome = fields.Enum(CallOutcome, by_value=True, required=True)
    solved = fields.Boolean(allow_none=True)
    satisfied = fields.Boolean(allow_none=True)


class DecideIn(ReasonIn):
    """研判: `again` true for another round, false to ask the unit above to agree to the close."""

    again = fields.Boolean(required=True)


class TransferIn(ReasonIn):
    """转办: the unit that shall receive the order."""

    unit_id = Identifier(required=True)


class PartIn(Schema):
    """One part of a joint matter (会办), for a unit or a person."""

    unit_id = Identifier(allow_none=True)
    assignee_id = Identifier(allow_none=True)
    task = Text(required=True, shortest=1, longest=500)
    due_at = Moment(allow_none=True)


class SplitIn(Schema):
    """会办: one to ten parts."""

    parts = fields.List(
        fields.Nested(PartIn), required=True, validate=validate.Length(min=1, max=10)
    )


class AmendIn(ReasonIn):
    """更正: the fields to correct; a field that is missing or null stays as it is."""

    category_id = Identifier(allow_none=True)
    urgency = fields.Enum(Urgency, by_value=True, allow_none=True)
    place_id = Identifier(allow_none=True)
    green_channel = fields.Boolean(allow_none=True)
    contact_name = Text(longest=50, allow_none=True)
    contact_phone = Text(longest=30, allow_none=True)


class ExtendIn(ReasonIn):
    """延期: the new date to be done by."""

    due_at = Moment(required=True)


class PlanIn(NoteNeededIn):
    """立项计划: the planned date of the solution; `note` is the plan."""

    due_at = Moment(required=True)


class MergeIn(NoteIn):
    """合并: the order to merge into, and the reason."""

    into_id = Identifier(required=True)
    reason = Text(allow_none=True)


class RejectIn(ReasonIn):
    """不予受理: the reason; `note` tells the resident where to ask instead."""

    note = Text(required=True, shortest=1)


class ConfirmNoShowIn(NoteNeededIn):
    """核实: `confirmed` true where it is true that nobody came."""

    confirmed = fields.Boolean(required=True)


class CommentIn(ReportIn):
    """留言: for all people of the order, or with `visible` false for staff and handlers alone."""

    visible = fields.Boolean()


class PassContentIn(NoteIn):
    """内容核对: the state of the words and pictures after a look at them."""

    state = fields.Enum(ContentState, by_value=True, required=True)


class RevealIn(ReasonIn):
    """查看: the parts to show in clear, `contact` or `location`, and the reason."""

    fields_ = fields.List(
        fields.String(validate=validate.OneOf(REVEALABLE, error="只能查看联系方式或地点。")),
        required=True,
        data_key="fields",
        validate=validate.Length(min=1, max=2),
    )


class RevealOut(Schema):
    """The parts in clear; a part that was not asked for is null."""

    contact = fields.Nested(Contact, required=True, allow_none=True)
    location = fields.Nested(LocationOut, required=True, allow_none=True)


class LatenessIn(Schema):
    """超期原因: a stage, and why it was late; without `round` the present round is meant."""

    stage = fields.Enum(Stage, by_value=True, required=True)
    round = fields.Integer(strict=True, validate=validate.Range(min=1, max=10_000))
    reason = fields.Enum(LateReason, by_value=True, required=True)
    note = Text(longest=500, allow_none=True)
