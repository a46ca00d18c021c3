"""The endpoints of files: upload a file, and show the file that a signed address names."""

from functools import partial
from io import BytesIO
from typing import Any

from flask import Response, after_this_request, request, send_file

from app.files import queries, service
from app.files.media.pictures import LARGEST_PICTURE
from app.files.reading import Content, read_content
from app.files.schemas import FileOut
from app.files.signed import is_genuine
from app.files.states import LARGEST_BODY
from app.files.storage import Stored, discard, store
from app.files.turns import turn_of
from app.kernel.actor import current_actor
from app.kernel.database import transaction
from app.kernel.errors import Invalid, Unavailable
from app.kernel.http import Blueprint, Decorator, handed, network_first
from app.kernel.idempotency import repeatable
from app.kernel.limits import check, count, counted_elsewhere
from app.kernel.throttle import signed_content

blueprint = Blueprint("files", __name__, url_prefix="/api/v1", description="照片和录音")
BLUEPRINTS = (blueprint,)

_ACT = "files.upload_file"
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


def _read_upload(_body: dict[str, Any]) -> Stored:
    """Reads the form part `file`, cleans and stores its content, one upload of a person at a time.

    Runs before the transaction, so that no lock is held while a picture is decoded or the disk waits.
    Where no row is made, the bytes are deleted again after the answer. What costs nothing
    is asked first: the turn, the hour and the quota. Counted is what was read, be it kept or refused,
    and not what came while others were decoded. Raises TooMany `file.one_at_a_time`, `rate.exceeded`
    and `file.quota_exceeded`, and the errors of `_content`.
    """
    actor = current_actor()
    with turn_of(actor.own_id):
        with transaction():
            check(actor, _ACT)
            service.check_room(actor)
        was_read = True
        try:
            stored = store(_content())
            after_this_request(partial(_discard, stored))
            return stored
        except Unavailable:
            was_read = False
            raise
        finally:
            if was_read:
                with transaction():
                    count(actor, _ACT)


def _discard(stored: Stored, response: Response) -> Response:
    # After a fault the row may have been committed all the same; the job for strays looks for it.
    if not stored.is_kept and response.status_code < 500:
        discard(stored)
    return response


def _content() -> Content:
    """Reads the form part and cleans it.

    Raises Invalid `file.parts` for more than one part, `file.missing` for none, and the errors of
    `read_content`.
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
@handed(lambda _: _content())
@repeatable(queries.get_visible_link)
@counted_elsewhere(
    "_read_upload counts, after the person's turn: what is refused for it writes nothing"
)
def upload_file(stored: Stored) -> queries.FileLink:
    """上传照片（JPEG、PNG、WebP，10 MB）或录音（m4a、mp3、amr，60 秒，2 MB）。

    类型由内容决定。照片重新编码：转正、sRGB、最长 2560 像素、不带附加信息。
    """
    return queries.link_to(service.upload(current_actor(), stored))


@blueprint.get("/files/<string:signed>")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="*/*")
@blueprint.alt_response(206, schema={"type": "string", "format": "binary"}, content_type="*/*")
@blueprint.alt_response(304, description="没有变化")
@blueprint.alt_response(416)
@signed_content(is_genuine)
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
