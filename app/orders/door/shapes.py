"""The shapes of orders and their histories, in and out, and the filters of the list."""

from datetime import datetime

from marshmallow import ValidationError, fields, validate, validates_schema

from app.categories.states import Urgency
from app.deadlines.computing.states import LateReason
from app.kernel.http import Identifier, Moment, Schema, Text
from app.kernel.pages import PageArgs
from app.orders.ticket.states import (
    ContentState,
    DispatchMode,
    HandlerKind,
    OrderStatus,
    RequestKind,
    RequestState,
    Source,
)
from app.organisation.geometry import CoordinateSystem


class Named(Schema):
    """Something with an id and a name."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)


_LATITUDES = validate.Range(min=-90, max=90, error="纬度不对。")
_LONGITUDES = validate.Range(min=-180, max=180, error="经度不对。")


class LocationIn(Schema):
    """A point in degrees, and its coordinate system as the phone gave it."""

    latitude = fields.Float(required=True, validate=_LATITUDES)
    longitude = fields.Float(required=True, validate=_LONGITUDES)
    coordinate_system = fields.Enum(CoordinateSystem, by_value=True, required=True)
    address = Text(longest=200, allow_none=True)


class LocationOut(Schema):
    """A point in gcj02; two decimals (about a kilometre) unless the reader may know the place."""

    latitude = fields.Float(required=True, allow_none=True)
    longitude = fields.Float(required=True, allow_none=True)
    coordinate_system = fields.String(required=True)
    address = fields.String(required=True, allow_none=True)


class OnBehalfOf(Schema):
    """The person whom the order is for: known to the unit by id, or by name and phone."""

    person_id = Identifier(allow_none=True)
    name = Text(longest=50, allow_none=True)
    phone = Text(longest=30, allow_none=True)

    @validates_schema
    def somebody(self, data: dict[str, object], **_: object) -> None:
        """Raises ValidationError where no field is given."""
        if not any(data.values()):
            raise ValidationError("请填写替谁下单：姓名和电话。")


class TimeSpan(Schema):
    """A span of time that suits the resident."""

    since = Moment(required=True)
    until = Moment(required=True)

    @validates_schema
    def forward(self, data: dict[str, datetime], **_: object) -> None:
        """Raises ValidationError unless the span ends after it begins."""
        if data["until"] <= data["since"]:
            raise ValidationError("结束的时间要在开始之后。", "until")


class SpanOut(Schema):
    """A span of time that suits the resident, as RFC 3339 text of Shanghai."""

    since = fields.String(required=True)
    until = fields.String(required=True)


class OrderIn(Schema):
    """下单: each field may be missing; the words, a voice, a picture, a category or a phone is needed."""

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
    """A picture by its signed addresses, which are valid for some minutes."""

    id = fields.Integer(required=True)
    url = fields.String(required=True)
    thumbnail_url = fields.String(required=True, allow_none=True)


class Voice(Schema):
    """A voice note by its signed address, which is valid for some minutes."""

    id = fields.Integer(required=True)
    url = fields.String(required=True)
    seconds = fields.Integer(required=True, allow_none=True)


class Contact(Schema):
    """Name and phone: masked in an order, in clear from `reveal`."""

    name = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)


class Assignee(Schema):
    """A person or an outside unit that handles the order; `part` is "helper" for a helper."""

    kind = fields.Enum(HandlerKind, by_value=True, required=True)
    id = fields.Integer(required=True, allow_none=True)
    name = fields.String(required=True)
    part = fields.String(required=True, allow_none=True)


class DeadlineOut(Schema):
    """A stage and the time by which it must be met; a list shows the stage `solve` alone."""

    stage = fields.String(required=True)
    round = fields.Integer(required=True)
    due_at = Moment(required=True)
    met_at = Moment(required=True, allow_none=True)
    state = fields.String(
        required=True, validate=validate.OneOf(["pending", "paused", "met", "missed", "void"])
    )
    late_reason = fields.Enum(LateReason, by_value=True, required=True, allow_none=True)
    late_note = fields.String(required=True, allow_none=True)


class RatingOut(Schema):
    """The last rating of the order."""

    solved = fields.Boolean(required=True)
    satisfied = fields.Boolean(required=True, allow_none=True)
    stars = fields.Integer(required=True, allow_none=True)
    comment = fields.String(required=True, allow_none=True)
    by_follow_up = fields.Boolean(required=True)
    at = Moment(required=True)


class RequestOut(Schema):
    """A request for an agreement, such as a pause or an extension."""

    id = fields.Integer(required=True)
    kind = fields.Enum(RequestKind, by_value=True, required=True)
    state = fields.Enum(RequestState, by_value=True, required=True)
    asked_at = Moment(required=True)
    until = Moment(required=True, metadata={"description": "无人答复时，申请到此失效"})
    wanted_at = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "申请暂缓到何时，或延期到何时；其他申请为空"},
    )
    reason = fields.String(required=True, allow_none=True)
    may_decide = fields.Boolean(required=True)


class OrderOut(Schema):
    """An order as its reader may see it; a field that the reader may not see is null or empty."""

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
    external_number = fields.String(required=True, allow_none=True)
    answers = fields.Dict(required=True)
    preferred_times = fields.List(
        fields.Nested(SpanOut), required=True, attribute="order.preferred_times"
    )
    requester = fields.Nested(Named, required=True, allow_none=True)
    contact = fields.Nested(Contact, required=True, allow_none=True)
    mode = fields.Enum(
        DispatchMode, by_value=True, required=True, allow_none=True, attribute="order.mode"
    )
    task = fields.String(required=True, allow_none=True, attribute="order.task")
    people_needed = fields.Integer(required=True, attribute="order.people_needed")
    assignees = fields.List(fields.Nested(Assignee), required=True)
    offered_to = fields.Nested(
        Named,
        required=True,
        allow_none=True,
        metadata={"description": "指派给谁、正在等谁答复；工作人员和本人可见"},
    )
    appointed_at = Moment(required=True, allow_none=True, attribute="order.appointed_at")
    visit_code = fields.String(required=True, allow_none=True)
    submitted_at = Moment(required=True, attribute="order.submitted_at")
    acknowledged_at = Moment(required=True, allow_none=True, attribute="order.acknowledged_at")
    dispatched_at = Moment(required=True, allow_none=True, attribute="order.dispatched_at")
    claimed_at = Moment(required=True, allow_none=True, attribute="order.claimed_at")
    suspended_until = Moment(required=True, allow_none=True, attribute="order.suspended_until")
    completed_at = Moment(required=True, allow_none=True, attribute="order.completed_at")
    closed_at = Moment(required=True, allow_none=True, attribute="order.closed_at")
    next_due_at = Moment(
        required=True,
        allow_none=True,
        metadata={
            "description": "工作人员和办理人看到最近一个环节的期限，其他人看到承诺的办结时间"
        },
    )
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


class PartOut(Schema):
    """One part of a joint matter (会办)."""

    id = fields.Integer(required=True)
    number = fields.String(required=True)
    task = fields.String(required=True, allow_none=True)
    status = fields.Enum(OrderStatus, by_value=True, required=True)
    unit = fields.Nested(Named, required=True)


class OneOrderOut(OrderOut):
    """An order on its own, with its parts; in an emergency also advice for its requester."""

    children = fields.List(fields.Nested(PartOut), required=True)
    stop_message = fields.String(
        required=True, allow_none=True, metadata={"description": "特急时先打哪个电话；下单人可见"}
    )
    resident_text = fields.String(
        required=True, allow_none=True, metadata={"description": "特急时请居民怎么做；下单人可见"}
    )


class EventOut(Schema):
    """One act in the history of an order."""

    seq = fields.Integer(required=True, attribute="event.seq")
    action = fields.String(required=True, attribute="event.action")
    happened_at = Moment(required=True, attribute="event.happened_at")
    recorded_at = Moment(required=True, attribute="event.recorded_at")
    actor = fields.Nested(Named, required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    photo_ids = fields.List(fields.Integer(), required=True)
    photos = fields.List(fields.Nested(Photo), required=True)
    details = fields.Dict(required=True)
    visible = fields.Boolean(required=True, attribute="event.visible")
    from_ = fields.String(
        required=True, allow_none=True, data_key="from", attribute="event.from_status"
    )
    to = fields.String(required=True, attribute="event.to_status")


class OrderQuery(PageArgs):
    """Filters of the list: all given ones must hold; a list may be given several times."""

    status = fields.List(fields.Enum(OrderStatus, by_value=True), load_default=list)
    unit_id = Identifier(strict=False)
    category_id = fields.List(Identifier(strict=False), load_default=list)
    urgency = fields.List(fields.Enum(Urgency, by_value=True), load_default=list)
    mine = fields.String(
        validate=validate.OneOf(["placed", "claimed", "pool"], error="只能选其中之一。")
    )
    overdue = fields.Boolean()
    q = Text(
        longest=200,
        metadata={"description": "描述里的字词（两个字以上）、工单号；工作人员也可查完整的电话"},
    )
    since = Moment()
    until = Moment()
    sort = fields.String(validate=validate.OneOf(["newest", "due"], error="只能选其中之一。"))
    own = fields.Boolean(metadata={"description": "只要单位本级的，不要下级的"})


class NearbyQuery(Schema):
    """附近: a place, a point in degrees, or both, and a category."""

    latitude = fields.Float(validate=_LATITUDES)
    longitude = fields.Float(validate=_LONGITUDES)
    coordinate_system = fields.Enum(
        CoordinateSystem, by_value=True, load_default=CoordinateSystem.GCJ02
    )
    category_id = Identifier(strict=False)
    place_id = Identifier(strict=False)


class NearbyOut(Schema):
    """All that a neighbour may know of an open order close by."""

    id = fields.Integer(required=True)
    category = fields.Nested(Named, required=True)
    distance = fields.Integer(required=True, metadata={"description": "米，取整到50米"})
    thumbnail_url = fields.String(required=True, allow_none=True)
    joined = fields.Integer(required=True, metadata={"description": "已有几人附议"})
    submitted_on = fields.Date(required=True)


class NearbyListOut(Schema):
    """All orders close by, on one page."""

    items = fields.List(fields.Nested(NearbyOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ChangesQuery(Schema):
    """A unit, and the id of the history row after which changes count."""

    unit_id = Identifier(required=True, strict=False)
    after = fields.Integer(load_default=0, validate=validate.Range(min=0, max=2**63 - 1))


class ChangesOut(Schema):
    """The number of changes, and the id to ask with next time."""

    after = fields.Integer(required=True)
    count = fields.Integer(required=True)


class FollowedOut(Schema):
    """All that a neighbour who has joined an order (附议) may know of it."""

    id = fields.Integer(required=True)
    number = fields.String(required=True)
    status = fields.Enum(OrderStatus, by_value=True, required=True)
