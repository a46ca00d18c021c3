"""What the tests of linked, timed and left orders share: rows as they stand, and who was told what."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import func, select

from app.kernel.actor import Actor
from app.kernel.database import session, transaction
from app.kernel.errors import Refusal
from app.notifications.models import OutboxMessage
from app.orders.record.verifying import verify_histories
from app.orders.ticket.models import Order, OrderEvent
from tests.world import World

PUBLIC = "路灯楼道灯"


def public_order(world: World, who: str = "resident") -> int:
    """An order of a public place whose words have passed."""
    order = world.order(who, category_id=world.categories[PUBLIC])["id"]
    world.act("dispatcher", order, "check_content", state="passed")
    return int(order)


def order_of(order_id: int) -> Order:
    """The order as the database has it."""
    found = select(Order).where(Order.id == order_id)
    return session.scalars(found.execution_options(populate_existing=True)).one()


def actions_of(order_id: int) -> list[str]:
    """The actions of the history, in order."""
    rows = select(OrderEvent.action).where(OrderEvent.order_id == order_id)
    return [action.value for action in session.scalars(rows.order_by(OrderEvent.seq))]


def offered(world: World, who: str = "member") -> int:
    """An order offered to that member."""
    order = world.order()["id"]
    world.act("dispatcher", order, "dispatch", mode="direct", assignee_id=world.ids[who])
    return int(order)


def stage_of(order: Mapping[str, Any], stage: str) -> dict[str, Any]:
    """What an answer says of a stage, the last time that it ran."""
    return dict([row for row in order["deadlines"] if row["stage"] == stage][-1])


def told(world: World, who: str, moment: str, order_id: int | None = None) -> int:
    """How many messages of that moment somebody has got, about that order or any."""
    statement = (
        select(func.count())
        .select_from(OutboxMessage)
        .where(
            OutboxMessage.recipient_id == world.ids[who], OutboxMessage.moment == f"order.{moment}"
        )
    )
    if order_id is not None:
        statement = statement.where(OutboxMessage.subject_id == order_id)
    return int(session.scalar(statement) or 0)


def do(verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A verb in a transaction of its own."""
    with transaction():
        return verb(*args, **kwargs)


def refused(verb: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """The code by which a verb refuses; its transaction changes nothing."""
    try:
        do(verb, *args, **kwargs)
    except Refusal as refusal:
        return refusal.code
    raise AssertionError("not refused")


def code_of(world: World, who: str, order_id: int, action: str, **body: Any) -> tuple[int, str]:
    """Status and code with which the API refuses an action."""
    answer = world.post(who, f"/orders/{order_id}/{action}", **body)
    return answer.status_code, (answer.json or {}).get("code", "")


def read(world: World, who: str, path: str) -> dict[str, Any]:
    """What a GET answers to that person."""
    answer = world.get(who, path)
    assert answer.status_code == 200, answer.json
    return dict(answer.json or {})


def events_for(world: World, who: str, order_id: int) -> list[dict[str, Any]]:
    """The history as that person reads it."""
    return list(read(world, who, f"/orders/{order_id}/events?limit=100")["items"])


def assert_sound(*order_ids: int) -> None:
    """The histories of these orders hold."""
    verdicts = verify_histories(order_ids)
    assert len(verdicts) == len(order_ids)
    assert [verdict.broken for verdict in verdicts] == [()] * len(order_ids)


SYSTEM = Actor.system("tests")
