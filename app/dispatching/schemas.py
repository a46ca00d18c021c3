"""Shapes of candidates, matchings and runs over many orders."""

from marshmallow import fields, validate

from app.dispatching.states import MOST_ORDERS, MOST_PEOPLE, BulkAction
from app.kernel.http import Identifier, Moment, Schema, Text
from app.orders.door.shapes import Named
from app.orders.ticket.states import DispatchMode, HandlerKind

_IDS = validate.Length(min=1, max=MOST_ORDERS)


class CandidateOut(Schema):
    """Somebody who could do it, or could not and why; the distance is rounded to ten metres."""

    person = fields.Nested(Named, required=True)
    kind = fields.Enum(HandlerKind, by_value=True, required=True)
    reasons = fields.List(fields.String(), required=True)
    possible = fields.Boolean(required=True)
    why_not = fields.String(required=True, allow_none=True)
    distance_m = fields.Integer(required=True, allow_none=True)
    open_load = fields.Integer(required=True)
    skills_matched = fields.List(fields.String(), required=True)


class MatchingIn(Schema):
    """Of which unit, and which of its orders; by default all that wait."""

    unit_id = Identifier(required=True)
    order_ids = fields.List(Identifier(), allow_none=True, validate=_IDS)


class SpanOut(Schema):
    """A span of time."""

    since = Moment(required=True)
    until = Moment(required=True)


class MatchOut(Schema):
    """One order with who should do it, at which of the resident's times, and why."""

    order_id = fields.Integer(required=True)
    number = fields.String(required=True)
    assignees = fields.List(fields.Nested(Named), required=True)
    reasons = fields.List(fields.String(), required=True)
    distance_m = fields.Integer(required=True, allow_none=True)
    time = fields.Nested(SpanOut, required=True, allow_none=True)


class UnmatchedOut(Schema):
    """One order that nobody should do, and why."""

    order_id = fields.Integer(required=True)
    number = fields.String(required=True, allow_none=True)
    why = fields.String(required=True)


class MatchingTotals(Schema):
    """How good it is; `proven`: nothing better is possible; `left_out`: beyond the 200 looked at."""

    matched = fields.Integer(required=True)
    distance_m = fields.Integer(required=True)
    unmet_skills = fields.Integer(required=True)
    proven = fields.Boolean(required=True)
    left_out = fields.Integer(required=True)


class MatchingOut(Schema):
    """A proposal."""

    rows = fields.List(fields.Nested(MatchOut), required=True)
    unmatched = fields.List(fields.Nested(UnmatchedOut), required=True)
    totals = fields.Nested(MatchingTotals, required=True)


class GivenIn(Schema):
    """One row of a matching; of several people the first answers for the order."""

    order_id = Identifier(required=True)
    assignee_ids = fields.List(
        Identifier(), required=True, validate=validate.Length(min=1, max=MOST_PEOPLE)
    )


class ApplyIn(Schema):
    """The rows to carry out."""

    rows = fields.List(fields.Nested(GivenIn), required=True, validate=_IDS)


class _Result(Schema):
    status = fields.Integer(required=True)
    code = fields.String()
    message = fields.String()


class RowResult(_Result):
    """What came of one row: 200, or status, code and sentence of the refusal."""

    order_id = fields.Integer(required=True, attribute="id")


class ApplyOut(Schema):
    """What came of each row."""

    results = fields.List(fields.Nested(RowResult), required=True)


class BulkIn(Schema):
    """Which orders, what to do, and the fields that this action takes.

    With `dry_run` it is only tried, and nothing changes.
    """

    ids = fields.List(Identifier(), required=True, validate=_IDS)
    action = fields.Enum(BulkAction, by_value=True, required=True)
    dry_run = fields.Boolean()
    mode = fields.Enum(
        DispatchMode,
        by_value=True,
        validate=validate.OneOf(
            [DispatchMode.POOL, DispatchMode.DIRECT], error="只能选公开或指定。"
        ),
    )
    assignee_id = Identifier(allow_none=True)
    provider_id = Identifier(allow_none=True)
    into_id = Identifier()
    due_at = Moment(allow_none=True)
    task = Text(longest=500, allow_none=True)
    people_needed = fields.Integer(
        strict=True, allow_none=True, validate=validate.Range(min=1, max=50)
    )
    helper_ids = fields.List(Identifier(), validate=validate.Length(max=20))
    reason = Text(shortest=1)
    note = Text(allow_none=True)


class OrderResult(_Result):
    """What came of one order: 200, or status, code and sentence of the refusal."""

    id = fields.Integer(required=True)


class BulkOut(Schema):
    """What came of each order, or would."""

    results = fields.List(fields.Nested(OrderResult), required=True)
