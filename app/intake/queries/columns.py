"""The columns of exported files, filled from the API's view of an order; pure functions."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.categories.states import Urgency
from app.intake.books import Cell, Column
from app.intake.queries.outcomes import Outcome
from app.intake.states import ExportTemplate
from app.kernel.clock import to_local
from app.orders.ticket.models import OrderRating
from app.orders.ticket.states import STAFF_WORDS, CallOutcome, Source
from app.orders.views.rendering import OrderView

SOURCE_WORDS = {
    Source.MINI_PROGRAM: "小程序",
    Source.H5: "手机网页",
    Source.PHONE: "电话",
    Source.WINDOW: "窗口",
    Source.WECHAT_GROUP: "微信群",
    Source.VISIT: "走访",
    Source.PATROL: "巡查",
    Source.OPEN311: "开放接口",
    Source.IMPORT: "导入",
    Source.SUPERIOR: "上级交办",
    Source.HOTLINE: "12345热线",
}
URGENCY_WORDS = {Urgency.NORMAL: "一般", Urgency.URGENT: "紧急", Urgency.EMERGENCY: "特急"}
CALL_WORDS = {
    CallOutcome.REACHED: "接通",
    CallOutcome.NO_ANSWER: "未接",
    CallOutcome.WRONG_NUMBER: "空号",
    CallOutcome.REFUSED: "拒访",
}


@dataclass(frozen=True, slots=True)
class Line:
    """An order as a row of a file; name, phone and address are masked or clear, as the reader may see.

    `number` counts the rows from 1; `at` is the moment at which the file is made.
    """

    number: int
    view: OrderView
    outcome: Outcome
    name: str | None
    phone: str | None
    address: str | None
    at: datetime


Getter = Callable[[Line], Cell]


def headings(template: ExportTemplate) -> list[Column]:
    """The columns of the template: headings and widths, in order."""
    return [column for column, _ in _TEMPLATES[template]]


def cells(template: ExportTemplate, line: Line) -> list[Cell]:
    """The cells of one row, in the order of the template's columns."""
    return [get(line) for _, get in _TEMPLATES[template]]


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else f"{to_local(moment):%Y-%m-%d %H:%M}"


def _moment(field: str) -> Getter:
    return lambda line: _time(getattr(line.view.order, field))


def _name(field: str) -> Getter:
    return lambda line: (getattr(line.view, field) or {}).get("name")


def _joined(parts: Iterable[str | None], by: str = "；") -> str:
    return by.join(part for part in parts if part)


def _handlers(line: Line) -> str:
    names = [entry["name"] for entry in line.view.assignees]
    return _joined(names, "、")


def _status(line: Line) -> str:
    return STAFF_WORDS[line.view.order.status]


def _ended_at(line: Line) -> datetime | None:
    order = line.view.order
    return order.completed_at or order.closed_at


def _call(line: Line) -> str | None:
    if line.outcome.call is None:
        return None
    outcome, day = line.outcome.call
    return f"{CALL_WORDS[outcome]}（{day:%Y-%m-%d}）"


def _satisfied(line: Line) -> str | None:
    rating: OrderRating | None = line.view.rating
    if rating is None or rating.round != line.view.order.round:
        return "未评价" if "unanswered" in line.view.flags else None
    if not rating.solved:
        return "未解决"
    words = {True: "满意", False: "不满意", None: "已解决"}[rating.satisfied]
    return words if rating.stars is None else f"{words}（{rating.stars}星）"


def _why_late(line: Line) -> str | None:
    """The days after the due date in Chinese, with the reason of the delay; None if not overdue."""
    order = line.view.order
    end = _ended_at(line) or line.at
    if order.due_at is None or end <= order.due_at:
        return None
    days = (end - order.due_at).days
    late = f"超期{days}天" if days else "超期不到1天"
    return _joined((late, line.outcome.delay))


def _yes(value: bool) -> str:
    return "是" if value else "否"


_LEDGER: Sequence[tuple[Column, Getter]] = (
    (Column("序号", 6), lambda line: line.number),
    (Column("编号", 14), lambda line: line.view.number),
    (Column("受理时间", 17), _moment("submitted_at")),
    (Column("来源", 10), lambda line: SOURCE_WORDS[line.view.order.source]),
    (Column("诉求人", 10), lambda line: line.name),
    (Column("电话", 14), lambda line: line.phone),
    (Column("地址", 24), lambda line: line.address),
    (Column("内容", 40), lambda line: line.view.description),
    (Column("承办人", 14), _handlers),
    (Column("时限", 17), _moment("due_at")),
    (Column("办理情况", 36), lambda line: _joined((_status(line), line.outcome.note))),
    (Column("办结时间", 17), lambda line: _time(_ended_at(line))),
    (Column("回访", 18), _call),
    (Column("满意度", 12), _satisfied),
    (Column("超期原因", 24), _why_late),
)
_ORDERS: Sequence[tuple[Column, Getter]] = (
    (Column("工单号", 14), lambda line: line.view.number),
    (Column("状态", 10), _status),
    (Column("分类", 14), _name("category")),
    (Column("紧急程度", 10), lambda line: URGENCY_WORDS[line.view.order.urgency]),
    (Column("绿色通道", 10), lambda line: _yes(line.view.order.green_channel)),
    (Column("匿名", 6), lambda line: _yes(line.view.order.anonymous)),
    (Column("来源", 10), lambda line: SOURCE_WORDS[line.view.order.source]),
    (Column("外部编号", 18), lambda line: line.view.external_number),
    (Column("承办单位", 16), _name("unit")),
    (Column("首办单位", 16), _name("first_unit")),
    (Column("网格", 18), _name("grid")),
    (Column("地址", 24), lambda line: line.address),
    (Column("描述", 40), lambda line: line.view.description),
    (Column("诉求人", 10), lambda line: line.name),
    (Column("电话", 14), lambda line: line.phone),
    (Column("承办人", 14), _handlers),
    (Column("轮次", 6), lambda line: line.view.order.round),
    (Column("提交时间", 17), _moment("submitted_at")),
    (Column("签收时间", 17), _moment("acknowledged_at")),
    (Column("派单时间", 17), _moment("dispatched_at")),
    (Column("接单时间", 17), _moment("claimed_at")),
    (Column("预约时间", 17), _moment("appointed_at")),
    (Column("暂缓至", 17), _moment("suspended_until")),
    (Column("时限", 17), _moment("due_at")),
    (Column("办好时间", 17), _moment("completed_at")),
    (Column("办结时间", 17), _moment("closed_at")),
    (Column("满意度", 12), _satisfied),
    (Column("附议人数", 10), lambda line: line.view.order.joined),
)
_TEMPLATES = {ExportTemplate.LEDGER: _LEDGER, ExportTemplate.ORDERS: _ORDERS}
TITLES = {ExportTemplate.LEDGER: "工单台账", ExportTemplate.ORDERS: "工单"}
