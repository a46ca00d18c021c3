"""One winner, and caps hold: many members at one order, one member at many orders."""

import itertools
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import func, select

from app.identity.service import record_consent
from app.identity.states import CURRENT_VERSIONS, Document
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.orders.ticket.models import Order, OrderAssignee, OrderEvent
from app.orders.ticket.states import ACTIVE, Action
from app.organisation.service import set_setting
from app.people.queries import grants_of
from app.people.service import approve_registration, create_person, report_to_unit
from app.people.states import PersonKind, RegistrationKind
from tests.serving import Reply, Server
from tests.world import SYSTEM

pytestmark = [
    pytest.mark.races,
    pytest.mark.slow,
    pytest.mark.figures,
]
RIVALS = 64
_numbers = itertools.count(1)


def together(deeds: Sequence[Callable[[], Reply]]) -> list[Reply]:
    """Starts all at the same moment; the replies in their order."""
    replies: list[Reply] = [Reply(0)] * len(deeds)
    gate = threading.Barrier(len(deeds))

    def run(position: int) -> None:
        gate.wait()
        replies[position] = deeds[position]()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies


def show(race: str, rounds: int, seen: Counter[tuple[int, str]]) -> None:
    """Prints how often everything was answered, for whoever runs with -s."""
    answers = ", ".join(f"{number} x {status} {code}" for (status, code), number in seen.items())
    print(f"{race}, {rounds} rounds: {answers}")  # noqa: T201  # the figures, with -s


def set_caps(server: Server, *, open_cap: int, daily_cap: int) -> None:
    """What a member may hold and newly take, in the whole district."""
    with server.app.app_context(), transaction():
        for key, value in (
            ("orders.open_cap", open_cap),
            ("orders.daily_cap", daily_cap),
            ("orders.resident_daily", 1000),
            ("orders.resident_open", 1000),
        ):
            set_setting(SYSTEM, server.world.district.id, key=key, value=value)


def members(server: Server, count: int) -> list[int]:
    """New members, registered with the community and approved."""
    community = server.world.community.id
    leader = server.world.ids["leader"]
    found = []
    with server.app.app_context(), transaction():
        chief = Actor(leader, "leader", grants_of(leader, now()))
        for _ in range(count):
            person = create_person(
                SYSTEM, kind=PersonKind.MEMBER, name="党员", home_unit_id=community
            )
            me = Actor(person.id, "member")
            for document in (Document.PRIVACY, Document.PARTY_MEMBERSHIP):
                record_consent(me, document, CURRENT_VERSIONS[document], granted=True)
            row = report_to_unit(me, unit_id=community, kind=RegistrationKind.HOME)
            approve_registration(chief, row.id)
            found.append(person.id)
    return found


def newcomer(server: Server) -> str:
    """The token of a new resident, who has placed nothing yet: a day's limit counts by person."""
    with server.app.app_context(), transaction():
        home = server.world.community.id
        person = create_person(SYSTEM, kind=PersonKind.RESIDENT, name="居民", home_unit_id=home)
        me = Actor(person.id, "resident")
        record_consent(me, Document.PRIVACY, CURRENT_VERSIONS[Document.PRIVACY], granted=True)
    return server.token(person.id)


def pooled(server: Server, resident: str, dispatcher: str) -> int:
    """A new order in the pool."""
    body = {"description": "楼道灯不亮。", "unit_id": server.world.community.id}
    placed = server.call("POST", "/orders", resident, body, key=f"race-{next(_numbers)}")
    assert placed.status == 201, placed.body
    order_id = int(placed.body["id"])
    sent = server.call("POST", f"/orders/{order_id}/dispatch", dispatcher, {"mode": "pool"})
    assert sent.status == 200, sent.body
    return order_id


def test_one_winner(server: Server, pytestconfig: pytest.Config) -> None:
    """64 members claim one order at the same time: one 200, 63 × 409 order.already_claimed."""
    rounds = 200 if pytestconfig.getoption("--figures") else 10
    set_caps(server, open_cap=50, daily_cap=50)
    tokens = deque(server.token(person) for person in members(server, RIVALS))
    dispatcher = server.token(server.world.ids["dispatcher"])
    resident = newcomer(server)
    seen: Counter[tuple[int, str]] = Counter()
    for _ in range(rounds):
        order_id = pooled(server, resident, dispatcher)
        # Who comes to the gate last starts first; by turns, so that nobody wins up to a cap.
        tokens.rotate()

        def claim(token: str, wanted: int = order_id) -> Reply:
            return server.call("POST", f"/orders/{wanted}/claim", token, {})

        replies = together([lambda token=token: claim(token) for token in tokens])  # type: ignore[misc]  # bound now
        found = Counter((reply.status, reply.code) for reply in replies)
        assert found == {(200, ""): 1, (409, "order.already_claimed"): RIVALS - 1}
        _check_one_holder(server, order_id)
        seen += found
    show(f"{RIVALS} members at one order", rounds, seen)


def _check_one_holder(server: Server, order_id: int) -> None:
    with server.app.app_context(), transaction(writing=False):
        claims = session.scalar(
            select(func.count()).where(
                OrderEvent.order_id == order_id, OrderEvent.action == Action.CLAIM
            )
        )
        holders = session.scalar(
            select(func.count()).where(
                OrderAssignee.order_id == order_id, OrderAssignee.until.is_(None)
            )
        )
        assert (claims, holders) == (1, 1)


def test_caps_hold(server: Server, pytestconfig: pytest.Config) -> None:
    """One member claims ten orders at once under a cap of 3: exactly 3 are held."""
    rounds = 100 if pytestconfig.getoption("--figures") else 5
    set_caps(server, open_cap=3, daily_cap=50)
    dispatcher = server.token(server.world.ids["dispatcher"])
    seen: Counter[tuple[int, str]] = Counter()
    for _ in range(rounds):
        person = members(server, 1)[0]
        token, resident = server.token(person), newcomer(server)
        orders = [pooled(server, resident, dispatcher) for _ in range(10)]

        def claim(wanted: int, by: str = token) -> Reply:
            return server.call("POST", f"/orders/{wanted}/claim", by, {})

        replies = together([lambda wanted=wanted: claim(wanted) for wanted in orders])  # type: ignore[misc]  # bound now
        found = Counter((reply.status, reply.code) for reply in replies)
        assert found == {(200, ""): 3, (409, "order.open_cap"): 7}
        with server.app.app_context(), transaction(writing=False):
            held = session.scalar(
                select(func.count()).where(Order.holder_id == person, Order.status.in_(ACTIVE))
            )
        assert held == 3
        seen += found
    show("one member at ten orders, cap 3", rounds, seen)


def test_neighbours_do_not_matter(server: Server, pytestconfig: pytest.Config) -> None:
    """A comment and an urge at the same moment never make a legal claim fail."""
    rounds = 50 if pytestconfig.getoption("--figures") else 5
    set_caps(server, open_cap=50, daily_cap=50)
    token, resident = server.token(members(server, 1)[0]), newcomer(server)
    dispatcher = server.token(server.world.ids["dispatcher"])
    seen: Counter[tuple[int, str]] = Counter()
    for _ in range(rounds):
        path = f"/orders/{pooled(server, resident, dispatcher)}"
        deeds: list[Callable[[], Reply]] = [
            lambda path=path: server.call("POST", f"{path}/claim", token, {}),  # type: ignore[misc]  # bound now
            lambda path=path: server.call("POST", f"{path}/urge", resident, {}),  # type: ignore[misc]  # bound now
        ]
        for who in (resident, dispatcher, dispatcher):
            deeds.append(
                lambda path=path, who=who: server.call(  # type: ignore[misc]  # bound now
                    "POST", f"{path}/comments", who, {"note": "请快一点，谢谢。"}
                )
            )
        replies = together(deeds)
        assert [reply.status for reply in replies] == [200] * len(deeds), replies
        seen += Counter((reply.status, reply.code) for reply in replies)
    show("a claim beside an urge and three comments", rounds, seen)
