"""Nobody judges the own work: each judging act is refused to the one concerned, and open to another."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.categories.models import Category
from app.kernel.clock import now
from app.kernel.database import session
from app.orders.ticket.models import Order, OrderAssignee, OrderRequest
from app.orders.ticket.states import Action, HandlerKind, OrderStatus
from app.people.models import Person, PersonDetail
from app.people.service import grant_role
from tests.consents import make_known
from tests.orders.days import set_columns
from tests.orders.rows import heard, last_message
from tests.orders.stories import do, told
from tests.orders.trying import PREPARED
from tests.world import SYSTEM, World

S = OrderStatus
# The one concerned holds every permission that a judgement may need; "street" is the unit above.
CONCERNED, OTHER, ABOVE = "leader", "dispatcher", "street"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judging act: its path, its body, the state it needs, and what must be so before."""

    path: str
    body: dict[str, Any]
    status: OrderStatus = S.COMPLETED
    prepare: Action | None = None

    @property
    def name(self) -> str:
        """The last word of the path: the name in `actions` of the order."""
        return self.path.rpartition("/")[2]


REQUEST = "/orders/{order}/requests/{request}/"
JUDGEMENTS = {
    "check": Judgement("/orders/{order}/check", {"passed": True}),
    "check failed": Judgement("/orders/{order}/check", {"passed": False, "note": "没有修好。"}),
    "follow up": Judgement("/orders/{order}/follow_up", {"outcome": "reached", "solved": True}),
    "a call in vain": Judgement("/orders/{order}/follow_up", {"outcome": "no_answer"}),
    "decide": Judgement(
        "/orders/{order}/decide", {"again": True, "reason": "再派一次"}, S.SUBMITTED, Action.DECIDE
    ),
    "confirm no show": Judgement(
        "/orders/{order}/confirm_no_show",
        {"confirmed": True, "note": "两边都问过了。"},
        prepare=Action.CONFIRM_NO_SHOW,
    ),
    "agree": Judgement(f"{REQUEST}agree", {}, S.SUBMITTED, Action.AGREE),
    "refuse": Judgement(f"{REQUEST}refuse", {"reason": "按时办完"}, S.SUBMITTED, Action.REFUSE),
}


def _hand(world: World, order_id: int, **values: Any) -> None:
    row: dict[str, Any] = {"order_id": order_id, "person_id": world.ids[CONCERNED]}
    row |= {"kind": HandlerKind.STAFF, "since": now(), "until": now()}
    session.add(OrderAssignee(**(row | values)))
    session.commit()


def _handled(world: World, order_id: int) -> None:
    _hand(world, order_id)


def _helped(world: World, order_id: int) -> None:
    _hand(world, order_id, part="helper", kind=HandlerKind.MEMBER)


def _handled_before(world: World, order_id: int) -> None:
    """In an earlier round, in which the resident was not content."""
    row = {"since": now() - timedelta(days=3), "until": now() - timedelta(days=2)}
    _hand(world, order_id, **row)
    set_columns(order_id, round=2)


def _requests(world: World, order_id: int) -> None:
    set_columns(order_id, requester_id=world.ids[CONCERNED])


def _placed(world: World, order_id: int) -> None:
    set_columns(order_id, placer_id=world.ids[CONCERNED])


def _is_called(world: World, order_id: int) -> None:
    """The phone to call is the leader's own."""
    index = session.get_one(PersonDetail, world.ids[CONCERNED]).phone_index
    set_columns(order_id, contact_index=index)


def _reported(_: World, order_id: int) -> None:
    """The leader has recorded the work of the outside unit: see `_arranged`."""
    del order_id


CONCERNS: dict[str, Callable[[World, int], None]] = {
    "handled it": _handled,
    "helped": _helped,
    "handled an earlier round": _handled_before,
    "reported for a firm": _reported,
    "is the requester": _requests,
    "placed it": _placed,
    "is the one to call": _is_called,
}


def _arranged(world: World, judgement: Judgement, reporter: str) -> dict[str, int]:
    """Done by an outside unit without an account, for which `reporter` gave it out and reported."""
    caller = {"name": "李奶奶", "phone": "13655550001"}
    order_id = int(world.order("duty", on_behalf_of=caller)["id"])
    world.act(reporter, order_id, "dispatch", mode="direct", provider_id=world.provider.id)
    world.act(reporter, order_id, "complete", note="物业修好了，请看一看。")
    if judgement.status is not S.COMPLETED:
        set_columns(order_id, status=judgement.status, completed_at=None, provider_id=None)
    if judgement.prepare is not None:
        PREPARED[judgement.prepare](world, order_id)
    asked = session.scalars(select(OrderRequest.id).where(OrderRequest.order_id == order_id))
    return {"order": order_id, "request": asked.one_or_none() or 0}


def _ask(world: World, who: str, judgement: Judgement, ids: dict[str, int]) -> tuple[int, str]:
    answer = world.post(who, judgement.path.format(**ids), **judgement.body)
    return answer.status_code, (answer.get_json() or {}).get("code", "")


@pytest.mark.parametrize("concern", CONCERNS)
@pytest.mark.parametrize("name", JUDGEMENTS)
def test_the_one_concerned_does_not_judge(world: World, name: str, concern: str) -> None:
    """He or she is refused, and is not offered the act; the unit above is not refused."""
    judgement = JUDGEMENTS[name]
    reporter = CONCERNED if concern == "reported for a firm" else "duty"
    ids = _arranged(world, judgement, reporter)
    CONCERNS[concern](world, ids["order"])
    assert _ask(world, CONCERNED, judgement, ids) == (403, "order.not_allowed")
    shown = world.get(CONCERNED, f"/orders/{ids['order']}").get_json()
    assert judgement.name not in shown["actions"]
    assert not any(row["may_decide"] for row in shown["requests"])
    assert _ask(world, ABOVE, judgement, ids)[0] == 200


@pytest.mark.parametrize("name", JUDGEMENTS)
def test_another_of_the_unit_judges(world: World, name: str) -> None:
    """The control: without a concern the same person is not refused."""
    judgement = JUDGEMENTS[name]
    ids = _arranged(world, judgement, "duty")
    assert _ask(world, CONCERNED, judgement, ids)[0] == 200


@pytest.mark.parametrize("concern", ["is the requester", "placed it", "is the one to call"])
def test_nobody_passes_the_own_words(world: World, concern: str) -> None:
    """内容核对 is for others."""
    order_id = int(world.order("resident2")["id"])
    CONCERNS[concern](world, order_id)
    path = f"/orders/{order_id}/check_content"
    assert world.post(CONCERNED, path, state="passed").status_code == 403
    assert world.post(OTHER, path, state="passed").status_code == 200


def test_nobody_rates_the_own_work(world: World) -> None:
    """The requester has recorded the work of a firm as a dispatcher; what another recorded is rated."""
    for reporter, status in ((CONCERNED, 403), ("duty", 200)):
        order_id = int(world.order("resident2")["id"])
        set_columns(order_id, requester_id=world.ids[CONCERNED])
        world.act(reporter, order_id, "dispatch", mode="direct", provider_id=world.provider.id)
        world.act(reporter, order_id, "complete", note="物业修好了，请看一看。")
        listed = world.get(CONCERNED, f"/orders/{order_id}").get_json()["actions"]
        answer = world.post(CONCERNED, f"/orders/{order_id}/rate", solved=True)
        assert (answer.status_code, "rate" in listed) == (status, status == 200)


def test_nobody_hears_the_appeal_against_the_own_rejection(world: World) -> None:
    """A street officer has rejected it at the community; the district officer decides the appeal."""
    order_id = int(world.order()["id"])
    reject = {"reason": "不归我们", "note": "请找供电公司。"}
    world.act("street", order_id, "reject", **reject)
    world.act("resident", order_id, "reopen", reason="就是归你们")
    assert world.post("street", f"/orders/{order_id}/reject", **reject).status_code == 403
    assert world.post("district", f"/orders/{order_id}/reject", **reject).status_code == 200


def test_the_unit_above_is_told_and_finds_it(world: World) -> None:
    """Everybody of the unit who may check has worked on it."""
    name = "四害消杀"
    session.get_one(Category, world.categories[name]).check_before_answer = True
    session.commit()
    order_id = int(world.order(category_id=world.categories[name])["id"])
    give = {"mode": "direct", "assignee_id": world.ids["dispatcher"]}
    world.act("duty", order_id, "dispatch", **give, helper_ids=[world.ids["leader"]])
    since = last_message()
    world.act("dispatcher", order_id, "complete", note="已经做完了，请核查。")
    assert ("street", "to_check") in heard(world, order_id, since)
    listed = world.get("street", "/orders?status=completed").get_json()["items"]
    assert [row["id"] for row in listed if "check" in row["actions"]] == [order_id]
    assert world.post("street", f"/orders/{order_id}/check", passed=True).status_code == 200


def test_in_an_ordinary_case_the_unit_above_hears_nothing(world: World) -> None:
    """The control: the leader has not worked on it."""
    name = "四害消杀"
    session.get_one(Category, world.categories[name]).check_before_answer = True
    session.commit()
    order_id = int(world.order(category_id=world.categories[name])["id"])
    give = {"mode": "direct", "assignee_id": world.ids["dispatcher"]}
    world.act("duty", order_id, "dispatch", **give)
    world.act("dispatcher", order_id, "complete", note="已经做完了，请核查。")
    assert told(world, "street", "to_check", order_id) == 0
    assert told(world, "leader", "to_check", order_id) == 1


# --- people


def _row(world: World, who: str, **changes: Any) -> dict[str, Any]:
    person = session.get_one(Person, world.ids[who])
    kept = {
        "kind": person.kind.value,
        "home_unit_id": person.home_unit_id,
        "skills": list(person.skills),
        "vetted": person.vetted,
    }
    return kept | changes


@pytest.mark.parametrize("change", [{"vetted": True}, {"skills": ["电工"]}, {"kind": "member"}])
def test_nobody_vets_himself(world: World, change: dict[str, Any]) -> None:
    """A dispatcher sets these for a colleague, and for nobody else of the own name."""
    for who, status in (("dispatcher", 403), ("duty", 200)):
        path = f"/people/{world.ids[who]}"
        etag = world.get("dispatcher", path).headers["ETag"]
        sent = _row(world, who, **change)
        answer = world.call("dispatcher", "PUT", path, sent, If_Match=etag)
        assert answer.status_code == status, answer.get_json()
    path = f"/people/{world.ids['dispatcher']}"
    etag = world.get("dispatcher", path).headers["ETag"]
    same = world.call("dispatcher", "PUT", path, _row(world, "dispatcher"), If_Match=etag)
    assert same.status_code == 200


def test_nobody_puts_himself_on_the_green_channel(world: World) -> None:
    """Another dispatcher or the leader may."""
    body = {"reasons": ["low_income"], "consent": "本人当面同意"}
    path = f"/people/{world.ids['dispatcher']}/green"
    assert world.post("dispatcher", path, **body).status_code == 403
    assert world.post("leader", path, **body).status_code == 200


def test_nobody_limits_or_frees_himself(world: World) -> None:
    """A leader's own limit is the unit above's matter."""
    me = world.ids["leader"]
    body = {"days": 7, "reason": "多次谎报"}
    assert world.post("leader", f"/people/{me}/limit", **body).status_code == 403
    assert world.post("street", f"/people/{me}/limit", **body).status_code == 200
    (limit,) = world.get("street", f"/limits?person_id={me}").get_json()["items"]
    path = f"/limits/{limit['id']}/lift"
    assert world.post("leader", path, answer="我没有谎报").status_code == 403
    assert world.post("street", path, answer="查实没有谎报").status_code == 200


def test_nobody_approves_the_own_registration(world: World) -> None:
    """Neither to approve nor to decline it."""
    do(make_known, world.ids["leader"])
    filed = world.post("leader", "/registrations", unit_id=world.community.id, kind="work")
    assert filed.status_code == 201, filed.get_json()
    path = f"/registrations/{filed.get_json()['id']}"
    assert world.post("leader", f"{path}/decline", reason="名额已满").status_code == 403
    assert world.post("leader", f"{path}/approve").status_code == 403
    assert world.post("dispatcher", f"{path}/approve").status_code == 200


# --- what a building leader may say


@pytest.fixture
def building(world: World) -> World:
    """The second resident is a building leader (楼栋长) too."""
    do(grant_role, SYSTEM, world.ids["resident2"], "building_leader", world.community.id)
    return world


NEIGHBOUR = {"name": "李奶奶", "phone": "13655550001"}


def test_a_building_leaders_emergency_is_a_wish(building: World) -> None:
    """The desk reads it at once; it calls nobody, and the category's urgency stays."""
    world = building
    order = world.order("resident2", on_behalf_of=NEIGHBOUR, urgency="emergency")
    row = session.get_one(Order, order["id"])
    assert (row.urgency, row.wished_urgency) == ("normal", "emergency")
    assert told(world, "duty", "emergency", order["id"]) == 0
    assert told(world, "duty", "new", order["id"]) == 1
    # The control: a grid worker sees orders of the unit.
    raised = world.order("grid", on_behalf_of=NEIGHBOUR, urgency="emergency")
    assert session.get_one(Order, raised["id"]).urgency == "emergency"


@pytest.mark.parametrize(
    "field",
    [{"source": "superior"}, {"imposed_due_at": "2099-01-01T09:00:00+08:00"}],
    ids=["source", "date"],
)
def test_what_comes_from_above_is_for_the_desk(building: World, field: dict[str, str]) -> None:
    """Neither building leader nor grid worker; the person on duty and the dispatcher do."""
    body = {"description": "查一查楼道。", "on_behalf_of": NEIGHBOUR} | field
    for who, status in (("resident2", 403), ("grid", 403), ("duty", 201), ("dispatcher", 201)):
        assert building.post(who, "/orders", **body).status_code == status, who


def test_after_two_returns_a_leader_alone_gives_it_to_the_pool(world: World) -> None:
    """By 派单 and by 改派 alike."""
    order_id = int(world.claimed()["id"])
    set_columns(order_id, returns=2)
    path = f"/orders/{order_id}/reassign"
    refused = world.post("dispatcher", path, reason="换人", mode="pool")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "order.leader_assigns")
    assert world.post("leader", path, reason="换人", mode="pool").status_code == 200
