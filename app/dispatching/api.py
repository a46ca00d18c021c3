"""Endpoints for candidates, for matchings and for one action on many orders."""

from typing import Any

from app.dispatching import schemas
from app.dispatching.models import BulkRun
from app.dispatching.queries.candidates import Candidate, candidates_of
from app.dispatching.queries.matchings import Matching, matching_of
from app.dispatching.queries.runs import get_visible_run
from app.dispatching.service.applying import apply_matching
from app.dispatching.service.bulk import run_bulk, try_bulk
from app.kernel.actor import current_actor
from app.kernel.http import Blueprint
from app.kernel.idempotency import repeatable
from app.kernel.pages import Page, page_schema

blueprint = Blueprint(
    "dispatching", __name__, url_prefix="/api/v1", description="派单：人选、最优匹配、批量"
)
Body = dict[str, Any]


@blueprint.get("/orders/<int:order_id>/candidates")
@blueprint.response(200, page_schema(schemas.CandidateOut))
def list_candidates(order_id: int) -> Page[Candidate]:
    """派给谁合适：最多二十人，各写明理由。"""
    return Page(candidates_of(current_actor(), order_id), None)


@blueprint.post("/dispatching/matchings")
@blueprint.arguments(schemas.MatchingIn)
@blueprint.response(200, schemas.MatchingOut)
def propose_matching(data: Body) -> Matching:
    """一批工单派给一批人的最优方案，只看不办。"""
    return matching_of(current_actor(), **data)


@blueprint.post("/dispatching/matchings/apply")
@blueprint.arguments(schemas.ApplyIn)
@blueprint.response(200, schemas.ApplyOut)
@repeatable(get_visible_run)
def carry_out_matching(data: Body) -> BulkRun:
    """按方案派单，逐单给出结果。"""
    return apply_matching(current_actor(), **data)


def _tried(data: Body) -> Body:
    return {"results": try_bulk(current_actor(), **data)}


@repeatable(get_visible_run)
def _done(data: Body) -> BulkRun:
    return run_bulk(current_actor(), **data)


def bulk(data: Body) -> BulkRun | Body:
    """批量办理，逐单给出结果；dry_run 只试不办。"""
    only_tried = data.pop("dry_run", False)
    known = {"ids": data.pop("ids"), "action": data.pop("action"), "fields": data}
    return _tried(known) if only_tried else _done(known)


# A dry run keeps no row that a repeated request could be answered from, so only `_done` is
# repeatable; the documentation shows the Idempotency-Key header for both.
bulk.repeatable = "optional"  # type: ignore[attr-defined]  # read by the documentation
blueprint.post("/orders/bulk")(
    blueprint.arguments(schemas.BulkIn)(blueprint.response(200, schemas.BulkOut)(bulk))
)
