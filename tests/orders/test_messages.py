"""Who is told what at each moment of an order; params are complete and hold nothing personal."""

import ast
import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from sqlalchemy import select

from app.kernel.database import session
from app.kernel.messages import templates
from app.notifications.models import OutboxMessage
from app.orders.record.messages import MESSAGES
from app.orders.ticket.states import TABLE, Action, OrderStatus
from config import ROOT
from tests.orders.rows import heard, last_message, later
from tests.orders.stages import DEEDS, STAGES, completed, in_progress, submitted
from tests.orders.stories import read
from tests.world import World

pytestmark = pytest.mark.slow

DESK = ("dispatcher", "duty", "leader")
SECRETS = ("王小明", "13812345678", "501室", "三单元的路灯", "测")
# A name as others may read it: the first character and stars.
MASKED = re.compile(r"^\w\*+$")


def _desk(moment: str) -> set[tuple[str, str]]:
    return {(who, moment) for who in DESK}


def _said(world: World, order_id: int, who: str, action: str, **body: Any) -> set[tuple[str, str]]:
    since = last_message()
    world.act(who, order_id, action, **body)
    return heard(world, order_id, since)


def test_the_whole_way_and_nobody_else(world: World) -> None:
    """From placing to rating: who hears what, act by act."""
    order_id = int(world.order()["id"])
    assert heard(world, order_id) == {("resident", "placed")} | _desk("new")
    for who, action, body, told in (
        ("dispatcher", "ask", {"note": "哪一层？"}, {("resident", "asked")}),
        ("resident", "answer", {"note": "三楼。"}, _desk("answered")),
        ("dispatcher", "amend", {"reason": "更急", "urgency": "urgent"}, {("resident", "amended")}),
        ("duty", "acknowledge", {}, set()),
        ("dispatcher", "dispatch", {"mode": "pool"}, {("resident", "pooled")}),
        ("member", "claim", {}, {("resident", "claimed")} | _desk("claimed_staff")),
        ("member", "appoint", {"at": later(hours=2)}, {("resident", "appointed")}),
        ("member", "start", {}, {("resident", "started")}),
        ("member", "progress", {"note": "已经看过现场，要换灯管。"}, {("resident", "progress")}),
        ("resident", "urge", {}, {("member", "urged")} | _desk("urged")),
        ("street", "supervise", {"note": "抓紧"}, {("member", "supervised")} | _desk("supervised")),
        (
            "member",
            "suspend",
            {"reason": "等配件", "until": later(days=1)},
            {("resident", "suspended")},
        ),
        ("member", "resume", {}, {("resident", "resumed"), ("member", "resumed")}),
        ("member", "complete", {"note": "换好了。"}, {("resident", "completed")}),
        ("resident", "rate", {"solved": True}, {("member", "rated")}),
        ("resident", "reopen", {"reason": "又不亮"}, _desk("reopened")),
    ):
        assert _said(world, order_id, who, action, **body) == told, action


def test_staff_hear_of_a_confidential_one_only_where_they_may_see_it(world: World) -> None:
    """The duty person dispatches, but not this."""
    order_id = int(world.order(category_id=world.categories["反诈与可疑推销"])["id"])
    told = heard(world, order_id)
    assert told == {("resident", "placed"), ("dispatcher", "new"), ("leader", "new")}
    for who, moment in told:
        assert world.get(who, f"/orders/{order_id}").status_code == 200, moment


def test_who_is_told_may_open_it(world: World) -> None:
    """Every message leads to an order that its reader sees, unless it says that it is over."""
    for stage in (submitted, in_progress, completed):
        order_id = stage(world)
        for who, moment in heard(world, order_id):
            assert world.get(who, f"/orders/{order_id}").status_code == 200, (who, moment)


def test_one_message_a_person_and_moment(world: World) -> None:
    """Dispatcher and leader in one, requester and contact in one: nobody is told twice."""
    order_id = in_progress(world)
    pairs = session.execute(
        select(OutboxMessage.recipient_id, OutboxMessage.moment).where(
            OutboxMessage.subject_kind == "order", OutboxMessage.subject_id == order_id
        )
    ).all()
    assert len(pairs) == len(set(pairs))


def test_urgent_are_emergencies_and_missed_visits(world: World) -> None:
    """All else waits for the hours of its reader."""
    order_id = int(world.order(category_id=world.categories["电梯困人"])["id"])
    world.act("resident", order_id, "urge")
    plain = in_progress(world)
    world.act("resident", plain, "urge")
    found = session.execute(
        select(OutboxMessage.subject_id, OutboxMessage.moment, OutboxMessage.urgent).where(
            OutboxMessage.subject_kind == "order"
        )
    )
    urgent = {(row.subject_id, row.moment) for row in found if row.urgent}
    assert urgent == {(order_id, "order.emergency"), (order_id, "order.urged")}


def test_every_message_has_its_params_and_nothing_personal(world: World) -> None:
    """Each action in each state it is for: the text can be written, and names nobody in clear."""
    world.lift_caps()
    place = world.order

    def secret(who: str = "resident", **body: Any) -> dict[str, Any]:
        body.setdefault("description", "三单元的路灯不亮")
        return place(who, contact_name="王小明", contact_phone="13812345678", **body)

    world.order = secret  # type: ignore[method-assign]  # the stages place through it
    try:
        for action in DEEDS:
            for status in OrderStatus:
                if status in TABLE[action].start and _done(world, STAGES[status](world), action):
                    break
    finally:
        del world.order
    moments = set()
    known = templates()
    for message in session.scalars(
        select(OutboxMessage).where(OutboxMessage.subject_kind == "order")
    ):
        moments.add(message.moment)
        template = known[message.moment]
        wanted = {name for _, name, _, _ in Formatter().parse(template.text) if name}
        assert wanted <= set(message.params), message.moment
        assert template.text.format(**message.params)
        for value in message.params.values():
            plain = str(value)
            assert MASKED.match(plain) or not any(secret in plain for secret in SECRETS), plain
    assert len(moments) > 25


def _done(world: World, order_id: int, action: Action) -> bool:
    deed = DEEDS[action]
    answer = world.post(deed.who, f"/orders/{order_id}/{action.value}", **deed.body(world))
    return answer.status_code == 200


def test_templates_are_sentences(world: World) -> None:
    """A title without an end, a text that ends; each names its orders by number, or the unit."""
    assert templates().keys() >= MESSAGES.keys()
    for moment, template in MESSAGES.items():
        assert moment.startswith("order.")
        assert template.title[-1] not in "。！" and template.text[-1] == "。"
        assert any(name in template.text for name in ("{number}", "{numbers}", "{unit}"))


def test_every_moment_told_has_a_template() -> None:
    """Each moment that a file of orders gives to `tell` has a template, also one that no test reaches."""
    told = {
        call.args[1].value
        for path in (Path(ROOT) / "app" / "orders").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "tell"
        and len(call.args) > 1
        and isinstance(call.args[1], ast.Constant)
    }
    assert len(told) > 20
    assert {f"order.{moment}" for moment in told} <= MESSAGES.keys()


def test_the_order_of_a_message_is_by_number(world: World) -> None:
    """As the reader finds it again."""
    order = world.order()
    found = session.scalars(
        select(OutboxMessage).where(
            OutboxMessage.subject_kind == "order", OutboxMessage.subject_id == order["id"]
        )
    ).all()
    assert {message.params["number"] for message in found} == {order["number"]}
    assert read(world, "resident", f"/orders/{order['id']}")["number"] == order["number"]
