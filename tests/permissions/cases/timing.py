"""Policies of deadlines, what would be due when, and the calendar."""

from typing import Any

from sqlalchemy import select, update

from app.deadlines.days.queries import year_calendar
from app.deadlines.policies.queries import policy_here
from app.deadlines.policies.service import publish_policy
from app.deadlines.standing.models import Deadline
from app.kernel.clock import now
from app.kernel.database import session
from tests.permissions.cases.own import lost_listed
from tests.permissions.runner import Call, Case, Values
from tests.world import SYSTEM, World

_STAGES = [{"stage": "solve", "days": 2}]
_START = "2026-03-02T09:00:00+08:00"


def _in_community(world: World) -> Values:
    return {"unit_id": world.community.id, "code": "sanitation"}


def _tightened(world: World) -> Values:
    values = _in_community(world)
    publish_policy(SYSTEM, values["code"], unit_id=values["unit_id"], stages=_STAGES, based_on=None)
    session.commit()
    return values


def _for_all(call: Call) -> Values:
    here = policy_here(SYSTEM, "sanitation", call.values["unit_id"])
    return {"stages": _STAGES, "based_on": here.current_id}


def _of_the_unit(call: Call) -> Values:
    return {"stages": _STAGES, "based_on": None, "unit_id": call.values["unit_id"]}


def _tried(call: Call) -> Values:
    return {"policy": "sanitation", "start": _START, "unit_id": call.values["unit_id"]}


def _day(_: World) -> Values:
    return {"year": 2026, "day": "2026-03-03"}


def _year(call: Call) -> int:
    return year_calendar(SYSTEM, call.values["year"]).version


def _off(_: Call) -> Any:
    return {"kind": "holiday", "name": "停工"}


def _announced(_: Call) -> Any:
    return {"source": "chinesecalendar", "dry_run": True}


def _lost(world: World) -> Values:
    order_id = world.order()["id"]
    mine = Deadline.subject_id == order_id
    session.execute(update(Deadline).where(mine).values(given_up_at=now()))
    session.commit()
    found = select(Deadline.id).where(mine, Deadline.next_step.is_not(None)).limit(1)
    return {"kind": "deadline", "row_id": str(session.scalars(found).one())}


CASES = (
    Case("jobs.list_given_up:deadline", _lost, query=("kind",), shows=lost_listed),
    Case("jobs.retry_given_up:deadline", _lost, target="row_id"),
    Case("deadlines.list_policies", _in_community, query=("unit_id",)),
    Case("deadlines.get_policy", _in_community, query=("unit_id",)),
    Case("deadlines.publish", _in_community, _for_all, 201),
    Case("deadlines.publish:of the unit", _in_community, _of_the_unit, 201),
    Case("deadlines.withdraw", _tightened, status=204, query=("unit_id",)),
    Case("deadlines.try_out", _in_community, _tried),
    Case("deadlines.list_recomputations", _in_community, query=("unit_id",)),
    Case("deadlines.get_calendar", _day),
    Case("deadlines.change_day", _day, _off, version=_year),
    Case("deadlines.import_calendar", _day, _announced),
)
