"""The three tickets from placing to rating, over HTTP."""

from tests.world import World


def test_the_whole_loop(world: World) -> None:
    """下单, 派单, 接单, 办结, 评价."""
    order = world.order(place_id=world.place.id)
    assert order["status"] == "submitted"
    assert order["unit"]["id"] == world.community.id
    assert order["grid"]["id"] == world.grid.id
    seen = world.get("dispatcher", f"/orders/{order['id']}").json
    assert "dispatch" in seen["actions"]
    assert world.act("dispatcher", order["id"], "dispatch", mode="pool")["status"] == "dispatched"
    pool = world.get("member", "/orders?mine=pool").json["items"]
    assert [item["id"] for item in pool] == [order["id"]]
    held = world.act("member", order["id"], "claim")
    assert held["status"] == "claimed"
    assert held["assignees"][0]["id"] == world.ids["member"]
    world.act("member", order["id"], "start")
    world.act("member", order["id"], "progress", note="已经看过现场,需要换一个灯管。")
    done = world.act("member", order["id"], "complete", note="换好了灯管。", minutes_spent=30)
    assert done["status"] == "completed"
    closed = world.act("resident", order["id"], "rate", solved=True, satisfied=True, stars=5)
    assert closed["status"] == "closed"
    assert closed["rating"]["stars"] == 5
    events = world.get("resident", f"/orders/{order['id']}/events").json["items"]
    wanted = ["submit", "dispatch", "claim", "start", "progress", "complete", "rate"]
    assert [event["action"] for event in events] == wanted
