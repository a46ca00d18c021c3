"""Shapes of orders, their histories and the bodies of their actions."""

from marshmallow import ValidationError, fields, validate, validates_schema

from app.categories.states import Urgency
from app.kernel.http import Identifier, Moment, Schema, Text
from app.kernel.pages import PageArgs
from app.orders.states import (
    CallOutcome,
    ContentState,
    DispatchMode,
    HandlerKind,
    OrderStatus,
    RequestKind,
    RequestState,
    Source,
)
from app.organisation.geometry import CoordinateSystem

REVEALABLE = ("contact", "location")


class Named(Schema):
    """Something with an id and a name."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)


class LocationIn(Schema):
    """A point, with the coordinate system that the phone gave it in."""

    latitude = fields.Float(
        required=True, validate=validate.Range(min=-90, max=90, error="纬度不对。")
    )
    longitude = fields.Float(
        required=True, validate=validate.Range(min=-180, max=180, error="经度不对。")
    )
    coordinate_system = fields.Enum(CoordinateSystem, by_value=True, required=True)
    address = Text(longest=200, allow_none=True)


class LocationOut(Schema):
    """A point in gcj02, rounded until the reader may know it."""

    latitude = fields.Float(required=True, allow_none=True)
    longitude = fields.Float(required=True, allow_none=True)
    coordinate_system = fields.String(required=True)
    address = fields.String(required=True, allow_none=True)


class OnBehalfOf(Schema):
    """Whom it is for: a person known to the unit, or a name and a phone."""

    person_id = Identifier(allow_none=True)
    name = Text(longest=50, allow_none=True)
    phone = Text(longest=30, allow_none=True)

    @validates_schema
    def somebody(self, data: dict[str, object], **_: object) -> None:
        """Needs either."""
        if not any(data.values()):
            raise ValidationError("请填写替谁下单：姓名和电话。")


class TimeSpan(Schema):
    """When it would suit."""

    since = Moment(required=True)
    until = Moment(required=True)


class OrderIn(Schema):
    """Placing an order; everything may be missing but something that tells what to do."""

    description = Text(allow_none=True)
    category_id = Identifier(allow_none=True)
    unit_id = Identifier(allow_none=True)
    place_id = Identifier(allow_none=True)
    location = fields.Nested(LocationIn, allow_none=True)
    photo_ids = fields.List(Identifier(), validate=validate.Length(max=20))
    voice_id = Identifier(allow_none=True)
    contact_name = Text(longest=50, allow_none=True)
    contact_phone = Text(longest=30, allow_none=True)
    anonymous = fields.Boolean()
    urgency = fields.Enum(Urgency, by_value=True, allow_none=True)
    answers = fields.Dict(keys=fields.String(), allow_none=True)
    preferred_times = fields.List(fields.Nested(TimeSpan), validate=validate.Length(max=5))
    on_behalf_of = fields.Nested(OnBehalfOf, allow_none=True)
    source = fields.Enum(Source, by_value=True, allow_none=True)
    external_number = Text(longest=100, allow_none=True)
    imposed_due_at = Moment(allow_none=True)


class Photo(Schema):
    """A picture by its short-lived addresses."""

    id = fields.Integer(required=True)
    url = fields.String(required=True)
    thumbnail_url = fields.String(required=True, allow_none=True)


class Voice(Schema):
    """A voice note by its short-lived address."""

    id = fields.Integer(required=True)
    url = fields.String(required=True)
    seconds = fields.Integer(required=True, allow_none=True)


class Contact(Schema):
    """Masked, or clear from reveal."""

    name = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)


class Assignee(Schema):
    """Somebody who handles it."""

    kind = fields.Enum(HandlerKind, by_value=True, required=True)
    id = fields.Integer(required=True, allow_none=True)
    name = fields.String(required=True)
    part = fields.String(required=True, allow_none=True)


class DeadlineOut(Schema):
    """A date the order is to be met by."""

    stage = fields.String(required=True)
    round = fields.Integer(required=True)
    due_at = Moment(required=True)
    met_at = Moment(required=True, allow_none=True)
    state = fields.String(
        required=True, validate=validate.OneOf(["pending", "paused", "met", "missed", "void"])
    )


class RatingOut(Schema):
    """What the requester said last."""

    solved = fields.Boolean(required=True)
    satisfied = fields.Boolean(required=True, allow_none=True)
    stars = fields.Integer(required=True, allow_none=True)
    comment = fields.String(required=True, allow_none=True)
    by_follow_up = fields.Boolean(required=True)
    at = Moment(required=True)


class RequestOut(Schema):
    """An agreement asked for."""

    id = fields.Integer(required=True)
    kind = fields.Enum(RequestKind, by_value=True, required=True)
    state = fields.Enum(RequestState, by_value=True, required=True)
    asked_at = Moment(required=True)
    until = Moment(required=True)
    reason = fields.String(required=True, allow_none=True)
    may_decide = fields.Boolean(required=True)


class OrderOut(Schema):
    """An order as its reader may see it."""

    id = fields.Integer(required=True)
    number = fields.String(required=True)
    status = fields.Enum(OrderStatus, by_value=True, required=True, attribute="order.status")
    flags = fields.List(fields.String(), required=True)
    round = fields.Integer(required=True, attribute="order.round")
    category = fields.Nested(Named, required=True, allow_none=True)
    unit = fields.Nested(Named, required=True)
    first_unit = fields.Nested(Named, required=True)
    attention_unit = fields.Nested(Named, required=True)
    grid = fields.Nested(Named, required=True, allow_none=True)
    place = fields.Nested(Named, required=True, allow_none=True)
    description = fields.String(required=True, allow_none=True)
    location = fields.Nested(LocationOut, required=True, allow_none=True)
    photos = fields.List(fields.Nested(Photo), required=True)
    voice = fields.Nested(Voice, required=True, allow_none=True)
    urgency = fields.Enum(Urgency, by_value=True, required=True, attribute="order.urgency")
    green_channel = fields.Boolean(required=True, attribute="order.green_channel")
    anonymous = fields.Boolean(required=True, attribute="order.anonymous")
    source = fields.Enum(Source, by_value=True, required=True, attribute="order.source")
    external_number = fields.String(
        required=True, allow_none=True, attribute="order.external_number"
    )
    answers = fields.Dict(required=True, attribute="order.answers")
    requester = fields.Nested(Named, required=True, allow_none=True)
    contact = fields.Nested(Contact, required=True, allow_none=True)
    mode = fields.Enum(
        DispatchMode, by_value=True, required=True, allow_none=True, attribute="order.mode"
    )
    task = fields.String(required=True, allow_none=True, attribute="order.task")
    people_needed = fields.Integer(required=True, attribute="order.people_needed")
    assignees = fields.List(fields.Nested(Assignee), required=True)
    appointed_at = Moment(required=True, allow_none=True, attribute="order.appointed_at")
    visit_code = fields.String(required=True, allow_none=True)
    submitted_at = Moment(required=True, attribute="order.submitted_at")
    acknowledged_at = Moment(required=True, allow_none=True, attribute="order.acknowledged_at")
    dispatched_at = Moment(required=True, allow_none=True, attribute="order.dispatched_at")
    claimed_at = Moment(required=True, allow_none=True, attribute="order.claimed_at")
    suspended_until = Moment(required=True, allow_none=True, attribute="order.suspended_until")
    completed_at = Moment(required=True, allow_none=True, attribute="order.completed_at")
    closed_at = Moment(required=True, allow_none=True, attribute="order.closed_at")
    next_due_at = Moment(required=True, allow_none=True, attribute="order.next_due_at")
    deadlines = fields.List(fields.Nested(DeadlineOut), required=True)
    rating = fields.Nested(RatingOut, required=True, allow_none=True)
    joined = fields.Integer(required=True, attribute="order.joined")
    parent_id = fields.Integer(required=True, allow_none=True, attribute="order.parent_id")
    merged_into_id = fields.Integer(
        required=True, allow_none=True, attribute="order.merged_into_id"
    )
    requests = fields.List(fields.Nested(RequestOut), required=True)
    actions = fields.List(fields.String(), required=True)
    content_state = fields.Enum(
        ContentState, by_value=True, required=True, attribute="order.content_state"
    )
    version = fields.Integer(required=True)


class EventOut(Schema):
    """One act of the history."""

    seq = fields.Integer(required=True, attribute="event.seq")
    action = fields.String(required=True, attribute="event.action")
    happened_at = Moment(required=True, attribute="event.happened_at")
    recorded_at = Moment(required=True, attribute="event.recorded_at")
    actor = fields.Nested(Named, required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    photo_ids = fields.List(fields.Integer(), required=True)
    details = fields.Dict(required=True)
    visible = fields.Boolean(required=True, attribute="event.visible")
    from_ = fields.String(
        required=True, allow_none=True, data_key="from", attribute="event.from_status"
    )
    to = fields.String(required=True, attribute="event.to_status")


class OrderQuery(PageArgs):
    """Filters of the list; they combine, and those in the plural repeat."""

    status = fields.List(fields.Enum(OrderStatus, by_value=True), load_default=list)
    unit_id = Identifier(strict=False)
    category_id = fields.List(Identifier(strict=False), load_default=list)
    urgency = fields.List(fields.Enum(Urgency, by_value=True), load_default=list)
    mine = fields.String(
        validate=validate.OneOf(["placed", "claimed", "pool"], error="只能选其中之一。")
    )
    overdue = fields.Boolean()
    q = Text(longest=50)
    since = Moment()
    until = Moment()
    sort = fields.String(validate=validate.OneOf(["newest", "due"], error="只能选其中之一。"))


class ChangesQuery(Schema):
    """From where a board counts."""

    unit_id = Identifier(required=True, strict=False)
    after = fields.Integer(load_default=0, validate=validate.Range(min=0, max=2**63 - 1))


class ChangesOut(Schema):
    """Where to count from next, and how many acts there were."""

    after = fields.Integer(required=True)
    count = fields.Integer(required=True)


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


class ReportIn(NoteNeededIn):
    """Words with pictures."""

    photo_ids = _PHOTOS


class DispatchIn(Schema):
    """To whom, until when, what."""

    mode = fields.Enum(
        DispatchMode,
        by_value=True,
        required=True,
        validate=validate.NoneOf([DispatchMode.ASSIGNED]),
    )
    assignee_id = Identifier(allow_none=True)
    provider_id = Identifier(allow_none=True)
    due_at = Moment(allow_none=True)
    task = Text(longest=500, allow_none=True)
    people_needed = fields.Integer(
        strict=True, allow_none=True, validate=validate.Range(min=1, max=50)
    )
    note = Text(allow_none=True)


class ReassignIn(ReasonIn):
    """To whom else, and why."""

    mode = fields.Enum(
        DispatchMode, by_value=True, validate=validate.NoneOf([DispatchMode.ASSIGNED])
    )
    assignee_id = Identifier(allow_none=True)
    provider_id = Identifier(allow_none=True)
    due_at = Moment(allow_none=True)
    task = Text(longest=500, allow_none=True)
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
    helper_ids = fields.List(Identifier(), validate=validate.Length(max=20))


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


class MergeIn(NoteIn):
    """Into which order."""

    into_id = Identifier(required=True)


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
