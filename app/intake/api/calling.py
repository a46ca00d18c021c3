"""The endpoint of the look-up of a caller."""

from typing import Any

from app.intake.schemas.calling import CallerIn, CallersOut
from app.intake.service.calling import look_up_caller
from app.kernel.actor import current_actor
from app.kernel.http import Blueprint

blueprint = Blueprint("calling", __name__, url_prefix="/api/v1/people", description="来电查询")


@blueprint.post("/caller")
@blueprint.arguments(CallerIn)
@blueprint.response(200, CallersOut)
def look_up(data: dict[str, Any]) -> dict[str, Any]:
    """来电查询：谁打来的、住哪栋楼、有哪些事在办、那里有什么公告；每查到一人留痕一次。

    403 `caller.not_allowed`; 422 `phone.invalid`; 429 每分钟最多三十次。
    """
    return {"items": look_up_caller(current_actor(), data["phone"])}
