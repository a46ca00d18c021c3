"""The history shows every change: tampering is found, and what erasure has deleted passes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from app.kernel.database import session, transaction
from app.kernel.http import App
from app.orders.door import commands
from app.orders.record import verifying
from app.orders.record.history import Verdict
from app.orders.record.verifying import verify_histories
from app.orders.ticket.models import Order, OrderEvent, OrderEventContent
from tests.orders.stories import assert_sound
from tests.permissions.actors import undone
from tests.world import World

# What each covered column is changed to, given the row as it is.
TAMPERED: dict[str, Callable[[OrderEvent], Any]] = {
    "previous": lambda row: "0" * 64,
    "round": lambda row: row.round + 1,
    "unit_id": lambda row: row.unit_id + 1,
    "action": lambda row: "comments",
    "happened_at": lambda row: row.happened_at - timedelta(seconds=1),
    "recorded_at": lambda row: row.recorded_at + timedelta(microseconds=1),
    "actor_id": lambda row: None,
    "actor_name": lambda row: "somebody",
    "on_word_of": lambda row: 1,
    "from_status": lambda row: "suspended",
    "to_status": lambda row: "cancelled",
    "visible": lambda row: not row.visible,
    "content_mac": lambda row: "0" * 64,
    "hash": lambda row: "0" * 64,
}


@pytest.fixture
def order(world: World) -> int:
    """An order with a history of seven rows."""
    found = int(world.claimed()["id"])
    world.act("member", found, "start")
    world.act("member", found, "progress", note="已经看过现场，需要换一个灯管。")
    world.act("member", found, "complete", note="换好了灯管。")
    world.act("resident", found, "rate", solved=True, comment="谢谢。")
    assert_sound(found)
    return found


def row_of(order: int, seq: int) -> OrderEvent:
    """One row of the history."""
    found = select(OrderEvent).where(OrderEvent.order_id == order, OrderEvent.seq == seq)
    return session.scalars(found.execution_options(populate_existing=True)).one()


def verdict_of(order: int) -> Verdict:
    """What the check finds."""
    (verdict,) = verify_histories([order])
    return verdict


def change(model: Any, condition: Any, **values: Any) -> None:
    """Past the program, straight in the database."""
    with transaction():
        session.execute(update(model.__table__).where(condition).values(values))


@pytest.mark.parametrize("seq", [1, 4, 7])
def test_each_changed_column_is_found(order: int, seq: int) -> None:
    for column, tamper in TAMPERED.items():
        with undone():
            row = row_of(order, seq)
            change(OrderEvent, OrderEvent.id == row.id, **{column: tamper(row)})
            assert f"第{seq}行被改动" in verdict_of(order).broken, column
        assert not verdict_of(order).broken


def test_every_column_of_a_row_is_covered() -> None:
    """A column that is added later must be sealed too, or be named here with its reason."""
    found = {column.key for column in OrderEvent.__table__.columns}
    # The id is the database's; order and seq are tried below, for they are constrained.
    assert found == set(TAMPERED) | {"id", "order_id", "seq"}


def test_a_state_that_nobody_knows_is_found_not_stumbled_over(order: int) -> None:
    change(OrderEvent, OrderEvent.id == row_of(order, 3).id, actor_name="x")
    with transaction():
        # Past the column's own type as well.
        session.connection().exec_driver_sql(
            f"UPDATE order_events SET to_status = 'nowhere' WHERE order_id = {order} AND seq = 5"
        )
    assert {"第3行被改动", "第5行被改动"} <= set(verdict_of(order).broken)


@pytest.mark.parametrize("seq", [1, 4, 7])
def test_a_missing_row_is_found(order: int, seq: int) -> None:
    row = row_of(order, seq)
    with transaction():
        session.execute(delete(OrderEventContent).where(OrderEventContent.event_id == row.id))
        session.execute(delete(OrderEvent).where(OrderEvent.id == row.id))
    assert verdict_of(order).broken


def test_a_row_put_in_between_is_found(order: int) -> None:
    row = row_of(order, 7)
    change(OrderEvent, OrderEvent.id == row.id, seq=8)
    assert verdict_of(order).broken == ("第7行缺失",)


def test_a_row_of_another_order_is_found(world: World, order: int) -> None:
    other = world.order("resident2")["id"]
    change(OrderEvent, OrderEvent.id == row_of(other, 1).id, order_id=order, seq=8)
    assert verdict_of(order).broken
    assert verdict_of(other).broken


def test_a_whole_history_taken_away_is_found(order: int) -> None:
    with transaction():
        mine = select(OrderEvent.id).where(OrderEvent.order_id == order)
        session.execute(delete(OrderEventContent).where(OrderEventContent.event_id.in_(mine)))
        session.execute(delete(OrderEvent).where(OrderEvent.order_id == order))
    assert verdict_of(order).broken == ("末行与工单不符",)


def test_an_order_that_forgets_its_last_row_is_found(order: int) -> None:
    change(Order, Order.id == order, version=6)
    assert verdict_of(order).broken == ("末行与工单不符",)


@pytest.mark.parametrize(
    "values",
    [
        {"note": "什么也没做。"},
        {"note": None},
        {"photo_ids": [1]},
        {"details": {"minutes_spent": 9}},
        {"salt": "0" * 32},
    ],
)
def test_changed_words_and_pictures_are_found(order: int, values: dict[str, Any]) -> None:
    row = row_of(order, 6)
    change(OrderEventContent, OrderEventContent.event_id == row.id, **values)
    assert verdict_of(order).broken == ("第6行的内容被改动",)


def test_erased_content_passes_and_is_counted(order: int) -> None:
    rows = [row_of(order, seq).id for seq in (1, 7)]
    with transaction():
        session.execute(delete(OrderEventContent).where(OrderEventContent.event_id.in_(rows)))
    assert verdict_of(order) == Verdict(order, (), 2)


def test_no_row_tells_its_words_without_the_salt(order: int) -> None:
    """Two rows with the same words have different seals."""
    macs = session.scalars(select(OrderEvent.content_mac).where(OrderEvent.order_id == order)).all()
    assert len(set(macs)) == len(macs)


def test_all_orders_are_verified_in_batches(
    world: World, order: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        world.order("resident2")
    monkeypatch.setattr(verifying, "BATCH", 2)
    verdicts = verify_histories()
    count = session.scalar(select(func.count()).select_from(Order))
    assert len(verdicts) == count == 5
    assert [verdict.order_id for verdict in verdicts] == sorted(v.order_id for v in verdicts)
    assert not any(verdict.broken for verdict in verdicts)


def test_the_command_tells_and_fails_when_something_is_broken(
    app: App, world: World, order: int
) -> None:
    other = world.order("resident2")["id"]
    runner = app.test_cli_runner()
    fine = runner.invoke(commands.group, ["verify-history"])
    assert fine.exit_code == 0
    assert "核对了 2 张工单，0 行的内容已按规定删除，0 张有问题。" in fine.output
    change(OrderEvent, OrderEvent.id == row_of(order, 2).id, actor_name="x")
    found = runner.invoke(commands.group, ["verify-history"])
    assert found.exit_code == 1
    assert f"工单 {order}：第2行被改动" in found.output
    assert runner.invoke(commands.group, ["verify-history", str(other)]).exit_code == 0
    missing = runner.invoke(commands.group, ["verify-history", "999999"])
    assert missing.exit_code == 1
    assert "没有找到：999999" in missing.output
