"""Reasons of lateness, the zero list, figures and bulletins of the first community."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from app.deadlines.computing.states import Stage
from app.deadlines.standing.models import Deadline
from app.kernel.clock import local_date, now
from app.kernel.database import session
from app.reports.models import Bulletin
from app.reports.service.bulletins import make_bulletins
from tests.orders.stages import claimed, submitted
from tests.permissions.cases import situations as s
from tests.permissions.runner import Call, Case, Values
from tests.world import SYSTEM, World


def _late(world: World) -> int:
    """Held by the member past its date."""
    order_id = claimed(world)
    session.execute(
        update(Deadline)
        .where(Deadline.subject_id == order_id, Deadline.stage == Stage.SOLVE)
        .values(due_at=now() - timedelta(hours=1))
    )
    session.commit()
    return order_id


def _why(_: Call) -> Values:
    return {"stage": "solve", "reason": "material"}


def _counted(world: World) -> Values:
    _late(world)
    today = local_date(now()).isoformat()
    return {"unit_id": world.community.id, "from": today, "to": today, "by": "handler"}


def _bulletin(world: World) -> Values:
    today = local_date(now())
    make_bulletins(SYSTEM, f"weekly:{today - timedelta(days=today.weekday())}")
    made = select(Bulletin.id).where(Bulletin.unit_id == world.community.id)
    return {"bulletin_id": session.scalars(made).one()}


def _tracked(answer: Any, values: Values) -> bool:
    return values["order_id"] in [item["id"] for item in answer["items"]]


def _listed(answer: Any, values: Values) -> bool:
    return values["bulletin_id"] in [item["id"] for item in answer["items"]]


_QUERY = ("unit_id", "from", "to")
CASES = (
    Case("orders.explain", s.order_at(_late), _why),
    Case("reports.list_tracked", s.order_at(submitted), shows=_tracked),
    Case("reports.show_figures", _counted, query=_QUERY, target="unit_id"),
    Case("reports.show_figures:of people", _counted, query=(*_QUERY, "by"), target="unit_id"),
    Case("reports.list_counted", s.order_at(_late), shows=_tracked),
    Case("reports.export_counted", s.order_at(_late), lambda _: {"template": "orders"}, status=201),
    Case("reports.list_bulletins", _bulletin, shows=_listed),
    Case("reports.get_bulletin", _bulletin),
    Case("reports.show_page", _bulletin),
)
