"""Shapes of figures, bulletins, the zero list and reasons of lateness in JSON."""

from enum import StrEnum
from typing import Any

from marshmallow import fields, validate

from app.categories.states import Urgency
from app.deadlines.computing.states import LateReason, Stage
from app.intake.schemas.exporting import ExportIn
from app.kernel.http import Identifier, Moment, Schema
from app.kernel.pages import PageArgs
from app.orders.door.shapes import Named, OrderQuery
from app.orders.ticket.states import OrderStatus
from app.reports.states import WITHOUT_REASON, BulletinKind, Counted, GroupBy

_DAY: dict[str, Any] = {"invalid": "日期写得不对，例如 2026-11-16。"}


def _word(words: type[StrEnum], *, allow_none: bool = False) -> fields.String:
    """A field for one of these words as a text, as the JSON of a bulletin keeps it."""
    return fields.String(required=True, allow_none=allow_none, validate=validate.OneOf([*words]))


class ZeroQuery(PageArgs):
    """The filters of the zero list: a unit, and with or without a plan."""

    unit_id = Identifier(strict=False, load_default=None)
    planned = fields.Boolean(
        load_default=None, metadata={"description": "true 只要报了立项计划的，false 只要没报的"}
    )


class TrackedOut(Schema):
    """An order on the zero list; `since` is the moment at which it was placed."""

    id = fields.Integer(required=True, attribute="order.id")
    number = fields.String(required=True, attribute="order.number")
    status = fields.Enum(OrderStatus, by_value=True, required=True, attribute="order.status")
    urgency = fields.Enum(Urgency, by_value=True, required=True, attribute="order.urgency")
    category = fields.Nested(Named, required=True, allow_none=True)
    unit = fields.Nested(Named, required=True)
    since = Moment(required=True, attribute="order.submitted_at")
    round = fields.Integer(required=True, attribute="order.round")
    due_at = Moment(required=True, allow_none=True, attribute="order.due_at")
    planned_until = Moment(required=True, allow_none=True, attribute="order.planned_until")
    is_reported = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={"description": "本月的进展有没有反馈；没有立项计划的为空"},
    )
    report_due_at = Moment(required=True, allow_none=True)


class FiguresQuery(Schema):
    """The unit, the first and the last day (both included), and the grouping of the figures."""

    unit_id = Identifier(required=True, strict=False)
    from_ = fields.Date(required=True, data_key="from", error_messages=_DAY)
    to = fields.Date(required=True, error_messages=_DAY)
    by = fields.Enum(GroupBy, by_value=True, load_default=GroupBy.STAGE)


class ShareOut(Schema):
    """A share: `count` out of `of`; `ranked` if `of` is at least ten."""

    count = fields.Integer(required=True)
    of = fields.Integer(required=True)
    rate = fields.Float(required=True, allow_none=True)
    is_ranked = fields.Boolean(required=True, data_key="ranked")


class CountsOut(Schema):
    """The number of orders that fell due, and of each outcome.

    `due` is the sum of `on_time`, `refused`, `met_late`, `ended_late` and `open_late`.
    """

    due = fields.Integer(required=True, metadata={"description": "到期的件数"})
    on_time = fields.Integer(required=True, metadata={"description": "按时，居民没有要求重办"})
    refused = fields.Integer(required=True, metadata={"description": "按时办了，居民没有认可"})
    met_late = fields.Integer(required=True, metadata={"description": "超期办完"})
    ended_late = fields.Integer(required=True, metadata={"description": "超期后终止"})
    open_late = fields.Integer(required=True, metadata={"description": "超期未办"})
    late = fields.Integer(required=True, metadata={"description": "超期的合计"})
    rate = fields.Float(required=True, allow_none=True, metadata={"description": "按时率"})
    is_ranked = fields.Boolean(
        required=True, data_key="ranked", metadata={"description": "满十件，可以比较"}
    )


class StageFiguresOut(CountsOut):
    """The figures of one stage in one group; times are average minutes."""

    key = fields.String(required=True)
    name = fields.String(required=True)
    stage = fields.Enum(Stage, by_value=True, required=True)
    used_minutes = fields.Integer(
        required=True, allow_none=True, metadata={"description": "平均用时，按各自的工作日历"}
    )
    left_minutes = fields.Integer(
        required=True, allow_none=True, metadata={"description": "平均剩余，负数是超时"}
    )


class ReasonOut(Schema):
    """The number of orders that were late at a stage for this reason; null means 未填."""

    stage = _word(Stage)
    reason = _word(LateReason, allow_none=True)
    count = fields.Integer(required=True)


class WeekOut(Schema):
    """The counts of a week for the stage 解决: it fell due, was met late, is still open and late."""

    name = fields.String(required=True)
    since = fields.Date(required=True, attribute="period.since")
    until = fields.Date(required=True, attribute="period.until")
    due = fields.Integer(required=True)
    met_late = fields.Integer(required=True)
    still_open = fields.Integer(required=True)


class _SharesOut(Schema):
    response = fields.Nested(
        ShareOut, required=True, metadata={"description": "首次签收、安排、联系都按时的"}
    )
    solved = fields.Nested(
        ShareOut, required=True, metadata={"description": "评价和回访说解决了的"}
    )
    satisfied = fields.Nested(ShareOut, required=True, metadata={"description": "表了态、满意的"})
    reopened = fields.Nested(ShareOut, required=True, metadata={"description": "办结前重办过的"})
    unanswered = fields.Integer(
        required=True, metadata={"description": "无人评价而办结的，不算满意"}
    )
    not_recognised = fields.Integer(required=True, metadata={"description": "居民未认可而办结的"})


class FiguresOut(_SharesOut):
    """The figures of a unit and a period, counted at the moment `at`."""

    unit = fields.Nested(Named, required=True)
    since = fields.Date(required=True, data_key="from", attribute="period.since")
    until = fields.Date(required=True, data_key="to", attribute="period.until")
    at = Moment(required=True)
    by = fields.Enum(GroupBy, by_value=True, required=True)
    rows = fields.List(fields.Nested(StageFiguresOut), required=True)
    reasons = fields.List(fields.Nested(ReasonOut), required=True)
    weeks = fields.List(fields.Nested(WeekOut), required=True)


class BulletinQuery(PageArgs):
    """The filters of the list of bulletins: a unit and a kind."""

    unit_id = Identifier(strict=False, load_default=None)
    kind = fields.Enum(BulletinKind, by_value=True, load_default=None)


class BulletinOut(Schema):
    """A bulletin in a list, with its main sentence."""

    id = fields.Integer(required=True)
    unit_id = fields.Integer(required=True)
    kind = fields.Enum(BulletinKind, by_value=True, required=True)
    since = fields.Date(required=True)
    until = fields.Date(required=True)
    made_at = Moment(required=True)
    sentence = fields.String(required=True, attribute="content.sentence")


class BulletinStageOut(CountsOut):
    """The figures of one stage in a bulletin."""

    stage = _word(Stage)
    used_minutes = fields.Integer(required=True, allow_none=True)
    left_minutes = fields.Integer(required=True, allow_none=True)


class BulletinUnitOut(CountsOut):
    """The figures of a unit directly below with all its units, or of the bulletin's unit alone."""

    unit_id = fields.Integer(required=True)
    name = fields.String(required=True)


class BulletinContentOut(_SharesOut):
    """The figures of a bulletin as they were when it was made."""

    stages = fields.List(fields.Nested(BulletinStageOut), required=True)
    units = fields.List(fields.Nested(BulletinUnitOut), required=True)
    reasons = fields.List(fields.Nested(ReasonOut), required=True)


class WholeBulletinOut(BulletinOut):
    """A bulletin with its figures."""

    content = fields.Nested(BulletinContentOut, required=True)


class _CountedFilters(Schema):
    """The fields that say which figure is meant."""

    counted = fields.Enum(
        Counted,
        by_value=True,
        load_default=Counted.DUE,
        metadata={"description": "统计里的哪一个数，不写就是到期的"},
    )
    period = fields.String(
        validate=validate.Regexp(
            r"^[0-9]{4}-(W[0-9]{2}|[0-9]{2})$", error="请写成 2026-W47 或 2026-11。"
        ),
        metadata={"description": "统计的哪一周或哪一月：2026-W47、2026-11"},
    )
    stage = fields.Enum(
        Stage,
        by_value=True,
        load_default=Stage.SOLVE,
        metadata={"description": "统计的哪一个环节，不写就是解决"},
    )
    late_reason = fields.String(
        validate=validate.OneOf([*LateReason, WITHOUT_REASON], error="只能选其中之一。"),
        metadata={"description": "超期的原因；none 是没有填的"},
    )


class CountedQuery(_CountedFilters, OrderQuery):
    """The figure whose orders are wanted, and the filters of `GET /orders`."""


class CountedExportIn(_CountedFilters, ExportIn):
    """The orders behind a figure as a file; the filters are those of `GET /reports/orders`."""
