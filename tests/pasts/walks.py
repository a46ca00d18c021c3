"""Random walks over all that can be done to orders, through the API and by the timetable.

A walk is drawn from its seed alone. It says for each of its orders how the order stood when it was
placed, what was done to it, and how it stands at the end.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from random import Random

from sqlalchemy import bindparam, select, update
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from app.deadlines.door import jobs as deadlines
from app.identity.models import Token
from app.kernel.actor import Actor
from app.kernel.database import session, transaction
from app.orders.access.policy import actions_of, may_decide
from app.orders.clockwork import jobs
from app.orders.ticket.models import Order, OrderFollower, OrderRequest
from app.orders.ticket.states import Action, RequestState
from app.organisation.service import create_provider
from app.organisation.states import ProviderKind
from app.people.models import Registration, RoleGrant
from app.people.states import RegistrationStatus
from tests.conftest import Clock
from tests.pasts.bodies import BODIES, Body, Draw, Scene, after
from tests.pasts.state import Act, State, acts_after, states_of
from tests.world import SYSTEM, World

Offer = tuple[str, Order, str]
START = datetime.fromisoformat("2027-03-01T08:30:00+08:00")
FAR = datetime.fromisoformat("2099-01-01T00:00:00+08:00")
# Hours between two steps: mostly the same day, sometimes the next one, sometimes after a week.
PAUSES = ((0.05, 0.5, 2, 9, 26, 75, 170), (6, 8, 6, 3, 3, 2, 1))
# How often an action is drawn, others 1: often what brings an order on, seldom what the desk may
# always do, and what ends an order from wherever it stands.
WEIGHTS = {
    **dict.fromkeys((Action.DECIDE, Action.NOT_COME), 20),
    **dict.fromkeys((Action.CLAIM, Action.RATE, Action.UNMERGE, Action.AGREE, Action.RESUME), 8),
    **dict.fromkeys((Action.DISPATCH, Action.COMPLETE, Action.REFUSE), 5),
    Action.SUPPORT: 15,
    **dict.fromkeys((Action.DECLINE, Action.APPOINT, Action.START, Action.PROGRESS), 4),
    **dict.fromkeys((Action.SUSPEND, Action.RETURN, Action.FOLLOW_UP, Action.JOIN), 3),
    **dict.fromkeys((Action.SUPERVISE, Action.PLAN, Action.EXTEND, Action.CHECK_CONTENT), 0.3),
    **dict.fromkeys((Action.COMMENT, Action.AMEND, Action.ASK, Action.TRANSFER), 0.7),
    **dict.fromkeys((Action.CANCEL, Action.REJECT, Action.REPORT_UP), 0.4),
    Action.CONFIRM_NO_SHOW: 0.1,
}
JOBS: tuple[Callable[[], int], ...] = (
    jobs.lapse_offers,
    jobs.return_stale,
    jobs.call_unclaimed,
    jobs.resume_due,
    jobs.gather_parts,
    jobs.lapse_requests,
    jobs.ask_again,
    jobs.close_unanswered,
    deadlines.sweep,
)

_ORDERS = (
    select(Order).where(Order.id.in_(bindparam("order_ids", expanding=True))).order_by(Order.id)
)
_PENDING = (
    select(OrderRequest)
    .where(
        OrderRequest.order_id.in_(bindparam("order_ids", expanding=True)),
        OrderRequest.state == RequestState.PENDING,
    )
    .order_by(OrderRequest.id)
)


@dataclass(slots=True)
class Told:
    """One order of a walk: as it was placed, what was done to it since, as it is at the end.

    The acts begin with the placing. `placed` is the order after it, for a part that was given out at
    once after that as well.
    """

    placed: State
    acts: list[Act] = field(default_factory=list)
    ended: State | None = None


@dataclass(slots=True)
class Walk:
    """A walk under way; `told` has its orders by id, `lines` what was done, to be printed."""

    world: World
    clock: Clock
    seed: int
    told: dict[int, Told] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    done: Counter[Action] = field(default_factory=Counter)
    # Whether somebody was erased, staff too: their words beside orders go without an act.
    erased: bool = False
    dice: Random = field(init=False)
    moment: datetime = START
    _last_event: int = 0
    _providers: list[int] = field(default_factory=list)
    _actors: dict[str, Actor] | None = None

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)

    def go(self) -> None:
        """From the placing of one order or two to the end; raises AssertionError with the history."""
        try:
            self._pass_time(self.dice.uniform(0, 24 * 7))
            self._open_doors()
            for _ in range(self.dice.choice((1, 1, 2))):
                self._place()
            for _ in range(self.dice.randint(5, 25)):
                self._pass_time(self.dice.choices(*PAUSES)[0] * self.dice.uniform(0.5, 1.5))
                self.dice.choices(*_STEPS)[0](self)
                self.look()
            for order_id, state in states_of(self.told).items():
                self.told[order_id].ended = state
        except Exception as broken:
            story = "\n".join(self.lines)
            raise AssertionError(f"walk {self.seed}:\n{story}") from broken

    def _open_doors(self) -> None:
        """Log-ins that last, since new ones every two hours would be most of the work; providers."""
        session.execute(update(Token).values(expires_at=FAR))
        self._providers = [self.world.provider.id]
        if self.dice.random() < 0.3:
            account = create_provider(
                SYSTEM,
                unit_id=self.world.community.id,
                name="快修公司",
                kind=ProviderKind.PROPERTY,
                phone="05317654321",
                person_id=self.world.ids["volunteer"],
            )
            self._providers.append(account.id)
        session.commit()

    def look(self) -> None:
        """Reads what has been done since it was read before."""
        found = acts_after(self._last_event)
        if not found:
            return
        self._last_event = found[-1][0]
        new = {act.order_id for _, act in found} - self.told.keys()
        if new:
            self.told |= {order_id: Told(state) for order_id, state in states_of(new).items()}
        for _, act in found:
            self.done[act.action] += 1
            self.told[act.order_id].acts.append(act)

    def _pass_time(self, hours: float) -> None:
        self.moment += timedelta(hours=hours)
        self.clock.set(self.moment.isoformat())

    def _call(self, who: str, path: str, body: Body | None, method: str = "POST") -> TestResponse:
        """A request; whatever is answered but an error of the program is right."""
        client = self.world.client
        assert client is not None
        headers = {
            "Authorization": f"Bearer {self.world.sessions[who].access_token}",
            "Idempotency-Key": f"walk-{len(self.lines)}",
        }
        answer = client.open(f"/api/v1{path}", method=method, headers=headers, json=body)
        code = (answer.json or {}).get("code", "") if answer.status_code >= 400 else ""
        self._note(
            f"{who} {method} {path} {json.dumps(body, ensure_ascii=False)}", answer.status, code
        )
        self.refused[f"{path.rpartition('/')[2]} {code}"] += bool(code)
        assert answer.status_code < 500, answer.get_data(as_text=True)
        return answer

    def _note(self, *words: object) -> None:
        self.lines.append(" ".join((f"{self.moment:%m-%d %H:%M}", *map(str, words))))

    def _people(self) -> dict[str, Actor]:
        if self._actors is None:
            self._actors = {who: self.world.actor(who) for who in self.world.ids}
        return self._actors

    def _name_of(self, person_id: int) -> str:
        return next(who for who, known in self.world.ids.items() if known == person_id)

    def _orders(self) -> list[Order]:
        return list(session.scalars(_ORDERS, {"order_ids": list(self.told)}))

    # --- steps

    def _place(self) -> None:
        who, body = Draw(self.world, self.dice, self.moment).placing()
        if self._call(who, "/orders", body).status_code != 201:
            self._call(who, "/orders", {"description": "没有水了。"})
        self.look()

    def _act(self) -> None:
        """Something that an order offers to somebody."""
        offered = self._offered()
        if not offered:
            self._place()
            return
        actions = list(offered)
        action = self.dice.choices(actions, [self._weight(action) for action in actions])[0]
        who, order, path = self.dice.choice(offered[action])
        self._send(who, order, action, path)

    def _weight(self, action: Action) -> float:
        """What was reported is looked into soon; a single order is merged with none."""
        if action is Action.CONFIRM_NO_SHOW and self._is_reported():
            return 20
        if action is Action.MERGE and len(self.told) == 1:
            return 0
        return WEIGHTS.get(action, 1)

    def _is_reported(self) -> bool:
        lasts = (told.acts[-1].action for told in self.told.values() if told.acts)
        return Action.NOT_COME in lasts

    def _offered(self) -> dict[Action, list[Offer]]:
        """By action: whom it is offered to, on which order, at which address."""
        found: dict[Action, list[Offer]] = {}
        orders = {order.id: order for order in self._orders()}
        for action, offer in (*self._by_orders(orders.values()), *self._by_requests(orders)):
            found.setdefault(action, []).append(offer)
        return found

    def _by_orders(self, orders: Iterable[Order]) -> Iterator[tuple[Action, Offer]]:
        for order in orders:
            for who, actor in self._people().items():
                for name in actions_of(actor, order):
                    action = Action(name)
                    if action not in _OF_NEIGHBOURS or order.public_place:
                        yield action, (who, order, f"/orders/{order.id}/{name}")

    def _by_requests(self, orders: Mapping[int, Order]) -> Iterator[tuple[Action, Offer]]:
        for request in session.scalars(_PENDING, {"order_ids": list(self.told)}).all():
            order = orders[request.order_id]
            for who, actor in self._people().items():
                if request.until > self.moment and may_decide(actor, request, order):
                    for action in _OF_REQUESTS:
                        path = f"/orders/{order.id}/requests/{request.id}/{action.value}"
                        yield action, (who, order, path)

    def _act_anyhow(self) -> None:
        """Something that mostly is refused: anything by anybody."""
        order = self.dice.choice(self._orders())
        action = self.dice.choice([action for action in BODIES if action not in _OF_REQUESTS])
        who = self.dice.choice(list(self.world.ids))
        self._send(who, order, action, f"/orders/{order.id}/{action.value}")

    def _send(self, who: str, order: Order, action: Action, path: str) -> None:
        others = [order_id for order_id in self.told if order_id != order.id]
        scene = Scene(self.world, self.dice, who, order, self.moment, others, self._providers)
        self._call(who, path, BODIES[action](scene))

    def _say_not_solved(self) -> None:
        """Somebody, mostly one who has joined, says that it is not solved where he or she lives."""
        order = self.dice.choice(self._orders())
        joined = session.scalars(
            select(OrderFollower.person_id).where(OrderFollower.order_id == order.id)
        ).all()
        who = self.dice.choice([self._name_of(one) for one in joined] or ["resident2"])
        self._call(who, f"/orders/{order.id}/still_not_solved", None)

    def _work(self) -> None:
        """A round of the timetable, or one of its jobs."""
        self._run(JOBS if self.dice.random() < 0.5 else (self.dice.choice(JOBS),))

    def _rest(self) -> None:
        """More than a week in which nobody does anything but the timetable."""
        for _ in range(3):
            self._pass_time(self.dice.uniform(55, 80))
            self._run(JOBS)

    def _run(self, chosen: Sequence[Callable[[], int]]) -> None:
        """What a job cannot do it logs, and leaves for its next round: here that is a failure."""
        with capture_logs() as logs:
            for job in chosen:
                with transaction():
                    self._note(job.__name__, job())
        failed = [entry for entry in logs if entry["log_level"] in ("warning", "error")]
        assert not failed, failed

    def _leave(self) -> None:
        """Somebody, mostly the holder of an order, gives up a post, is away, or goes for good."""
        orders = self._orders()
        order = self.dice.choice([order for order in orders if order.is_held] or orders)
        near = [order.holder_id, order.holder_id, order.offered_to_id, order.requester_id]
        who = self._name_of(
            self.dice.choice([one for one in near if one] or list(self.world.ids.values()))
        )
        ways = (Walk._end_registration, Walk._end_role, Walk._go_away, Walk._erase)
        self.dice.choice(ways)(self, who)
        self._actors = None

    def _end_registration(self, who: str) -> None:
        mine = select(Registration.id).where(
            Registration.person_id == self.world.ids[who],
            Registration.status == RegistrationStatus.APPROVED,
        )
        for registration_id in session.scalars(mine).all():
            self._call(who, f"/registrations/{registration_id}/end", {})

    def _end_role(self, who: str) -> None:
        granted = select(RoleGrant.id).where(
            RoleGrant.person_id == self.world.ids[who],
            RoleGrant.registration_id.is_(None),
            RoleGrant.ended_at.is_(None),
        )
        for grant_id in session.scalars(granted).all():
            self._call("admin", f"/grants/{grant_id}", None, "DELETE")

    def _go_away(self, who: str) -> None:
        until = after(self.moment, self.dice.choice((30, 100)))
        self._call(who, "/me/away", {"until": until, "return_orders": self.dice.random() < 0.7})

    def _erase(self, who: str) -> None:
        if self.dice.random() < 0.5:
            answer = self._call(who, "/me", None, "DELETE")
        else:
            body = {"forced": True, "reason": "搬走了。"}
            answer = self._call("district", f"/people/{self.world.ids[who]}/erase", body)
        self.erased |= answer.status_code == HTTPStatus.NO_CONTENT


# Of a home those who might do these never see the order.
_OF_NEIGHBOURS = (Action.JOIN, Action.SUPPORT)
_OF_REQUESTS = (Action.AGREE, Action.REFUSE)
_STEPS: tuple[tuple[Callable[[Walk], None], ...], tuple[int, ...]] = (
    (Walk._act, Walk._act_anyhow, Walk._work, Walk._rest, Walk._leave, Walk._say_not_solved),
    (80, 4, 8, 3, 4, 1),
)
