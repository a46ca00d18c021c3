"""A body for each action, drawn at random: most of them would be taken, some are refused."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from app.kernel.clock import to_local
from app.orders.ticket.models import Order
from app.orders.ticket.states import Action, CallOutcome, ContentState
from tests.world import World

Body = dict[str, Any]
Chance = tuple[float, Callable[[], Any]]
# Of public places, of homes, confidential, for two people, at once, for the unit above; others.
KINDS = (
    *("路灯楼道灯", "四害消杀", "四害消杀", "四害消杀"),
    *("家电小修", "养老资格认证上门"),
    *("邻里纠纷", "投诉工作人员", "老人儿童走失"),
    *("燃气泄漏", "暖气不热", "政策咨询", "请回电、说不清"),
)
URGENCIES = ("normal", "urgent", "emergency")
WORDS = ("请尽快安排。", "已经说好了。", "材料不全，要再等一等。", "邻居也来问过这件事。")
LONG = "已到现场查看，约好了明天带材料来修。"
MEMBERS = ("member", "member2", "volunteer")
ASSIGNED = ("grid", "duty", "dispatcher", "leader")


@dataclass(frozen=True, slots=True)
class Scene:
    """Who acts on which order at what moment; which other orders and which outside units there are."""

    world: World
    dice: Random
    who: str
    order: Order
    moment: datetime
    others: Sequence[int]
    providers: Sequence[int]

    def words(self) -> str:
        """A sentence."""
        return self.dice.choice(WORDS)

    def flip(self, chance: float = 0.5) -> bool:
        """True so often."""
        return self.dice.random() < chance

    def later(self, *hours: float) -> str:
        """A moment after now, by one of these hours."""
        return after(self.moment, self.dice.choice(hours))

    def home(self) -> str:
        """What the names of the order's community begin with, mostly; or the other's."""
        here = self.order.handling_path.startswith(self.world.other_community.path)
        return "other_" if here is self.flip(0.95) else ""

    def person(self, *keys: str) -> int:
        """One of these people of the order's community, by id."""
        return self.world.ids[self.home() + self.dice.choice(keys)]

    def some(self, **chances: Chance) -> Body:
        """The fields that come up, each by its chance."""
        return _drawn(self.dice, chances)


def _drawn(dice: Random, chances: Mapping[str, Chance]) -> Body:
    return {name: draw() for name, (chance, draw) in chances.items() if dice.random() < chance}


def after(moment: datetime, hours: float) -> str:
    """So many hours later, as the API takes it."""
    return to_local(moment + timedelta(hours=hours)).isoformat()


def _note(scene: Scene) -> Body:
    return scene.some(note=(0.5, scene.words))


def _note_needed(scene: Scene) -> Body:
    return {"note": scene.words()}


def _reason(scene: Scene) -> Body:
    return {"reason": scene.words()}


def _handler(scene: Scene) -> Body:
    """To the pool, to somebody who may claim, to somebody who must, or to an outside unit."""
    kind = scene.dice.choices(("pool", "offered", "assigned", "provider"), (4, 4, 3, 2))[0]
    if kind == "pool":
        return {"mode": "pool"}
    if kind == "provider":
        return {"mode": "direct", "provider_id": scene.dice.choice(scene.providers)}
    person_id = scene.person(*(MEMBERS if kind == "offered" else ASSIGNED))
    helpers = scene.some(helper_ids=(0.3, lambda: _helpers(scene)))
    return {"mode": "direct", "assignee_id": person_id, **helpers}


def _helpers(scene: Scene) -> list[int]:
    people = [scene.person(*MEMBERS, "grid") for _ in range(scene.dice.randint(1, 2))]
    return list(dict.fromkeys(people))


def _terms(scene: Scene) -> Body:
    return scene.some(
        due_at=(0.3, lambda: _within(scene)),
        task=(0.3, lambda: "先断电，再换灯。"),
        note=(0.3, scene.words),
    )


def _dispatch(scene: Scene) -> Body:
    people = scene.some(people_needed=(0.2, lambda: scene.dice.randint(1, 4)))
    return _handler(scene) | _terms(scene) | people


def _start(scene: Scene) -> Body:
    code = scene.order.visit_code if scene.flip(0.95) else "0000"
    return _note(scene) | scene.some(visit_code=(0.7, lambda: code))


def _complete(scene: Scene) -> Body:
    return {"note": scene.words()} | scene.some(
        minutes_spent=(0.5, lambda: scene.dice.randint(0, 300)),
        helper_ids=(0.2, lambda: _helpers(scene)),
    )


def _rate(scene: Scene) -> Body:
    return {"solved": scene.flip(0.5)} | scene.some(
        satisfied=(0.7, scene.flip),
        stars=(0.5, lambda: scene.dice.randint(1, 5)),
        comment=(0.5, scene.words),
    )


def _follow_up(scene: Scene) -> Body:
    outcome = scene.dice.choices(list(CallOutcome), (5, 2, 1, 1))[0]
    answered = {"solved": scene.flip(), "satisfied": scene.flip()}
    return {"outcome": outcome.value} | (answered if scene.flip(0.9) else {}) | _note(scene)


def _transfer(scene: Scene) -> Body:
    world = scene.world
    unit = scene.dice.choice((world.community, world.other_community, world.street, world.grid))
    return {"unit_id": unit.id} | _reason(scene)


def _split(scene: Scene) -> Body:
    return {"parts": [_part(scene) for _ in range(scene.dice.randint(1, 3))]}


def _part(scene: Scene) -> Body:
    world = scene.world
    unit = scene.dice.choice((world.community, world.other_community, world.grid))
    due_at = scene.some(due_at=(0.3, lambda: scene.later(5, 48)))
    if scene.flip(0.5):
        return {"unit_id": unit.id, "task": "你们办这一部分。"} | due_at
    return {"assignee_id": scene.person(*MEMBERS, *ASSIGNED), "task": "请你办一部分。"} | due_at


def _amend(scene: Scene) -> Body:
    world, dice = scene.world, scene.dice
    drawn = scene.some(
        category_id=(0.4, lambda: world.categories[dice.choice(KINDS)]),
        urgency=(0.4, lambda: dice.choice(URGENCIES)),
        place_id=(0.3, lambda: dice.choice((world.place.id, world.other_place.id))),
        green_channel=(0.3 if "leader" in scene.who else 0.02, scene.flip),
        contact_name=(0.2, lambda: "测新人"),
        contact_phone=(0.2, lambda: f"1380000{dice.randint(0, 9999):04d}"),
    )
    return drawn | _reason(scene)


def _merge(scene: Scene) -> Body:
    into = scene.dice.choice(scene.others) if scene.others else scene.order.id
    reason = scene.some(reason=(0.5, scene.words))
    return {"into_id": into} | reason | _note(scene)


def _comment(scene: Scene) -> Body:
    return {"note": scene.words()} | scene.some(visible=(0.5, scene.flip))


BODIES: Mapping[Action, Callable[[Scene], Body]] = {
    Action.ACKNOWLEDGE: _note,
    Action.SETTLE: _note_needed,
    Action.DISPATCH: _dispatch,
    Action.CLAIM: _note,
    Action.DECLINE: _reason,
    Action.REASSIGN: lambda scene: _handler(scene) | _terms(scene) | _reason(scene),
    Action.APPOINT: lambda scene: {"at": scene.later(1, 6, 30)} | _note(scene),
    Action.START: _start,
    Action.PROGRESS: lambda scene: {"note": LONG} | scene.some(visible=(0.3, scene.flip)),
    Action.RECALL: _reason,
    Action.RETURN: _reason,
    Action.SUSPEND: lambda scene: {"until": scene.later(20, 70, 100, 300, 500)} | _reason(scene),
    Action.RESUME: _note,
    Action.COMPLETE: _complete,
    Action.CHECK: lambda scene: {"passed": scene.flip(), "note": scene.words()},
    Action.RATE: _rate,
    Action.FOLLOW_UP: _follow_up,
    Action.REOPEN: _reason,
    Action.DECIDE: lambda scene: {"again": scene.flip()} | _reason(scene),
    Action.REPORT_UP: _reason,
    Action.SUPERVISE: _note_needed,
    Action.TRANSFER: _transfer,
    Action.SPLIT: _split,
    Action.AMEND: _amend,
    Action.ASK: _note_needed,
    Action.ANSWER: _note_needed,
    Action.EXTEND: lambda scene: {"due_at": _extended(scene)} | _reason(scene),
    Action.PLAN: lambda scene: {"due_at": scene.later(800, 1500, 2000), "note": LONG},
    Action.MERGE: _merge,
    Action.UNMERGE: _reason,
    Action.REJECT: lambda scene: _reason(scene) | _note_needed(scene),
    Action.CANCEL: lambda scene: scene.some(reason=(0.5, scene.words)),
    Action.URGE: _note,
    Action.NOT_COME: _note,
    Action.CONFIRM_NO_SHOW: lambda scene: {"confirmed": scene.flip()} | _note_needed(scene),
    Action.COMMENT: _comment,
    Action.JOIN: _note,
    Action.SUPPORT: _note_needed,
    Action.AGREE: _note,
    Action.REFUSE: _reason,
    Action.CHECK_CONTENT: lambda scene: {
        "state": scene.dice.choices(list(ContentState), (1, 8, 1, 1))[0].value
    },
}


def _within(scene: Scene) -> str:
    """Before the promised day, mostly."""
    left = (scene.order.due_at or scene.moment) - scene.moment
    hours = max(left / timedelta(hours=1), 3)
    return after(scene.moment, hours * scene.dice.choice((0.3, 0.6, 0.9, 1.1)))


def _extended(scene: Scene) -> str:
    due_at = max(scene.order.due_at or scene.moment, scene.moment)
    return after(due_at, scene.dice.choice((5, 30, 100)))


@dataclass(frozen=True, slots=True)
class Draw:
    """Draws the placing of an order, at that moment."""

    world: World
    dice: Random
    moment: datetime

    def placing(self) -> tuple[str, Body]:
        """Who places it, and its body: for oneself, for a neighbour, or by staff on behalf of another."""
        prefix = self.dice.choices(("", "other_"), (5, 1))[0]
        place = self.world.other_place if prefix else self.world.place
        who = self.dice.choices(("resident", "member", "grid", "desk"), (7, 1, 2, 3))[0]
        body = {"description": "楼道的灯坏了，请来修。"} | self._some(
            category_id=(0.8, lambda: self.world.categories[self.dice.choice(KINDS)]),
            place_id=(0.5, lambda: place.id),
            anonymous=(0.1, lambda: True),
            preferred_times=(0.2, lambda: [self._tomorrow()]),
            urgency=(0.2, lambda: self.dice.choice(URGENCIES)),
        )
        if who == "desk":
            return prefix + self.dice.choice(("dispatcher", "duty")), body | self._by_desk(prefix)
        neighbour = {"name": "测邻居", "phone": "13700000001"}
        return prefix + who, body | self._some(on_behalf_of=(0.2, lambda: neighbour))

    def _by_desk(self, prefix: str) -> Body:
        someone = (
            {"person_id": self.world.ids[f"{prefix}resident2"]},
            {"name": "测来访", "phone": "13700000002"},
        )
        return {"on_behalf_of": self.dice.choice(someone)} | self._some(
            source=(0.7, lambda: self.dice.choice(("phone", "window", "visit", "12345"))),
            imposed_due_at=(0.3, lambda: after(self.moment, self.dice.choice((30, 100, 900)))),
        )

    def _tomorrow(self) -> Body:
        return {"since": after(self.moment, 20), "until": after(self.moment, 22)}

    def _some(self, **chances: Chance) -> Body:
        return _drawn(self.dice, chances)
