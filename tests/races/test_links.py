"""Merging against merging, and parts against their parent: no circle, no deadlock, nobody left over."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.kernel.database import session, transaction
from app.orders.clockwork import jobs
from app.orders.record.verifying import verify_histories
from app.orders.ticket.models import Order
from app.orders.ticket.states import OPEN, SETTLED, OrderStatus
from tests.races.test_claims import newcomer, set_caps, together
from tests.serving import Reply, Server

pytestmark = [pytest.mark.races, pytest.mark.slow]
ROUNDS = 8
_numbers = itertools.count(1)


def placed(server: Server, resident: str) -> int:
    """A new order at the desk."""
    body = {"description": "楼道灯不亮。", "unit_id": server.world.community.id}
    answer = server.call("POST", "/orders", resident, body, key=f"link-{next(_numbers)}")
    assert answer.status == 201, answer.body
    return int(answer.body["id"])


def acting(server: Server, order: int, action: str, token: str, **body: Any) -> Callable[[], Reply]:
    """An action, to be done when all the others are."""
    return lambda: server.call("POST", f"/orders/{order}/{action}", token, body)


def test_orders_merged_into_each_other_form_no_circle(server: Server) -> None:
    """All into all at the same moment: one root is left, and everything points to an open root."""
    set_caps(server, open_cap=50, daily_cap=50)
    resident = newcomer(server)
    desk = ("dispatcher", "leader", "street")
    dispatchers = [server.token(server.world.ids[who]) for who in desk]
    for _ in range(ROUNDS):
        orders = [placed(server, resident) for _ in range(4)]
        pairs = itertools.permutations(orders, 2)
        tokens = itertools.cycle(dispatchers)
        deeds = [acting(server, a, "merge", next(tokens), into_id=b) for a, b in pairs]
        replies = together(deeds)
        assert {reply.status for reply in replies} <= {200, 409}, replies
        with server.app.app_context(), transaction(writing=False):
            rows = {o.id: o for o in session.scalars(select(Order).where(Order.id.in_(orders)))}
            roots = [o for o in rows.values() if o.status in OPEN]
            assert len(roots) == 1
            followers = [o for o in rows.values() if o not in roots]
            assert {o.merged_into_id for o in followers} == {roots[0].id}
            assert not any(verdict.broken for verdict in verify_histories(orders))


def test_parts_end_while_their_parent_is_cancelled(server: Server) -> None:
    """Other units send their parts back while the resident withdraws the whole, or does not."""
    set_caps(server, open_cap=50, daily_cap=50)
    world = server.world
    resident = newcomer(server)
    dispatcher = server.token(world.ids["dispatcher"])
    desk = ("other_dispatcher", "other_leader", "street")
    others = [server.token(world.ids[who]) for who in desk]
    for turn in range(ROUNDS * 2):
        order = placed(server, resident)
        parts = [{"unit_id": world.other_community.id, "task": "去看一看"} for _ in others]
        split = acting(server, order, "split", dispatcher, parts=parts)()
        assert split.status == 200, split.body
        with server.app.app_context(), transaction(writing=False):
            found = select(Order.id).where(Order.parent_id == order).order_by(Order.id)
            children = list(session.scalars(found))
        deeds = [
            acting(server, child, "reject", token, reason="不归我们", note="自来水公司")
            for child, token in zip(children, others, strict=True)
        ]
        if turn % 4:
            deeds.append(acting(server, order, "cancel", resident))
        replies = together(deeds)
        assert {reply.status for reply in replies} <= {200, 409}, replies
        with server.app.app_context():
            with transaction():
                jobs.gather_parts()
            with transaction(writing=False):
                statuses = {o: session.get_one(Order, o).status for o in (order, *children)}
                assert not any(verdict.broken for verdict in verify_histories([order, *children]))
        assert statuses[order] in {OrderStatus.COMPLETED, OrderStatus.CANCELLED}
        assert {statuses[child] for child in children} <= SETTLED
