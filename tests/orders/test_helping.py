"""同行: who goes along reads and speaks as the handler does, and neither moves nor ends the order."""

import pytest
from sqlalchemy import select

from app.kernel.database import session
from app.orders.clockwork.timed import lapse_offers
from app.orders.leaving.holders import release_all, release_membership
from app.orders.ticket.models import OrderAssignee
from tests.orders.days import Day, run
from tests.orders.rows import heard, last_message, refused
from tests.orders.stories import SYSTEM, code_of, do, events_for, order_of, read, told
from tests.world import World

pytestmark = pytest.mark.slow


def pair(world: World) -> int:
    """Offered to the member, with the second member along."""
    order = world.order(contact_phone="13812345678", place_id=world.place.id)["id"]
    world.act(
        "dispatcher",
        order,
        "dispatch",
        mode="direct",
        assignee_id=world.ids["member"],
        helper_ids=[world.ids["member2"]],
    )
    return int(order)


def _sees(world: World, order_id: int, who: str = "member2") -> bool:
    return world.get(who, f"/orders/{order_id}").status_code == 200


def test_the_second_of_a_pair_reads_and_speaks(world: World) -> None:
    """From the dispatch on; place and contact from the claim on; nobody else of the unit does."""
    since = last_message()
    order = pair(world)
    assert {("member", "companion"), ("member2", "companion")} <= heard(world, order, since)
    assert order_of(order).people_needed == 2
    seen = read(world, "member2", f"/orders/{order}")
    assert (seen["place"], seen["contact"], seen["requester"] is None) == (None, None, False)
    assert not _sees(world, order, "volunteer")
    world.act("member", order, "claim")
    world.act("member", order, "comments", note="两点在楼下见。", visible=False)
    seen = read(world, "member2", f"/orders/{order}")
    assert seen["place"]["id"] == world.place.id
    assert seen["contact"]["phone"] == "138****5678"
    assert {(a["id"], a["part"]) for a in seen["assignees"]} == {
        (world.ids["member"], None),
        (world.ids["member2"], "helper"),
    }
    assert events_for(world, "member2", order)[-1]["note"] == "两点在楼下见。"
    since = last_message()
    world.act("member2", order, "comments", note="好的，我带梯子。", visible=False)
    assert ("member", "comment") in heard(world, order, since)
    reason = {"fields": ["contact"], "reason": "联系居民"}
    assert world.post("member2", f"/orders/{order}/reveal", **reason).status_code == 200


def test_but_neither_moves_nor_ends_it(world: World) -> None:
    """Only to speak is on offer."""
    order = pair(world)
    assert code_of(world, "member2", order, "claim")[1] == "order.not_allowed"
    world.act("member", order, "claim")
    assert read(world, "member2", f"/orders/{order}")["actions"] == ["comments"]
    for action, body in (
        ("start", {}),
        ("progress", {"note": "已经看过现场，明天来修。"}),
        ("return", {"reason": "没空"}),
        ("complete", {"note": "好了。"}),
    ):
        sent = refused(world, "member2", f"/orders/{order}/{action}", **body)
        assert sent == (403, "order.not_allowed"), action


def test_done_together(world: World) -> None:
    """Who was sent along stands in the answer without being named again, reads on, and is thanked."""
    order = pair(world)
    world.act("member", order, "claim")
    done = world.act("member", order, "complete", note="换好了。")
    assert {a["id"] for a in done["assignees"]} == {world.ids["member"], world.ids["member2"]}
    assert read(world, "member2", f"/orders/{order}")["contact"] is None
    world.act("member2", order, "comments", note="灯罩也擦了。")
    since = last_message()
    world.act("resident", order, "rate", solved=True)
    assert heard(world, order, since) == {("member", "rated"), ("member2", "rated")}
    assert _sees(world, order)


def test_another_came_instead(world: World) -> None:
    """Who is named at the end was there, and nobody else."""
    order = pair(world)
    world.act("member", order, "claim")
    helpers = [world.ids["volunteer"]]
    done = world.act("member", order, "complete", note="换好了。", helper_ids=helpers)
    assert {a["id"] for a in done["assignees"]} == {world.ids["member"], world.ids["volunteer"]}
    assert (_sees(world, order), _sees(world, order, "volunteer")) == (False, True)


def test_a_failed_check_gives_it_back_to_both(world: World) -> None:
    order = pair(world)
    world.act("member", order, "claim")
    world.act("member", order, "complete", note="换好了。")
    world.act("dispatcher", order, "check", passed=False, note="没有换。")
    assert read(world, "member2", f"/orders/{order}")["actions"] == ["comments"]


@pytest.mark.parametrize("claimed", [False, True])
@pytest.mark.parametrize(
    ("who", "action", "body"),
    [
        ("dispatcher", "recall", {"reason": "重新安排"}),
        ("dispatcher", "reassign", {"reason": "换人", "mode": "pool"}),
        ("member", None, {"reason": "家里有急事"}),
    ],
)
def test_taken_from_one_it_is_taken_from_both(
    world: World, claimed: bool, who: str, action: str | None, body: dict[str, str]
) -> None:
    """Nothing of it is left to the second."""
    order = pair(world)
    if claimed:
        world.act("member", order, "claim")
    world.act(who, order, action or ("return" if claimed else "decline"), **body)
    found = order_of(order)
    assert found.helper_ids == []
    standing = select(OrderAssignee.id).where(
        OrderAssignee.order_id == order, OrderAssignee.until.is_(None)
    )
    assert session.scalars(standing).all() == []
    assert _sees(world, order) is (found.mode == "pool")


def test_given_to_another_pair(world: World) -> None:
    """The second stays where he or she is named again."""
    order = pair(world)
    world.act("member", order, "claim")
    ids = world.ids
    for helper, sees in (("member2", True), ("volunteer", False)):
        to = "grid" if helper == "member2" else "duty"
        world.act(
            "dispatcher",
            order,
            "reassign",
            reason="换人",
            assignee_id=ids[to],
            helper_ids=[ids[helper]],
        )
        assert order_of(order).helper_ids == [ids[helper]]
        assert _sees(world, order) is sees


def test_an_offer_that_lapses(world: World, day: Day) -> None:
    order = pair(world)
    day.go(days=2)
    assert run(lambda: lapse_offers(SYSTEM)) == 1
    assert not _sees(world, order)


@pytest.mark.parametrize("whole", [False, True])
def test_who_leaves_goes_along_no_more(world: World, whole: bool) -> None:
    """The order stays with its handler."""
    order = pair(world)
    world.act("member", order, "claim")
    if whole:
        do(release_all, SYSTEM, world.ids["member2"])
    else:
        do(release_membership, SYSTEM, world.ids["member2"], None)
    assert order_of(order).helper_ids == []
    assert order_of(order).holder_id == world.ids["member"]
    assert not _sees(world, order)


@pytest.mark.parametrize("helper", ["member", "resident", "resident2", "other_member", None])
def test_who_can_be_sent_along(world: World, helper: str | None) -> None:
    """Not the handler, not whom it is for, no resident, nobody from elsewhere, nobody unknown."""
    order = world.order()["id"]
    path = f"/orders/{order}/dispatch"
    ids = [world.ids[helper] if helper else 999_999]
    to = {"mode": "direct", "assignee_id": world.ids["member"], "helper_ids": ids}
    assert refused(world, "dispatcher", path, **to) == (422, "helper.unknown")
    pool = {"mode": "pool", "helper_ids": [world.ids["member2"]]}
    assert refused(world, "dispatcher", path, **pool) == (422, "order.pool_has_no_assignee")
    assert told(world, "member2", "companion") == 0
