"""The endpoint of the look-up of a caller."""

from typing import Any

from app.intake.schemas.calling import CallerIn, CallerOut
from app.intake.service.calling import Caller, look_up_caller
from app.kernel.actor import current_actor
from app.kernel.http import Blueprint
from app.kernel.pages import Page, page_schema

blueprint = Blueprint("calling", __name__, url_prefix="/api/v1/people", description="来电查询")


@blueprint.post("/caller")
@blueprint.arguments(CallerIn)
@blueprint.response(200, page_schema(CallerOut))
def look_up(data: dict[str, Any]) -> Page[Caller]:
    """来电查询：谁打来的、住哪栋楼、有哪些事在办、那里有什么公告；每查到一人留痕一次。

    403 `caller.not_allowed`; 422 `phone.invalid`; 429 每分钟最多三十次。
    """
    return Page(look_up_caller(current_actor(), data["phone"]), None)
