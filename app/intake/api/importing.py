"""Endpoints of imports: upload a file, read the preview, enter the rows, fetch the rejected rows."""

from io import BytesIO
from typing import Any

from flask import Response, request, send_file
from marshmallow import ValidationError

from app.intake.mappings import shipped_names
from app.intake.queries import explaining
from app.intake.queries import importing as queries
from app.intake.queries.importing import ImportView, Preview
from app.intake.schemas.importing import ImportIn, ImportOut, TemplateQuery
from app.intake.service import uploading
from app.intake.sheets import EXCEL, workbook
from app.intake.states import DEFAULT_MAPPING, LARGEST_FILE
from app.kernel.actor import current_actor
from app.kernel.database import transaction
from app.kernel.errors import Invalid
from app.kernel.http import Blueprint, Decorator, handed, network_first, shape_refusal
from app.kernel.idempotency import repeatable

blueprint = Blueprint("imports", __name__, url_prefix="/api/v1/imports", description="导入工单")

_FRAME = 64 * 1024
_FILE = {"type": "string", "format": "binary"}
_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file", "unit_id"],
                "additionalProperties": False,
                "properties": {
                    "file": {**_FILE, "description": "Excel 或 CSV，10 MB、20000 行以内"},
                    "unit_id": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
                    "mapping": {
                        "type": "string",
                        "enum": shipped_names(),
                        "default": DEFAULT_MAPPING,
                    },
                },
            }
        }
    },
}
_documented: Decorator = blueprint.doc(requestBody=_BODY)


def _read_upload(_body: dict[str, Any]) -> Preview:
    """Reads and checks the file before the view's transaction begins.

    So a large file does not hold up the other writers. Raises Invalid `file.missing`, what
    `preview` raises, and the refusal for fields of a wrong shape.
    """
    request.max_content_length = LARGEST_FILE + _FRAME
    try:
        about = ImportIn().load(request.form.to_dict())
    except ValidationError as wrong:
        raise shape_refusal(wrong.messages) from wrong
    uploads = [part for _, parts in request.files.lists() for part in parts]
    file = request.files.get("file")
    if file is None or len(uploads) != 1:
        raise Invalid(
            "file.missing",
            "请选一个 Excel 或 CSV 文件再传。",
            errors={"file": ["请选一个文件。"]},
        )
    with transaction(writing=False):
        return queries.preview(current_actor(), file.stream, about["unit_id"], about["mapping"])


@blueprint.post("")
@_documented
@network_first(_read_upload)
@blueprint.response(201, ImportOut)
@handed(_read_upload)
@repeatable(queries.view_import)
def upload_import(read: Preview) -> ImportView:
    """上传一份工单台账并检查（`orders.import`）；还不导入，内容加密保存一天。

    422 `import.unreadable`, `import.empty`, `import.headings_missing`, `import.heading_twice`,
    `import.too_many_rows`, `import.too_large`, `file.missing`, `unit.closed`;
    409 `import.too_many_waiting`.
    """
    return queries.view_of(uploading.keep_upload(current_actor(), read))


@blueprint.get("/template")
@blueprint.arguments(TemplateQuery, location="query")
@blueprint.response(200, _FILE, content_type="*/*")
def get_template(query: dict[str, Any]) -> Response:
    """空白的 Excel 模板，第二页是填写说明。"""
    return _excel(explaining.template_of(current_actor(), query["mapping"]), "工单导入模板.xlsx")


@blueprint.get("/<int:import_id>")
@blueprint.response(200, ImportOut)
def get_import(import_id: int) -> ImportView:
    """检查的结果和导入的进度。"""
    return queries.view_import(current_actor(), import_id)


@blueprint.post("/<int:import_id>/apply")
@blueprint.response(200, ImportOut)
@repeatable(queries.view_import)
def apply_import(import_id: int) -> ImportView:
    """导入对的行；由后台分批完成，进度看 `GET /imports/{id}`。

    409 `import.expired`.
    """
    return queries.view_of(uploading.apply_upload(current_actor(), import_id))


@blueprint.get("/<int:import_id>/rejected")
@blueprint.response(200, _FILE, content_type="*/*")
def get_rejected(import_id: int) -> Response:
    """被退回的行，原来的列加行号和原因，改好后可以再传；只给上传的人，保留一天。

    403 `import.not_own`; 404 `import.no_rejected`.
    """
    table = queries.rejected_table(current_actor(), import_id)
    return _excel([("退回的行", table)], "退回的行.xlsx")


@blueprint.delete("/<int:import_id>")
@blueprint.response(204)
def drop_import(import_id: int) -> None:
    """删除上传的内容；已导入的工单还在。

    409 `import.applying`.
    """
    uploading.drop_upload(current_actor(), import_id)


def _excel(sheets: list[tuple[str, list[list[str]]]], name: str) -> Response:
    packed = BytesIO(workbook(sheets))
    response = send_file(packed, mimetype=EXCEL, as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response
