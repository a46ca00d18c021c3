"""A role over one grid: the orders that lie in it, as they are handled by the community around it."""

import pytest
from sqlalchemy import select

from app.kernel.database import session
from app.orders.ticket.models import Order
from app.people.models import RoleGrant
from app.people.service import end_role, grant_role
from tests.orders.rows import heard, last_message, refused
from tests.orders.stories import do, events_for, order_of, read
from tests.world import SOUTH, STEP, SYSTEM, WEST, World

pytestmark = pytest.mark.slow


@pytest.fixture
def walked(world: World) -> World:
    """The grid worker has the first grid, and no more of the community."""
    held = select(RoleGrant.id).where(RoleGrant.person_id == world.ids["grid"])
    for grant_id in session.scalars(held).all():
        do(end_role, SYSTEM, grant_id)
    do(grant_role, SYSTEM, world.ids["grid"], "grid_worker", world.grid.id)
    return world


def _there(world: World, column: float, **body: object) -> int:
    point = {"latitude": SOUTH + STEP / 2, "longitude": WEST + STEP * column}
    order = world.order(location=point | {"coordinate_system": "gcj02"}, **body)
    return int(order["id"])


def _sees(world: World, order_id: int) -> bool:
    """Singly and in the list alike."""
    answer = world.get("grid", f"/orders/{order_id}")
    listed = [order["id"] for order in read(world, "grid", "/orders?limit=100")["items"]]
    assert (order_id in listed) is (answer.status_code == 200)
    return answer.status_code == 200


def test_the_orders_of_the_grid(walked: World) -> None:
    """Not those of the grid next to it, nor those of which nobody knows the grid."""
    here, next_door = _there(walked, 0.5), _there(walked, 1.5)
    nowhere = walked.order()["id"]
    assert order_of(here).grid_id == walked.grid.id
    assert [_sees(walked, order) for order in (here, next_door, nowhere)] == [True, False, False]
    seen = read(walked, "grid", f"/orders/{here}")
    assert seen["description"] is not None
    assert seen["contact"] is None or "*" in seen["contact"]["phone"]
    assert len(events_for(walked, "grid", here)) == 1


def test_confidential_ones_are_not_for_the_grid(walked: World) -> None:
    order = _there(walked, 0.5, category_id=walked.categories["反诈与可疑推销"])
    assert not _sees(walked, order)


def test_what_has_gone_elsewhere_is_the_grids_no_more(walked: World) -> None:
    """To another community; the street above is still around the grid."""
    order = _there(walked, 0.5)
    other, street = walked.other_community, walked.street
    for unit, sees in ((other, False), (street, True)):
        found = session.get_one(Order, order)
        found.handling_unit_id, found.handling_path = unit.id, unit.path
        session.commit()
        assert _sees(walked, order) is sees


def test_what_the_role_gives(walked: World) -> None:
    """Settled on the spot, assigned, called back; the desk's own is not the grid worker's."""
    order = _there(walked, 0.5)
    assert refused(walked, "grid", f"/orders/{order}/recall", reason="重来")[0] == 403
    assert walked.act("grid", order, "settle", note="已当面说明。")["status"] == "completed"
    order = _there(walked, 0.5)
    to = {"mode": "direct", "assignee_id": walked.ids["grid"]}
    assert walked.act("dispatcher", order, "dispatch", **to)["status"] == "claimed"
    elsewhere = _there(walked, 1.5)
    sent = refused(walked, "dispatcher", f"/orders/{elsewhere}/dispatch", **to)
    assert sent == (422, "assignee.unknown")


def test_with_the_role_the_orders_go(walked: World) -> None:
    """Back to the desk."""
    order = _there(walked, 0.5)
    to = {"mode": "direct", "assignee_id": walked.ids["grid"]}
    walked.act("dispatcher", order, "dispatch", **to)
    since = last_message()
    held = select(RoleGrant).where(
        RoleGrant.person_id == walked.ids["grid"], RoleGrant.unit_id == walked.grid.id
    )
    do(end_role, SYSTEM, session.scalars(held).one().id)
    assert order_of(order).status == "submitted"
    assert ("dispatcher", "returned") in heard(walked, order, since)
    assert not _sees(walked, order)
