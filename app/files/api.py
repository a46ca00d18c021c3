"""The endpoints of files: upload a file, and show the file that a signed address names."""

from io import BytesIO
from typing import Any

from flask import Response, request, send_file

from app.files import queries, service
from app.files.media.pictures import LARGEST_PICTURE
from app.files.reading import Content, read_content
from app.files.schemas import FileOut
from app.files.states import LARGEST_BODY
from app.kernel.actor import current_actor
from app.kernel.errors import Invalid
from app.kernel.http import Blueprint, Decorator, handed, network_first
from app.kernel.idempotency import repeatable

blueprint = Blueprint("files", __name__, url_prefix="/api/v1", description="照片和录音")
BLUEPRINTS = (blueprint,)

_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "additionalProperties": False,
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        }
    },
}
_documented: Decorator = blueprint.doc(requestBody=_BODY)


def _read_upload(_body: dict[str, Any]) -> Content:
    """Reads the form part `file` and cleans its content.

    Runs before the transaction, so that no lock is held while a picture is decoded. Raises Invalid
    `file.parts` for more than one part, `file.missing` for none, and the errors of `read_content`.
    """
    request.max_content_length = LARGEST_BODY
    parts = [
        (name, part)
        for form in (request.files, request.form)
        for name, values in form.lists()
        for part in values
    ]
    if len(parts) > 1:
        raise Invalid("file.parts", "一次只能传一个文件，请一个一个地传。")
    upload = request.files.get("file")
    data = upload.stream.read(LARGEST_PICTURE + 1) if upload else b""
    if not data:
        raise Invalid("file.missing", "没有收到文件，请选一张照片或录一段音再传。")
    return read_content(data)


@blueprint.post("/files")
@_documented
@network_first(_read_upload)
@blueprint.response(201, FileOut)
@handed(_read_upload)
@repeatable(queries.get_visible_link)
def upload_file(content: Content) -> queries.FileLink:
    """上传照片（JPEG、PNG、WebP，10 MB）或录音（m4a、mp3、amr，60 秒，2 MB）。

    类型由内容决定。照片重新编码：转正、sRGB、最长 2560 像素、不带附加信息。
    """
    return queries.link_to(service.upload(current_actor(), content))


@blueprint.get("/files/<string:signed>")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="*/*")
@blueprint.alt_response(206, schema={"type": "string", "format": "binary"}, content_type="*/*")
@blueprint.alt_response(304, description="没有变化")
@blueprint.alt_response(416)
def show_file(signed: str) -> Response:
    """公开：凭签名查看。伪造、过期、已删除的都是同样的 404。"""
    return _answer(queries.open_signed(signed))


def _answer(file: queries.OpenedFile) -> Response:
    response = send_file(
        BytesIO(file.content),
        mimetype=file.content_type,
        as_attachment=file.is_document,
        download_name=file.download_name,
        etag=file.etag,
        conditional=True,
    )
    kept = "no-store" if file.is_document else f"private, max-age={file.seconds_left}"
    response.headers["Cache-Control"] = kept
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
