"""Two runs over the same orders and people at once, on a real database: neither waits for ever."""

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app import create_app
from app.dispatching.models import BulkRun
from app.dispatching.service import running
from app.dispatching.service.applying import apply_matching
from app.dispatching.service.bulk import run_bulk
from app.dispatching.states import BulkAction
from app.kernel.database import db, session, transaction
from app.kernel.http import App
from app.orders.handling.service import claim_order
from app.orders.placing.service import Wish, submit_order
from app.orders.ticket.models import Order, OrderEvent
from app.orders.ticket.states import Action, DispatchMode
from app.organisation.service import set_setting
from tests import postgres
from tests.conftest import new_sqlite, settings_for
from tests.world import SYSTEM, World, build_world

pytestmark = [pytest.mark.races, pytest.mark.slow, pytest.mark.figures]
Results = list[dict[str, Any]]


@pytest.fixture(scope="module")
def ground(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, World]]:
    """The small district in a database where commits are real, without caps."""
    folder = tmp_path_factory.mktemp("bulk")
    name = f"sandan_bulk_{uuid.uuid4().hex[:12]}"
    lent = postgres.new_database(name) if database == "postgresql" else None
    with lent or nullcontext(new_sqlite(folder)) as url:
        yield from _ground(url, folder)


def _ground(url: str, folder: Path) -> Iterator[tuple[App, World]]:
    app = create_app(settings_for(url, folder))
    with app.app_context():
        db.create_all()
        world = build_world()
        with transaction():
            for key in ("open_cap", "daily_cap"):
                set_setting(SYSTEM, world.district.id, key=f"orders.{key}", value=50)
            for key in ("resident_daily", "resident_open"):
                set_setting(SYSTEM, world.district.id, key=f"orders.{key}", value=1000)
    yield app, world
    with app.app_context():
        db.engine.dispose()


def together(app: App, deeds: Sequence[Callable[[], Any]]) -> list[Any]:
    """Each in a thread and a transaction of its own, all at one moment; what they answer or raise."""
    gate = threading.Barrier(len(deeds))
    answers: list[Any] = [None] * len(deeds)

    def run(place: int) -> None:
        with app.app_context():
            gate.wait()
            try:
                with transaction():
                    answers[place] = deeds[place]()
            except Exception as raised:
                answers[place] = raised

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    return answers


def placed(app: App, world: World, number: int) -> list[int]:
    """New orders of the first community."""
    with app.app_context(), transaction():
        resident = world.actor("resident")
        return [submit_order(resident, Wish(description=f"第{n}件事。")).id for n in range(number)]


def actors(app: App, world: World, *keys: str) -> list[Any]:
    """People with their rights."""
    with app.app_context(), transaction(writing=False):
        return [world.actor(key) for key in keys]


def results(answers: Sequence[Any]) -> list[Results]:
    """Of runs; whatever was raised is raised here."""
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return [answer.results for answer in answers]


def codes(found: Results) -> dict[int, str]:
    """By order: "" for done."""
    return {result["id"]: result.get("code", "") for result in found}


def test_two_runs_in_opposite_order(ground: tuple[App, World], pytestconfig: pytest.Config) -> None:
    """Each order is dispatched once, by one of the two; nobody is thrown out as a deadlock."""
    app, world = ground
    one, other = actors(app, world, "dispatcher", "leader")
    given = {"mode": DispatchMode.POOL}
    for _ in range(30 if pytestconfig.getoption("--figures") else 5):
        ids = placed(app, world, 12)
        run = partial(run_bulk, action=BulkAction.DISPATCH, fields=given)
        deeds = [partial(run, one, ids=ids), partial(run, other, ids=ids[::-1])]
        mine, theirs = (codes(each) for each in results(together(app, deeds)))
        for order in ids:
            assert {mine[order], theirs[order]} == {"", "order.action_not_allowed"}


def test_merging_crosswise(ground: tuple[App, World], pytestconfig: pytest.Config) -> None:
    """Two dispatchers each merge the half of the other's orders that follow others already."""
    app, world = ground
    one, other = actors(app, world, "dispatcher", "leader")
    for _ in range(20 if pytestconfig.getoption("--figures") else 3):
        ids = placed(app, world, 8)
        with app.app_context(), transaction():
            for follower, root in ((ids[5], ids[1]), (ids[0], ids[6])):
                merge = {"into_id": root}
                run_bulk(one, ids=[follower], action=BulkAction.MERGE, fields=merge)
        roots, halves = (ids[7], ids[2]), (ids[:4], ids[:3:-1])
        run = partial(run_bulk, action=BulkAction.MERGE)
        deeds = [
            partial(run, who, ids=half, fields={"into_id": root})
            for who, half, root in zip((one, other), halves, roots, strict=True)
        ]
        for found in results(together(app, deeds)):
            assert {result["status"] for result in found} <= {200, 409, 422}


def test_matchings_crosswise_while_members_claim(
    ground: tuple[App, World], pytestconfig: pytest.Config
) -> None:
    """Two matchings give the same orders to the same people the other way round; others claim."""
    app, world = ground
    one, other, member, second = actors(app, world, "dispatcher", "leader", "member", "member2")
    people = [world.ids[key] for key in ("member", "member2", "volunteer", "grid")]
    for _ in range(20 if pytestconfig.getoption("--figures") else 4):
        ids = placed(app, world, 8)
        with app.app_context(), transaction():
            given = {"mode": DispatchMode.POOL}
            run_bulk(one, ids=ids, action=BulkAction.DISPATCH, fields=given)
            # Nobody is kept out by what the rounds before have given him.
            for order in session.scalars(select(Order).where(Order.id.not_in(ids))):
                order.offered_to_id = order.holder_id = None
        rows = [
            {"order_id": order, "assignee_ids": [people[place % 4]]}
            for place, order in enumerate(ids)
        ]
        back = [
            {"order_id": order, "assignee_ids": [people[3 - place % 4]]}
            for place, order in enumerate(ids[::-1])
        ]
        deeds = [
            partial(apply_matching, one, rows=rows),
            partial(apply_matching, other, rows=back),
            partial(claim_order, member, ids[3]),
            partial(claim_order, second, ids[4]),
        ]
        first, last, *claims = together(app, deeds)
        found = [codes(each) for each in results([first, last])]
        for order in ids:
            given_out = [each[order] for each in found].count("")
            assert given_out <= 1 <= given_out + _claims(app, order)
        refused = {getattr(claim, "code", "") for claim in claims}
        assert refused <= {"", "order.already_claimed", "not_found", "order.not_allowed"}, claims


def _claims(app: App, order_id: int) -> int:
    with app.app_context(), transaction(writing=False):
        rows = select(func.count()).where(
            OrderEvent.order_id == order_id, OrderEvent.action == Action.CLAIM
        )
        return session.scalar(rows) or 0


def test_it_hangs_on_the_order_of_locks(
    ground: tuple[App, World], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the two runs wait for each other until the database throws one of them out."""
    if database == "sqlite":
        pytest.skip("one writer at a time waits for nobody")
    app, world = ground
    one, other = actors(app, world, "dispatcher", "leader")
    monkeypatch.setattr("app.dispatching.service.bulk.lock_all", lambda *_: None)
    halfway, attempt = threading.Barrier(2), running.attempt

    def slowly(order_id: int, deed: Callable[[], object]) -> dict[str, Any]:
        done = attempt(order_id, deed)
        if not halfway.broken and order_id in (ids[0], ids[1]):
            with suppress(threading.BrokenBarrierError):
                halfway.wait(timeout=2)
        return done

    monkeypatch.setattr("app.dispatching.service.bulk.attempt", slowly)
    ids = placed(app, world, 2)
    given = {"mode": DispatchMode.POOL}
    run = partial(run_bulk, action=BulkAction.DISPATCH, fields=given)
    deeds = [partial(run, one, ids=ids), partial(run, other, ids=ids[::-1])]
    answers = together(app, deeds)
    thrown = [answer for answer in answers if not isinstance(answer, BulkRun)]
    assert len(thrown) == 1
    assert "deadlock" in str(thrown[0])
