"""Shapes of candidates, matchings and bulk runs in JSON."""

from marshmallow import fields, validate

from app.dispatching.states import MOST_ORDERS, MOST_PEOPLE, BulkAction
from app.kernel.http import Identifier, Moment, Schema, Text
from app.orders.door.shapes import Named
from app.orders.ticket.states import DispatchMode, HandlerKind

_IDS = validate.Length(min=1, max=MOST_ORDERS)


class CandidateOut(Schema):
    """A candidate for an order; `why_not` is set if he or she is not possible.

    `distance_m` is rounded to ten metres; `open_load` counts the orders that the person holds.
    """

    person = fields.Nested(Named, required=True)
    kind = fields.Enum(HandlerKind, by_value=True, required=True)
    reasons = fields.List(fields.String(), required=True)
    possible = fields.Boolean(required=True)
    why_not = fields.String(required=True, allow_none=True)
    distance_m = fields.Integer(required=True, allow_none=True)
    open_load = fields.Integer(required=True)
    skills_matched = fields.List(fields.String(), required=True)


class MatchingIn(Schema):
    """The unit to match and the orders to match; without `order_ids` the orders that wait."""

    unit_id = Identifier(required=True)
    order_ids = fields.List(Identifier(), allow_none=True, validate=_IDS)


class SpanOut(Schema):
    """A span of time, from `since` to `until`."""

    since = Moment(required=True)
    until = Moment(required=True)


class MatchOut(Schema):
    """An order with its proposed handlers, the resident's time that they can keep, and the reasons."""

    order_id = fields.Integer(required=True)
    number = fields.String(required=True)
    assignees = fields.List(fields.Nested(Named), required=True)
    reasons = fields.List(fields.String(), required=True)
    distance_m = fields.Integer(required=True, allow_none=True)
    time = fields.Nested(SpanOut, required=True, allow_none=True)


class UnmatchedOut(Schema):
    """An order without a proposed handler, and a sentence that tells why."""

    order_id = fields.Integer(required=True)
    number = fields.String(required=True, allow_none=True)
    why = fields.String(required=True)


class MatchingTotals(Schema):
    """Figures of a matching.

    `distance_m` is the sum of all known distances. `unmet_skills` counts the handlers who have none
    of the skills that their order asks for. `proven` tells that no better matching exists.
    `left_out` counts the orders that wait beyond the 200 that were looked at.
    """

    matched = fields.Integer(required=True)
    distance_m = fields.Integer(required=True)
    unmet_skills = fields.Integer(required=True)
    proven = fields.Boolean(required=True)
    left_out = fields.Integer(required=True)


class MatchingOut(Schema):
    """A proposed matching: matched orders, unmatched orders and figures."""

    rows = fields.List(fields.Nested(MatchOut), required=True)
    unmatched = fields.List(fields.Nested(UnmatchedOut), required=True)
    totals = fields.Nested(MatchingTotals, required=True)


class GivenIn(Schema):
    """A row of a matching to carry out; the first person gets the order, the others go along."""

    order_id = Identifier(required=True)
    assignee_ids = fields.List(
        Identifier(), required=True, validate=validate.Length(min=1, max=MOST_PEOPLE)
    )


class ApplyIn(Schema):
    """The rows of a matching to carry out, at most 200."""

    rows = fields.List(fields.Nested(GivenIn), required=True, validate=_IDS)


class _Result(Schema):
    status = fields.Integer(required=True)
    code = fields.String()
    message = fields.String()


class RowResult(_Result):
    """The result of one row: status 200, or status, error code and sentence of the refusal."""

    order_id = fields.Integer(required=True, attribute="id")


class ApplyOut(Schema):
    """The result of each row."""

    results = fields.List(fields.Nested(RowResult), required=True)


class BulkIn(Schema):
    """The ids of the orders, the action, and the fields that this action takes.

    With `dry_run` the action is tried and nothing changes.
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
    """The result of one order: status 200, or status, error code and sentence of the refusal."""

    id = fields.Integer(required=True)


class BulkOut(Schema):
    """The result of each order; in a dry run the result that it would have."""

    results = fields.List(fields.Nested(OrderResult), required=True)
