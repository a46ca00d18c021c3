"""核查 after the hands that completed the order have gone: it goes to the desk, or to the new hands."""

import pytest

from app.categories.models import Category
from app.kernel.database import session
from app.orders.ticket.states import OrderStatus
from app.organisation.service import change_provider
from app.people.service import erase_person, grant_role
from tests.orders.rows import heard, last_message
from tests.orders.stages import claimed
from tests.orders.stories import assert_sound, do, order_of
from tests.world import SYSTEM, World

FAILED = {"passed": False, "note": "还有老鼠"}


@pytest.fixture(autouse=True)
def _checked_first(world: World) -> None:
    session.get_one(Category, world.categories["四害消杀"]).check_before_answer = True
    session.commit()


def _account(world: World, who: str) -> None:
    """That person acts for the outside unit from now on."""
    firm, person_id = world.provider, world.ids[who]
    do(change_provider, SYSTEM, firm.id, name=firm.name, kind=firm.kind, person_id=person_id)


def _completed_by_firm(world: World) -> int:
    _account(world, "grid")
    order_id = int(world.order(category_id=world.categories["四害消杀"])["id"])
    body = {"mode": "direct", "provider_id": world.provider.id}
    world.act("dispatcher", order_id, "dispatch", **body)
    world.act("grid", order_id, "complete", note="办好了。")
    return order_id


def test_of_someone_erased_it_goes_to_the_desk(world: World) -> None:
    order_id = claimed(world)
    world.act("member", order_id, "complete", note="办好了。")
    member = world.actor("member")
    do(erase_person, member, member.own_id)
    order = world.act("dispatcher", order_id, "check", **FAILED)
    assert (order["status"], order["assignees"]) == ("submitted", [])
    assert order_of(order_id).status is OrderStatus.SUBMITTED
    assert_sound(order_id)
    world.act("dispatcher", order_id, "dispatch", mode="pool")


def test_of_a_firm_whose_account_is_erased_it_stays_with_the_firm(world: World) -> None:
    """Nobody acts for it now, so the desk is told, which records the work."""
    order_id = _completed_by_firm(world)
    account = world.actor("grid")
    do(erase_person, account, account.own_id)
    since = last_message()
    world.act("dispatcher", order_id, "check", **FAILED)
    found = order_of(order_id)
    assert (found.status, found.holder_id) == (OrderStatus.IN_PROGRESS, None)
    assert found.provider_id == world.provider.id
    assert ("dispatcher", "account_gone") in heard(world, order_id, since)
    assert_sound(order_id)


def test_of_a_firm_with_a_new_account_it_goes_to_that(world: World) -> None:
    order_id = _completed_by_firm(world)
    do(grant_role, SYSTEM, world.ids["duty"], "provider", world.community.id)
    _account(world, "duty")
    since = last_message()
    world.act("dispatcher", order_id, "check", **FAILED)
    assert order_of(order_id).holder_id == world.ids["duty"]
    assert ("duty", "assigned") in heard(world, order_id, since)
    assert_sound(order_id)
