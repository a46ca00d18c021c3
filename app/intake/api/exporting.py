"""Endpoints of exports: ask for a file, read its state and its address."""

from typing import Any

from app.intake.queries import exporting as queries
from app.intake.queries.exporting import ExportView
from app.intake.schemas.exporting import ExportIn, ExportOut
from app.intake.service import exporting as service
from app.kernel.actor import current_actor
from app.kernel.http import Blueprint
from app.orders.views.lists import OrderFilter

blueprint = Blueprint("exports", __name__, url_prefix="/api/v1/exports", description="导出工单")
_OWN = ("template", "unmasked", "reason")


@blueprint.post("")
@blueprint.arguments(ExportIn)
@blueprint.response(201, ExportOut)
def request_export(data: dict[str, Any]) -> ExportView:
    """把一个列表导出为 Excel（`orders.export`）；500 行以内立即完成，更多的由后台分批完成。

    403 `export.not_allowed`, `export.reveal_not_allowed`; 409 `export.too_many_waiting`;
    422 `export.reason_missing`, `export.too_many`.
    """
    about = {name: data.pop(name) for name in _OWN if name in data}
    wanted = OrderFilter(**data)
    actor = current_actor()
    return queries.view_of(actor, service.request_export(actor, wanted=wanted, **about))


@blueprint.get("/<int:export_id>")
@blueprint.response(200, ExportOut)
def get_export(export_id: int) -> ExportView:
    """自己的一次导出：进度，完成后的下载地址；文件保存一天。"""
    return queries.view_export(current_actor(), export_id)


@blueprint.delete("/<int:export_id>")
@blueprint.response(204)
def drop_export(export_id: int) -> None:
    """删除自己的一次导出和文件。"""
    service.drop_export(current_actor(), export_id)
