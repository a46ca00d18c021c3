"""Orders brought to where a rule is at stake, beyond their ten states."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.kernel.clock import now
from app.kernel.database import session
from app.orders.ticket.models import Order, OrderRequest
from app.organisation.service import create_provider
from app.organisation.states import ProviderKind
from tests.orders.stages import claimed, dispatched, submitted
from tests.permissions.runner import Values
from tests.world import SYSTEM, World

Stage = Callable[[World], int]
PUBLIC, NOT_PUBLIC = "小广告", "养犬"
CONFIDENTIAL, EMERGENCY, COMPLAINT = "噪声扰民", "老人儿童走失", "投诉工作人员"


def order_at(stage: Stage) -> Callable[[World], Values]:
    """Arranges an order at that stage."""
    return lambda world: {"order_id": stage(world)}


def soon(**span: int) -> str:
    """A time from now."""
    return (now() + timedelta(**span)).isoformat()


def of(category: str, **body: Any) -> Stage:
    """Submitted, in a category."""
    return lambda world: int(world.order(category_id=world.categories[category], **body)["id"])


def uncategorised(world: World) -> int:
    """In the resident's own words."""
    return int(world.order()["id"])


def pooled(stage: Stage) -> Stage:
    """Given into the pool."""

    def arrange(world: World) -> int:
        order_id = stage(world)
        world.act("dispatcher", order_id, "dispatch", mode="pool")
        return order_id

    return arrange


def passed(world: World) -> int:
    """Of a public place, its words looked at."""
    order_id = of(PUBLIC)(world)
    world.act("dispatcher", order_id, "check_content", state="passed")
    return order_id


def joined(world: World) -> int:
    """A neighbour and somebody from elsewhere have met the same; it is said to be done."""
    order_id = passed(world)
    for who in ("resident2", "other_resident2"):
        world.act(who, order_id, "join")
    world.act("dispatcher", order_id, "settle", note="已经清理干净。")
    return order_id


def given_to(person: str) -> Stage:
    """Offered to a member, or assigned to a grid worker."""

    def arrange(world: World) -> int:
        order_id = submitted(world)
        body = {"mode": "direct", "assignee_id": world.ids[person]}
        world.act("dispatcher", order_id, "dispatch", **body)
        return order_id

    return arrange


offered = given_to("member")


def with_provider(account: str | None) -> Stage:
    """In the hands of an outside unit, with an account or without."""

    def arrange(world: World) -> int:
        order_id = submitted(world)
        provider = create_provider(
            SYSTEM,
            unit_id=world.community.id,
            name="平安电梯",
            kind=ProviderKind.LIFT,
            person_id=world.ids[account] if account else None,
        )
        session.commit()
        world.act("dispatcher", order_id, "dispatch", mode="direct", provider_id=provider.id)
        return order_id

    return arrange


def anonymous(world: World) -> int:
    """Held by the member, who does not learn from whom it is."""
    order_id = pooled(lambda w: int(w.order(anonymous=True)["id"]))(world)
    world.act("member", order_id, "claim")
    return order_id


def entered(world: World) -> int:
    """By a building leader, for somebody without an account."""
    neighbour = {"name": "李奶奶", "phone": "13655550001"}
    return int(world.order("building", on_behalf_of=neighbour)["id"])


def held_back(world: World) -> int:
    """In the pool, with words that only the unit's staff should read."""
    order_id = dispatched(world)
    world.act("dispatcher", order_id, "check_content", state="held")
    return order_id


def _changed(order_id: int, **values: Any) -> int:
    order = session.get_one(Order, order_id)
    for name, value in values.items():
        setattr(order, name, value)
    session.commit()
    return order_id


def to_decide(world: World) -> int:
    """Twice not solved."""
    return _changed(submitted(world), to_decide=True)


def asked(world: World) -> int:
    """The desk has asked for more."""
    order_id = submitted(world)
    world.act("dispatcher", order_id, "ask", note="请问是哪一层？")
    return order_id


def appointed(world: World) -> int:
    """Somebody should have come an hour ago."""
    return _changed(claimed(world), appointed_at=now() - timedelta(hours=1))


def not_come(world: World) -> int:
    """And nobody came, says the resident."""
    order_id = appointed(world)
    world.act("resident", order_id, "not_come")
    return order_id


def recalled(world: World) -> int:
    """The member has had it, and has it no longer."""
    order_id = claimed(world)
    world.act("dispatcher", order_id, "recall", reason="重新安排")
    return order_id


def with_internal_comment(world: World) -> int:
    """Held by the member, with a word among those who work on it."""
    order_id = claimed(world)
    world.act("dispatcher", order_id, "comments", note="内部留言", visible=False)
    return order_id


def to_be_moved(world: World) -> int:
    """The neighbouring community has been asked to take it over."""
    order_id = submitted(world)
    body = {"unit_id": world.other_community.id, "reason": "不在本社区"}
    world.act("dispatcher", order_id, "transfer", **body)
    return order_id


def requested(stage: Stage, who: str, action: str, **body: Any) -> Callable[[World], Values]:
    """Somebody has asked for an agreement, which waits."""

    def arrange(world: World) -> Values:
        order_id = stage(world)
        given = {name: value(world) if callable(value) else value for name, value in body.items()}
        world.act(who, order_id, action, **given)
        waiting = select(OrderRequest.id).where(OrderRequest.order_id == order_id)
        return {"order_id": order_id, "rid": session.scalars(waiting).one()}

    return arrange
