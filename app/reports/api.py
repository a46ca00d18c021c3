"""Figures, the orders behind them, the zero list and bulletins over HTTP."""

from dataclasses import fields as fields_of
from typing import Any

from flask import Response, make_response

from app.intake.queries.exporting import ExportView, view_of
from app.intake.schemas.exporting import ExportOut
from app.kernel.actor import current_actor
from app.kernel.http import Blueprint
from app.kernel.pages import Page, page_schema
from app.orders.door.shapes import OrderOut
from app.orders.views.lists import OrderFilter
from app.orders.views.rendering import OrderView, views_of
from app.reports import schemas
from app.reports.models import Bulletin
from app.reports.queries.bulletins import get_visible_bulletin, page_of_bulletins
from app.reports.queries.figures import Figures, asked_figures
from app.reports.queries.lists import FigureFilter, page_of_counted
from app.reports.queries.zero import Tracked, page_of_tracked
from app.reports.service import exporting

blueprint = Blueprint(
    "reports", __name__, url_prefix="/api/v1/reports", description="统计、销号清单、通报"
)
BLUEPRINTS = (blueprint,)
# The page brings its styles along, so that it can be kept and printed; nothing else is let in.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)


Body = dict[str, Any]
_FIGURE = tuple(field.name for field in fields_of(FigureFilter))
_FILE = ("template", "unmasked", "reason")


@blueprint.get("/zero")
@blueprint.arguments(schemas.ZeroQuery, location="query")
@blueprint.response(200, page_schema(schemas.TrackedOut))
def list_tracked(query: Body) -> Page[Tracked]:
    """销号清单：没有办结的都在上面，最早的在前。"""
    return page_of_tracked(current_actor(), **query)


@blueprint.get("/figures")
@blueprint.arguments(schemas.FiguresQuery, location="query")
@blueprint.response(200, schemas.FiguresOut)
def show_figures(query: Body) -> Figures:
    """一个单位（含下级）一段日子的统计；每件只算一次。

    403 `figures.not_of_people`; 422 `figures.period`, `figures.too_long`.
    """
    return asked_figures(current_actor(), **query)


def _figure(query: Body) -> FigureFilter:
    return FigureFilter(**{name: query.pop(name) for name in _FIGURE if name in query})


@blueprint.get("/orders")
@blueprint.arguments(schemas.CountedQuery, location="query")
@blueprint.response(200, page_schema(OrderOut))
def list_counted(query: Body) -> Page[OrderView]:
    """统计里的一个数是哪些工单；其余条件与工单列表相同。

    422 `period.unknown`.
    """
    actor, cursor, limit = current_actor(), query.pop("cursor"), query.pop("limit")
    figure = _figure(query)
    page = page_of_counted(actor, figure, OrderFilter(**query), cursor=cursor, limit=limit)
    return Page(views_of(actor, page.items), page.next_cursor)


@blueprint.post("/orders/export")
@blueprint.arguments(schemas.CountedExportIn)
@blueprint.response(201, ExportOut)
def export_counted(data: Body) -> ExportView:
    """把统计里的一个数是哪些工单导出为 Excel；进度和下载见“导出工单”。

    403 `export.not_allowed`, `export.reveal_not_allowed`; 409 `export.too_many_waiting`;
    422 `export.reason_missing`, `export.too_many`, `period.unknown`.
    """
    about = {name: data.pop(name) for name in _FILE if name in data}
    actor = current_actor()
    return view_of(
        actor, exporting.export_counted(actor, _figure(data), OrderFilter(**data), **about)
    )


@blueprint.get("/bulletins")
@blueprint.arguments(schemas.BulletinQuery, location="query")
@blueprint.response(200, page_schema(schemas.BulletinOut))
def list_bulletins(query: Body) -> Page[Bulletin]:
    """本单位和下级的通报，新的在前；写明单位就只要它的。"""
    return page_of_bulletins(current_actor(), **query)


@blueprint.get("/bulletins/<int:bulletin_id>")
@blueprint.response(200, schemas.WholeBulletinOut)
def get_bulletin(bulletin_id: int) -> Bulletin:
    """一份通报，数字是发出时的。"""
    return get_visible_bulletin(current_actor(), bulletin_id)


@blueprint.get("/bulletins/<int:bulletin_id>/page")
@blueprint.response(200, {"type": "string"}, content_type="*/*")
def show_page(bulletin_id: int) -> Response:
    """一份通报的网页（text/html），可以打印。"""
    shown = make_response(get_visible_bulletin(current_actor(), bulletin_id).html)
    shown.headers["Content-Security-Policy"] = _PAGE_POLICY
    return shown
