"""销号清单: everything is on it until it is closed, and the oldest comes first."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.orders.days import START, Day
from tests.orders.stages import NOTE
from tests.orders.stories import read
from tests.world import World

pytestmark = pytest.mark.slow


def _tracked(world: World, who: str = "dispatcher", query: str = "") -> list[dict[str, Any]]:
    page = read(world, who, f"/reports/zero?limit=100&{query}")
    assert page["next_cursor"] is None
    return list(page["items"])


def _ids(world: World, who: str = "dispatcher", query: str = "") -> list[int]:
    return [row["id"] for row in _tracked(world, who, query)]


def _planned(world: World, day: Day) -> int:
    """Not to be done within a month: a plan until summer, made on the third day."""
    order_id = int(world.claimed(category_id=world.categories["路灯楼道灯"])["id"])
    day.go(days=2)
    plan = {"due_at": "2027-06-30T17:00:00+08:00", "note": "要等小区电路改造，分三步办理。"}
    world.act("dispatcher", order_id, "plan", **plan)
    return order_id


def test_on_it_until_closed(world: World, day: Day) -> None:
    """Done is not off; closed, rejected, withdrawn and merged are. The oldest first."""
    world.lift_caps()
    done, closed, gone, refused, root, merged = (
        int(world.order(category_id=world.categories["四害消杀"])["id"]) for _ in range(6)
    )
    for order_id in (done, closed):
        world.act("dispatcher", order_id, "settle", note=NOTE)
    world.act("resident", closed, "rate", solved=True)
    world.act("resident", gone, "cancel", reason="不用了")
    world.act("dispatcher", refused, "reject", reason="不归社区管", note="请找供电公司")
    world.act("dispatcher", merged, "merge", into_id=root)
    day.go(hours=1)
    last = int(world.order()["id"])
    assert _ids(world) == [done, root, last]
    world.act("resident", done, "rate", solved=False)
    (first, *_) = _tracked(world)
    # Not solved is no new beginning.
    assert (first["id"], first["round"]) == (done, 2)
    assert first["since"] == START.isoformat(timespec="milliseconds")
    assert first["category"] == {"id": world.categories["四害消杀"], "name": "四害消杀"}
    assert first["unit"] == {"id": world.community.id, "name": "东风社区"}
    assert (first["planned_until"], first["is_reported"], first["report_due_at"]) == (None,) * 3


def test_who_sees_what(world: World, day: Day) -> None:
    """As in the list of orders; a unit is its subtree."""
    here = int(world.order()["id"])
    there = int(world.order("other_resident")["id"])
    assert _ids(world) == [here]
    assert _ids(world, "street") == [here, there]
    assert _ids(world, "street", f"unit_id={world.other_community.id}") == [there]
    assert _ids(world, "dispatcher", f"unit_id={world.other_community.id}") == []
    assert _ids(world, "resident") == [here]
    assert _ids(world, "member") == []


def test_the_hard_ones(world: World, day: Day) -> None:
    """With a plan; whether this month's report is there, and when the next is due."""
    order_id = _planned(world, day)
    plain = int(world.order()["id"])
    assert _ids(world, query="planned=true") == [order_id]
    assert _ids(world, query="planned=false") == [plain]

    def hard() -> dict[str, Any]:
        (row,) = _tracked(world, query="planned=true")
        assert row["planned_until"] == "2027-06-30T17:00:00.000+08:00"
        return row

    assert (hard()["is_reported"], hard()["report_due_at"]) == (
        False,
        "2027-04-02T09:00:00.000+08:00",
    )
    day.go(days=20)
    world.act("member", order_id, "progress", note="电路图已经画好，正在报批。")
    assert (hard()["is_reported"], hard()["report_due_at"]) == (
        True,
        "2027-04-20T09:00:00.000+08:00",
    )
    # 31 March is the last evening of the month.
    day.go(days=30, hours=14)
    assert hard()["is_reported"]
    day.go(days=30, hours=15)
    assert not hard()["is_reported"]


def test_pages(world: World, day: Day) -> None:
    """Each once, whatever comes in between."""
    world.lift_caps()
    ids = [int(world.order()["id"]) for _ in range(5)]
    found: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = read(world, "dispatcher", f"/reports/zero?limit=2&cursor={quote(cursor)}")
        found += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
        world.order("resident2")
        if len(found) >= 5:
            break
    assert found[:5] == ids
    for bad in ("limit=0", "planned=perhaps", "cursor=x", "unit_id=0", "sort=due"):
        assert world.get("dispatcher", f"/reports/zero?{bad}").status_code == 422, bad
