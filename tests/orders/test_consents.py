"""Consents of those who help: what a withdrawal ends, and what is asked of members of earlier days."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import delete, select

from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.notifications.models import OutboxMessage
from app.orders.ticket.models import OrderEvent, OrderEventContent, OrderRequest
from app.orders.ticket.states import RequestState
from app.organisation.models import Provider
from app.organisation.service import change_provider
from app.people.models import Consent, Person, PersonDetail, Registration
from app.people.states import Document, PersonKind
from tests.consents import AS_MEMBER, agree
from tests.orders.rows import refused
from tests.orders.stages import dispatched
from tests.orders.stories import do, order_of
from tests.statements import sent
from tests.world import SYSTEM, World

HELPERS = ("member", "volunteer")


def withdraw(world: World, who: str, document: Document) -> tuple[int, str | None]:
    """Status and code of a no by that person."""
    sent = world.post(who, "/me/consents", document=document, version=1, granted=False)
    return sent.status_code, None if sent.status_code == 201 else sent.get_json()["code"]


def forget_consents(world: World, who: str) -> None:
    """As a person of earlier days: registered, and never asked."""
    with transaction():
        session.execute(delete(Consent).where(Consent.person_id == world.ids[who]))


def pooled(world: World) -> int:
    """An order in the pool."""
    order = world.order()
    return int(world.act("dispatcher", order["id"], "dispatch", mode="pool")["id"])


# --- withdrawal


def test_a_member_who_takes_it_back_is_none_any_more(world: World) -> None:
    """Registration and role end, orders and offers go back, staff are told, no name is named."""
    held, offered = world.claimed()["id"], world.order()["id"]
    world.act("dispatcher", offered, "dispatch", mode="direct", assignee_id=world.ids["member"])
    session.execute(delete(OutboxMessage))
    assert withdraw(world, "member", Document.PARTY_MEMBERSHIP) == (201, None)
    assert (order_of(held).holder_id, order_of(held).status) == (None, "dispatched")
    assert order_of(offered).offered_to_id is None
    (row,) = session.scalars(
        select(Registration).where(Registration.person_id == world.ids["member"])
    )
    assert (row.status, row.skills, row.availability) == ("ended", [], {})
    assert session.get_one(Person, world.ids["member"]).kind is PersonKind.RESIDENT
    assert world.actor("member").grants == ()
    told = session.scalars(
        select(OutboxMessage).where(OutboxMessage.moment == "registration.consent_withdrawn")
    ).all()
    assert {message.recipient_id for message in told} == {
        world.ids[who] for who in ("dispatcher", "leader")
    }
    assert {tuple(message.params) for message in told} == {("unit",)}
    assert refused(world, "member", f"/orders/{pooled(world)}/claim")[0] in (403, 404)


def test_what_a_member_asked_for_lapses(world: World) -> None:
    """A request to support another unit is not agreed to afterwards."""
    order_id, request_id = ask_support(world, "other_member")
    assert withdraw(world, "other_member", Document.PARTY_MEMBERSHIP) == (201, None)
    assert session.get_one(OrderRequest, request_id).state is RequestState.LAPSED
    agreed = world.post("dispatcher", f"/orders/{order_id}/requests/{request_id}/agree")
    assert (agreed.status_code, agreed.get_json()["code"]) == (409, "order.request_decided")


def ask_support(world: World, who: str) -> tuple[int, int]:
    """A member of another unit asks for an order of the pool: ids of the order and of the request."""
    order_id = dispatched(world)
    world.act(who, order_id, "support", note="我会修，离得近。")
    asked = select(OrderRequest.id).where(OrderRequest.order_id == order_id)
    return order_id, session.scalars(asked).one()


def test_a_volunteer_is_not_asked_for_party_membership(world: World) -> None:
    """A no to it ends nothing."""
    assert withdraw(world, "volunteer", Document.PARTY_MEMBERSHIP) == (201, None)
    assert world.actor("volunteer").may("orders.claim", world.community.path)
    world.act("volunteer", pooled(world), "claim")


def test_who_takes_back_privacy_is_erased_unless_orders_are_held(world: World) -> None:
    """The same way out as by DELETE /me, with the same refusal."""
    order = world.claimed()
    before = session.scalar(select(sa.func.count()).select_from(Consent))
    assert withdraw(world, "member", Document.PRIVACY) == (409, "person.holds_orders")
    assert session.scalar(select(sa.func.count()).select_from(Consent)) == before
    world.act("member", order["id"], "return", reason="家里有事")
    assert withdraw(world, "member", Document.PRIVACY) == (201, None)
    assert session.get_one(Person, world.ids["member"]).status == "erased"
    assert session.get(PersonDetail, world.ids["member"]) is None


def test_taking_back_privacy_locks_as_an_erasure_does(world: World, database: str) -> None:
    """The firm, what identifies the person, the person: as a dispatch to the firm does."""
    firm, account_id = world.provider, world.ids["member"]
    do(change_provider, SYSTEM, firm.id, name=firm.name, kind=firm.kind, person_id=account_id)
    with sent() as statements:
        assert withdraw(world, "member", Document.PRIVACY) == (201, None)
    assert session.get_one(Provider, firm.id).person_id is None
    if database == "postgresql":
        tables = ["providers", "person_details", "people"]
        assert statements.locked(*tables) == tables


def test_a_no_without_an_earlier_yes_erases_nobody(world: World) -> None:
    """A member of staff who only says no keeps the account."""
    assert withdraw(world, "dispatcher", Document.PRIVACY) == (201, None)
    assert session.get_one(Person, world.ids["dispatcher"]).is_active


def test_twenty_answers_an_hour(world: World) -> None:
    """The twenty-first is too many."""
    for number in range(20):
        granted = bool(number % 2)
        body = {"document": "service_terms", "version": 1, "granted": granted}
        assert world.post("leader", "/me/consents", **body).status_code == 201
    many = world.post("leader", "/me/consents", **body)
    assert (many.status_code, many.get_json()["code"]) == (429, "rate.exceeded")


# --- members of earlier days


def claim(world: World, who: str) -> tuple[int, str]:
    return refused(world, who, f"/orders/{pooled(world)}/claim")


def offer(world: World, who: str) -> tuple[int, str]:
    body = {"mode": "direct", "assignee_id": world.ids[who]}
    return refused(world, "dispatcher", f"/orders/{world.order()['id']}/dispatch", **body)


def help_along(world: World, who: str) -> tuple[int, str]:
    body = {"mode": "direct", "assignee_id": world.ids["member2"], "helper_ids": [world.ids[who]]}
    return refused(world, "dispatcher", f"/orders/{world.order()['id']}/dispatch", **body)


def support(world: World, who: str) -> tuple[int, str]:
    return refused(world, who, f"/orders/{dispatched(world)}/support", note="我会修，离得近。")


def be_agreed_to(world: World, who: str) -> tuple[int, str]:
    """The request was made before; since then the consents are missing."""
    given = session.scalars(select(Consent).where(Consent.person_id == world.ids[who])).all()
    missing = {*AS_MEMBER} - {consent.document for consent in given}
    agree(world.ids[who], *missing)
    order_id, request_id = ask_support(world, who)
    with transaction():
        session.execute(
            delete(Consent).where(
                Consent.person_id == world.ids[who], Consent.document.in_(missing)
            )
        )
    return refused(world, "dispatcher", f"/orders/{order_id}/requests/{request_id}/agree")


NEW_ORDERS: dict[str, tuple[Callable[[World, str], tuple[int, str]], int, str]] = {
    "claim": (claim, 403, ""),
    "offer": (offer, 409, ""),
    "help": (help_along, 409, ""),
    "support": (support, 403, "other_"),
    "agreed support": (be_agreed_to, 403, "other_"),
}


@pytest.mark.parametrize("who", HELPERS)
@pytest.mark.parametrize("way", NEW_ORDERS)
def test_nothing_new_without_consent(world: World, way: str, who: str) -> None:
    """Each way to a new order is closed until the consents are given, and open then."""
    world.lift_caps()
    deed, status, elsewhere = NEW_ORDERS[way]
    needed = AS_MEMBER if who == "member" else (Document.PRIVACY,)
    who = elsewhere + who
    forget_consents(world, who)
    for document in needed:
        assert deed(world, who) == (status, "consent.required")
        agree(world.ids[who], document)
    with pytest.raises(AssertionError):
        deed(world, who)


@pytest.mark.parametrize("who", HELPERS)
def test_candidates_and_matchings_leave_them_out(world: World, who: str) -> None:
    """And have them in again after the consents."""

    def named() -> tuple[bool, bool]:
        """Whether the candidates name the person, and whether a matching of many orders does."""
        ids = [world.order()["id"] for _ in range(4)]
        found = world.get("dispatcher", f"/orders/{ids[0]}/candidates").get_json()["items"]
        body: dict[str, Any] = {"unit_id": world.community.id, "order_ids": ids}
        plan = world.post("dispatcher", "/dispatching/matchings", **body).get_json()
        given = [person["id"] for row in plan["rows"] for person in row["assignees"]]
        me = world.ids[who]
        return me in [item["person"]["id"] for item in found], me in given

    world.lift_caps()
    # Nobody else is there, so a matching takes this person if it may.
    others = [
        world.ids[other] for other in ("member", "member2", "volunteer", "grid") if other != who
    ]
    with transaction():
        for person_id in others:
            session.get_one(Person, person_id).away_until = now() + timedelta(days=1)
    assert named() == (True, True)
    forget_consents(world, who)
    assert named() == (False, False)
    agree(world.ids[who], *AS_MEMBER)
    assert named() == (True, True)


def test_what_is_held_stays_and_is_finished(world: World) -> None:
    """Members of earlier days keep their order, read its contact, and complete it."""
    order = world.claimed(contact_name="赵一", contact_phone="13812345678")
    forget_consents(world, "member")
    seen = world.post(
        "member", f"/orders/{order['id']}/reveal", fields=["contact"], reason="约时间"
    )
    assert seen.get_json()["contact"]["phone"] == "13812345678"
    world.act("member", order["id"], "start")
    world.act("member", order["id"], "complete", note="换好了新的灯泡。")


def test_the_profile_says_what_is_asked(world: World) -> None:
    """Everybody the two of all people, a member the third."""
    agree(world.ids["volunteer"], Document.SERVICE_TERMS)
    for who in ("member", "volunteer", "resident"):
        forget_consents(world, who)
    asked = {
        who: world.get(who, "/me").get_json()["consents_needed"]
        for who in ("member", "resident", "volunteer")
    }
    expected = {
        "member": ["privacy", "service_terms", "party_membership"],
        "resident": ["privacy", "service_terms"],
        "volunteer": ["privacy", "service_terms"],
    }
    asked = {who: world.get(who, "/me").get_json()["consents_needed"] for who in expected}
    assert asked == expected


def test_the_order_says_that_it_cannot_be_claimed(world: World) -> None:
    """`actions` leaves the claim out."""
    order_id = pooled(world)
    assert "claim" in world.get("member", f"/orders/{order_id}").get_json()["actions"]
    forget_consents(world, "member")
    assert "claim" not in world.get("member", f"/orders/{order_id}").get_json()["actions"]


# --- on somebody's word


def test_a_caller_s_contact_is_kept_on_the_word(world: World) -> None:
    """Staff need no consent of a caller, the history says so, and no consent is invented."""
    before = session.scalar(select(sa.func.count()).select_from(Consent))
    order = world.order(
        "duty",
        on_behalf_of={"name": "钱二", "phone": "13912345678"},
        category_id=world.categories["电梯困人"],
        place_id=world.place.id,
    )
    assert _details(order["id"]) == {"contact_on_word": True}
    assert order_of(order["id"]).latitude is not None
    assert session.scalar(select(sa.func.count()).select_from(Consent)) == before
    assert _details(world.order("resident")["id"]) == {}
    assert (
        _details(world.order("grid", description="井盖松了。", unit_id=world.community.id)["id"])
        == {}
    )


def _details(order_id: int) -> dict[str, Any]:
    """What the history notes of the placing, beside the words."""
    first = select(OrderEvent.id).where(OrderEvent.order_id == order_id, OrderEvent.seq == 1)
    content = select(OrderEventContent).where(OrderEventContent.event_id.in_(first))
    return session.scalars(content).one().details
