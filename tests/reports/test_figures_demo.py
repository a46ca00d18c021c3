"""Figures of the demo, counted a second time without the database."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app import create_app
from app.deadlines.computing.clocks import Fact, replay
from app.deadlines.computing.states import Stage
from app.deadlines.standing.models import Deadline, DeadlineFact
from app.kernel.clock import local_date, now
from app.kernel.database import session, transaction
from app.kernel.database.fast.rows import table_of
from app.kernel.http import App
from app.kernel.periods import Period
from app.orders.ticket.models import Order
from app.orders.ticket.states import OrderStatus
from app.organisation.models import Unit
from app.reports.queries.figures import figures_of
from app.reports.states import GroupBy
from tests.conftest import settings_for
from tests.demo_data import demo_database, let_go
from tests.orders.stories import SYSTEM

pytestmark = pytest.mark.slow

OUTCOMES = ("on_time", "refused", "met_late", "ended_late", "open_late")


@pytest.fixture(scope="module")
def demo(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The demo's six hundred orders."""
    os.environ.pop("CLOCK_FILE", None)
    folder = tmp_path_factory.mktemp("figures")
    with demo_database(database, folder, tmp_path_factory) as url:
        app = create_app(settings_for(url, folder))
        yield app
        let_go(app)


def _counted_plainly(at: datetime, path: str, period: Period) -> dict[str, Counter[str]]:
    """By stage, without SQL: each order's worst outcome, from the facts and the rows."""
    facts = defaultdict(list)
    for row in session.execute(select(table_of(DeadlineFact)).order_by(DeadlineFact.id)):
        stages = tuple(Stage(stage) for stage in row.stages)
        fact = Fact(row.kind, row.at, row.round, stages, row.details)
        facts[row.subject_id, row.round].append(fact)
    dropped = {
        (subject, clock.round, clock.stage, clock.turn): clock.dropped_at
        for (subject, _), told in facts.items()
        for clock in replay(told)
    }
    orders = {order.id: order for order in session.scalars(select(Order))}
    worst: dict[tuple[str, int], int] = {}
    for row in session.execute(select(table_of(Deadline))):
        order = orders[row.subject_id]
        gone = dropped[row.subject_id, row.round, row.stage, row.turn]
        inside = row.due_at is not None and period.start <= row.due_at < period.end
        if not inside or row.due_at > at or not row.unit_path.startswith(path):
            continue
        if gone is not None and gone < row.due_at:
            continue
        if row.met_at is not None and row.met_at <= row.due_at:
            again = row.stage == "solve" and order.round > row.round
            outcome = "refused" if again else "on_time"
        elif row.met_at is not None:
            outcome = "met_late"
        else:
            ended = gone is not None or order.status is OrderStatus.MERGED
            outcome = "ended_late" if ended else "open_late"
        key = (row.stage.value, row.subject_id)
        worst[key] = max(worst.get(key, 0), OUTCOMES.index(outcome))
    counted: dict[str, Counter[str]] = {}
    for (stage, _), place in worst.items():
        counted.setdefault(stage, Counter())[OUTCOMES[place]] += 1
    return counted


@pytest.mark.parametrize("by", [GroupBy.STAGE, GroupBy.UNIT])
def test_the_demo_counted_without_the_database(demo: App, by: GroupBy) -> None:
    """District, streets and communities; parts add up to the whole."""
    with demo.app_context(), transaction(writing=False):
        at = now()
        today = local_date(at)
        period = Period(today - timedelta(days=60), today)
        units = session.scalars(
            select(Unit).where(Unit.kind.in_(("district", "street", "community")))
        )
        for unit in units:
            figures = figures_of(SYSTEM, unit.id, period, by)
            plain = _counted_plainly(figures.at, unit.path, period)
            found: dict[str, Counter[str]] = {}
            for row in figures.rows:
                counts = {name: getattr(row, name) for name in OUTCOMES}
                found.setdefault(row.stage.value, Counter()).update(counts)
                assert row.due == sum(counts.values())
            assert {stage: +counter for stage, counter in found.items()} == plain
            if unit.kind == "district":
                assert {"arrange", "accept", "contact", "report", "solve"} <= plain.keys()
                solve = sum(plain["solve"].values())
                # As a community that works: most in time, some late, some refused.
                assert solve > 200
                assert 0.6 < plain["solve"]["on_time"] / solve < 0.95
                assert plain["solve"]["refused"] and plain["solve"]["met_late"]


def test_the_demo_is_plausible(demo: App) -> None:
    """What the first look at a fresh installation shows."""
    with demo.app_context(), transaction(writing=False):
        today = local_date(now())
        district = session.scalars(select(Unit).where(Unit.parent_id.is_(None))).one()
        period = Period(today - timedelta(days=60), today)
        figures = figures_of(SYSTEM, district.id, period, GroupBy.STAGE)
        assert figures.solved.of > 200
        assert 0.8 < (figures.solved.rate or 0) < 1
        assert 0.5 < (figures.response.rate or 0) < 0.95
        assert 0 < figures.reopened.count < figures.reopened.of / 5
        assert figures.unanswered > 10
        for row in figures.rows:
            assert row.used_minutes is not None and 0 < row.used_minutes < 15 * 1440
