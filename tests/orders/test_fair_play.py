"""What somebody who decides must see, what nobody should be asked for, and what proves a visit."""

from tests.orders.rows import file_of
from tests.orders.stories import order_of
from tests.world import World


def _category(world: World, name: str) -> int:
    return next(found for known, found in world.categories.items() if name in known)


def test_the_receiver_of_a_transfer_reads_what_it_is_about(world: World) -> None:
    """Before signing for it; once it is sent back it is foreign again."""
    order = world.order(description="桥头的路灯不亮")["id"]
    unit = world.other_community.id
    world.act("dispatcher", order, "transfer", unit_id=unit, reason="在桥那边")
    seen = world.get("other_dispatcher", f"/orders/{order}").get_json()
    assert seen["description"] == "桥头的路灯不亮"
    request = seen["requests"][0]
    assert request["may_decide"]
    world.post(
        "other_dispatcher", f"/orders/{order}/requests/{request['id']}/refuse", reason="不是"
    )
    assert world.get("other_dispatcher", f"/orders/{order}").status_code == 404


def test_pictures_of_a_report_can_be_looked_at(world: World) -> None:
    """The resident is asked whether it is done, and sees the picture of it."""
    order = world.claimed()["id"]
    photo = file_of(world, "member")
    world.act("member", order, "complete", note="修好了，请看照片。", photo_ids=[photo])
    events = world.get("resident", f"/orders/{order}/events").get_json()["items"]
    assert [shown["id"] for shown in events[-1]["photos"]] == [photo]
    assert events[-1]["photos"][0]["url"].startswith("/api/v1/files/")


def test_a_home_visit_is_not_completed_without_its_code(world: World) -> None:
    """However the handler gets there."""
    order = world.order(category_id=_category(world, "代取药"))["id"]
    given = {"mode": "direct", "assignee_id": world.ids["grid"]}
    world.act("dispatcher", order, "dispatch", **given)
    answer = world.post("grid", f"/orders/{order}/complete", note="送到了，老人收下了。")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "order.visit_code_required")
    world.act("grid", order, "start", visit_code=order_of(order).visit_code)
    world.act("grid", order, "complete", note="送到了，老人收下了。")


def test_a_wish_for_haste_is_shown_to_the_desk(world: World) -> None:
    """It stays a wish until the desk raises the urgency."""
    order = world.order(description="家里煤气味很大", urgency="emergency")
    assert order["urgency"] == "normal"
    assert "wished_urgent" in order["flags"]
    raised = world.act("dispatcher", order["id"], "amend", urgency="emergency", reason="可能漏气")
    assert "wished_urgent" not in raised["flags"]


def test_nobody_is_offered_what_he_may_not_take(world: World) -> None:
    """The dispatcher hears it, not the member."""
    category = next(
        c
        for c in world.get("dispatcher", "/categories").get_json()["items"]
        for c in c["children"]
        if c["skills"] and not set(c["skills"]) & {"保洁"}
    )
    order = world.order(category_id=category["id"], photo_ids=[file_of(world, "resident")])["id"]
    offer = {"mode": "direct", "assignee_id": world.ids["member"]}
    answer = world.post("dispatcher", f"/orders/{order}/dispatch", **offer)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "order.skill_missing")
