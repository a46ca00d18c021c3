"""The HTTP API for staff: policies, previews, the calendar and reminders that failed."""

from typing import Any

from app.deadlines.computing.states import DayKind
from app.deadlines.days.queries import YearCalendar, year_calendar
from app.deadlines.days.service import CalendarReport, import_days, set_day
from app.deadlines.door import schemas
from app.deadlines.policies.previewing import Preview, preview
from app.deadlines.policies.queries import PolicyHere, policies_here, policy_here
from app.deadlines.policies.service import publish_policy, withdraw_policy
from app.deadlines.standing.models import Recomputation
from app.deadlines.standing.progress import page_of_recomputations
from app.deadlines.terms.models import DeadlinePolicy
from app.kernel.actor import current_actor
from app.kernel.http import Blueprint, check_version, tag
from app.kernel.pages import Page, page_schema

blueprint = Blueprint(
    "deadlines",
    __name__,
    url_prefix="/api/v1/deadlines",
    description="时限：各环节多久办完，到期通知谁，哪些天上班",
)


@blueprint.get("/policies")
@blueprint.arguments(schemas.UnitQuery, location="query")
@blueprint.response(200, schemas.PoliciesOut)
def list_policies(query: dict[str, Any]) -> dict[str, Any]:
    """各项时限规则在某单位怎样执行（需要 `deadlines.see`）。"""
    return {"items": policies_here(current_actor(), **query), "next_cursor": None}


@blueprint.get("/policies/<code>")
@blueprint.arguments(schemas.UnitQuery, location="query")
@blueprint.response(200, schemas.PolicyWithVersionsOut)
def get_policy(query: dict[str, Any], code: str) -> PolicyHere:
    """一项时限规则和它的各个版本（需要 `deadlines.see`）。"""
    return policy_here(current_actor(), code, **query)


@blueprint.post("/policies/<code>")
@blueprint.arguments(schemas.PolicyIn)
@blueprint.response(201, schemas.VersionOut)
def publish(data: dict[str, Any], code: str) -> DeadlinePolicy:
    """发布新版本：全体的规则，或本单位收紧的规定（需要 `deadlines.edit`）。

    `based_on` 是所改的版本：全体的填 `current_id`，单位的填 `own_id`。正在计时的随后重新计算。
    409 `policy.changed_meanwhile`, `unit.closed`; 422 `policy.looser`, `policy.bad_rules`,
    `policy.ladder_above`, `policy.bad_code`, `policy.name_missing`, `policy.unknown`.
    """
    return publish_policy(current_actor(), code, **data)


@blueprint.delete("/policies/<code>")
@blueprint.arguments(schemas.OwnUnitQuery, location="query")
@blueprint.response(204)
def withdraw(query: dict[str, Any], code: str) -> None:
    """取消本单位收紧的规定，照上级的执行；409 `policy.nothing_tightened`。"""
    withdraw_policy(current_actor(), code, **query)


@blueprint.post("/preview")
@blueprint.arguments(schemas.PreviewIn)
@blueprint.response(200, schemas.PreviewOut)
def try_out(data: dict[str, Any]) -> Preview:
    """试算：从某时开始，各环节什么时候到期，什么时候提醒谁（需要 `deadlines.see`）。

    填了 `met_at`（各环节的完成时间），还算出用了多久、还剩多久、是否超期。
    422 `preview.policy_or_stages`, `preview.bad_pauses`, `preview.too_far`, `policy.bad_rules`,
    `preview.met_before_start`, `preview.no_such_stage`.
    """
    pauses = [(pause["since"], pause["until"]) for pause in data.pop("pauses")]
    return preview(current_actor(), pauses=pauses, **data)


@blueprint.get("/recomputations")
@blueprint.arguments(schemas.RecomputationsQuery, location="query")
@blueprint.response(200, page_schema(schemas.RecomputationOut))
def list_recomputations(query: dict[str, Any]) -> Page[Recomputation]:
    """规则、日历改动以后，重新计算到了哪里（需要 `deadlines.see`）。"""
    return page_of_recomputations(current_actor(), **query)


@blueprint.get("/calendar/<int:year>")
@blueprint.response(200, schemas.CalendarOut)
def get_calendar(year: int) -> YearCalendar:
    """一年的放假和调休；还没有公布的年份只有固定的节日，是暂定的。"""
    found = year_calendar(current_actor(), year)
    tag(found.version)
    return found


@blueprint.put("/calendar/<int:year>/days/<day>")
@blueprint.arguments(schemas.DayIn)
@blueprint.response(200, schemas.CalendarReportOut)
def change_day(data: dict[str, Any], year: int, day: str) -> CalendarReport:
    """改一天：放假、上班或照平常（需要 `calendar.edit`）；版本号是那一年的。

    409 `calendar.not_announced`; 422 `calendar.bad_year`, `calendar.bad_day`, `calendar.other_year`.
    """
    kind = None if data["kind"] == schemas.NORMAL else DayKind(data["kind"])
    name, actor = data["name"], current_actor()
    return set_day(actor, year, day, kind=kind, name=name, check=check_version)


@blueprint.post("/calendar/<int:year>/import")
@blueprint.arguments(schemas.CalendarIn)
@blueprint.response(200, schemas.CalendarReportOut)
def import_calendar(data: dict[str, Any], year: int) -> CalendarReport:
    """整年的放假安排，代替原来的；`dry_run` 只看有什么变化（需要 `calendar.edit`）。

    422 `calendar.one_source`, `calendar.no_days`, `calendar.other_year`, `calendar.day_twice`,
    `calendar.year_unknown`, `calendar.bad_table`, `calendar.bad_day`, `calendar.bad_kind`,
    `calendar.bad_name`, `calendar.bad_year`.
    """
    return import_days(current_actor(), year, **data)
