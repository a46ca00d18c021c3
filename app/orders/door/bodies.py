"""Shapes of the actions' bodies."""

from typing import Any

from marshmallow import fields, validate

from app.categories.states import Urgency
from app.deadlines.computing.states import LateReason, Stage
from app.kernel.http import Identifier, Moment, Schema, Text
from app.orders.door.shapes import Contact, LocationOut
from app.orders.ticket.states import CallOutcome, ContentState, DispatchMode

REVEALABLE = ("contact", "location")


class NoteIn(Schema):
    """Words, if any."""

    note = Text(allow_none=True)


class NoteNeededIn(Schema):
    """Words that must not be missing."""

    note = Text(required=True, shortest=1)


class ReasonIn(Schema):
    """Why."""

    reason = Text(required=True, shortest=1)


class ReasonMaybeIn(Schema):
    """Why, if said."""

    reason = Text(allow_none=True)


_PHOTOS = fields.List(Identifier(), validate=validate.Length(max=9))
_HELPERS = fields.List(Identifier(), validate=validate.Length(max=20))


class ReportIn(NoteNeededIn):
    """Words with pictures."""

    photo_ids = _PHOTOS


def _mode(**options: Any) -> fields.Enum[DispatchMode]:
    given = validate.OneOf([DispatchMode.POOL, DispatchMode.DIRECT], error="只能选公开或指定。")
    return fields.Enum(DispatchMode, by_value=True, validate=given, **options)


class DispatchIn(Schema):
    """To whom, until when, what."""

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
    """To whom else, and why."""

    mode = _mode()
    assignee_id = Identifier(allow_none=True)
    provider_id = Identifier(allow_none=True)
    due_at = Moment(allow_none=True)
    task = Text(longest=500, allow_none=True)
    helper_ids = _HELPERS
    note = Text(allow_none=True)


class AppointIn(NoteIn):
    """When somebody comes."""

    at = Moment(required=True)


class StartIn(NoteIn):
    """The four digits the resident shows."""

    visit_code = fields.String(validate=validate.Regexp(r"^\d{4}$", error="上门码是四位数字。"))


class ProgressIn(NoteIn):
    """Ten characters or a picture."""

    photo_ids = _PHOTOS
    visible = fields.Boolean()


class SuspendIn(ReasonIn):
    """Until when it waits."""

    until = Moment(required=True)


class CompleteIn(ReportIn):
    """What was done, how long it took, who helped."""

    minutes_spent = fields.Integer(
        strict=True, allow_none=True, validate=validate.Range(min=0, max=100_000)
    )
    helper_ids = _HELPERS


class CheckIn(NoteIn):
    """Whether it is as it was said to be."""

    passed = fields.Boolean(required=True)


class RateIn(Schema):
    """解决了 or 没解决, and what else one wants to say."""

    solved = fields.Boolean(required=True)
    satisfied = fields.Boolean(allow_none=True)
    stars = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=1, max=5))
    comment = Text(allow_none=True)


class FollowUpIn(NoteIn):
    """What came of a call."""

    outcome = fields.Enum(CallOutcome, by_value=True, required=True)
    solved = fields.Boolean(allow_none=True)
    satisfied = fields.Boolean(allow_none=True)


class DecideIn(ReasonIn):
    """Once more, or closed with a countersignature."""

    again = fields.Boolean(required=True)


class TransferIn(ReasonIn):
    """To which unit."""

    unit_id = Identifier(required=True)


class PartIn(Schema):
    """One unit's or person's part of a joint matter."""

    unit_id = Identifier(allow_none=True)
    assignee_id = Identifier(allow_none=True)
    task = Text(required=True, shortest=1, longest=500)
    due_at = Moment(allow_none=True)


class SplitIn(Schema):
    """The parts."""

    parts = fields.List(
        fields.Nested(PartIn), required=True, validate=validate.Length(min=1, max=10)
    )


class AmendIn(ReasonIn):
    """What to put right."""

    category_id = Identifier(allow_none=True)
    urgency = fields.Enum(Urgency, by_value=True, allow_none=True)
    place_id = Identifier(allow_none=True)
    green_channel = fields.Boolean(allow_none=True)
    contact_name = Text(longest=50, allow_none=True)
    contact_phone = Text(longest=30, allow_none=True)


class ExtendIn(ReasonIn):
    """Until when instead."""

    due_at = Moment(required=True)


class PlanIn(NoteNeededIn):
    """Until when it will be solved; in `note` how."""

    due_at = Moment(required=True)


class MergeIn(NoteIn):
    """Into which order, and why."""

    into_id = Identifier(required=True)
    reason = Text(allow_none=True)


class RejectIn(ReasonIn):
    """Why, and in `note` whom to ask instead."""

    note = Text(required=True, shortest=1)


class ConfirmNoShowIn(NoteNeededIn):
    """Whether nobody came."""

    confirmed = fields.Boolean(required=True)


class CommentIn(ReportIn):
    """Words for everybody who takes part, or among staff and handlers alone."""

    visible = fields.Boolean()


class PassContentIn(NoteIn):
    """What a look at words and pictures found."""

    state = fields.Enum(ContentState, by_value=True, required=True)


class RevealIn(ReasonIn):
    """What to open, and why."""

    fields_ = fields.List(
        fields.String(validate=validate.OneOf(REVEALABLE, error="只能查看联系方式或地点。")),
        required=True,
        data_key="fields",
        validate=validate.Length(min=1, max=2),
    )


class RevealOut(Schema):
    """What was opened; the rest is null."""

    contact = fields.Nested(Contact, required=True, allow_none=True)
    location = fields.Nested(LocationOut, required=True, allow_none=True)


class LatenessIn(Schema):
    """Why a stage was late; of the present round where none is named."""

    stage = fields.Enum(Stage, by_value=True, required=True)
    round = fields.Integer(strict=True, validate=validate.Range(min=1, max=10_000))
    reason = fields.Enum(LateReason, by_value=True, required=True)
    note = Text(longest=500, allow_none=True)
