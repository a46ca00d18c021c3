"""How the history of one invented order is told, each step checked by the table."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from app.categories.states import Urgency
from app.demo.geography import Address
from app.demo.library import Matter, Topic, phrases
from app.demo.rhythm import Rhythm, later
from app.orders.ticket.states import TABLE, Action, OrderStatus

_PACE = {Urgency.NORMAL: 1.0, Urgency.URGENT: 0.3, Urgency.EMERGENCY: 0.04}


class NotYet(Exception):
    """The story would go on after now; it is told again from an earlier start."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the stories need to know of a category."""

    urgency: Urgency
    skills: frozenset[str] = frozenset()
    public_place: bool = False
    home_visit: bool = False
    vetted_only: bool = False
    two_people: bool = False
    check: bool = False
    to_unit_above: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One act: `who` is a key of the population, None the program; `more` its particulars."""

    action: Action
    at: datetime
    who: str | None
    to: OrderStatus
    note: str = ""
    visible: bool = True
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handler:
    """Who handles: `kind` as in orders, `key` a person's or a provider's."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part: the desk, the watch, the officer above, and whom the desk can choose from."""

    desk: str
    duty: str
    officer: str
    requester: str
    placer: str | None
    members: Sequence[str]
    others: Sequence[Handler]
    neighbours: Sequence[str] = ()

    def placed_by(self, source: str, chance: Random) -> "Cast":
        """The same people, the order entered by the desk, at night by the watch."""
        return replace(
            self, placer=self.duty if source == "phone" and chance.random() < 0.3 else self.desk
        )


@dataclass(slots=True)
class Tale:
    """A story being told; `at` is where it stands in time."""

    chance: Random
    now: datetime
    at: datetime
    rules: Rules
    topic: Topic
    matter: Matter
    cast: Cast
    words: dict[str, str]
    source: str
    slow: float = 1.0
    status: OrderStatus | None = None
    handler: Handler | None = None
    steps: list[Step] = field(default_factory=list)

    @property
    def is_emergency(self) -> bool:
        """特急: the hours of the day do not count."""
        return self.rules.urgency is Urgency.EMERGENCY

    @property
    def acting(self) -> str:
        """Who writes for the handler: a provider has no account, the desk records for it."""
        if self.handler is None or self.handler.kind == "provider":
            return self.cast.desk
        return self.handler.key

    @property
    def rhythm(self) -> Rhythm:
        """The handler's hours."""
        if self.is_emergency:
            return Rhythm.ALWAYS
        if self.handler is not None and self.handler.kind in ("member", "volunteer"):
            return Rhythm.MEMBER
        return Rhythm.FIELD

    @property
    def desk_rhythm(self) -> Rhythm:
        """The desk's hours."""
        return Rhythm.ALWAYS if self.is_emergency else Rhythm.DESK

    def say(self, kind: str) -> str:
        """Words of that kind in the topic's tone."""
        words = phrases()[kind]
        return self.chance.choice(words["any"] + words.get(self.topic.tone, []))

    def progress_words(self) -> str:
        """What the handler reports on the way."""
        return self.fill(self.chance.choice(self.topic.progress))

    def fill(self, text: str) -> str:
        """The text with 小区, 楼 and 单元 filled in."""
        return text.format(**self.words)

    def luck(self, share: float) -> bool:
        """True in that share of cases."""
        return self.chance.random() < share

    def act(
        self,
        action: Action,
        who: str | None,
        wait: tuple[float, float],
        rhythm: Rhythm,
        *,
        to: OrderStatus | None = None,
        note: str = "",
        visible: bool = True,
        **more: Any,
    ) -> Step:
        """The next step, `wait` minutes on (shorter where it is urgent); no `to` stays.

        Raises NotYet where that is not past, ValueError where the table has no such row.
        """
        pace = _PACE[self.rules.urgency]
        low, high = (max(1.0, minutes * pace) for minutes in wait)
        moment = later(self.chance, self.at, rhythm, low, high) if self.steps else self.at
        if moment > self.now - timedelta(seconds=40):
            raise NotYet
        row = TABLE[action]
        target = to or self.status
        if target is None or (self.steps and self.status not in row.start):
            raise ValueError(f"{action} does not start from {self.status}")
        if target is not self.status and target not in row.to:
            raise ValueError(f"{action} does not lead from {self.status} to {target}")
        step = Step(action, moment, who, target, note, visible, more)
        self.steps.append(step)
        self.at, self.status = moment, target
        return step


@dataclass(frozen=True, slots=True)
class Story:
    """An order as it is put in: what, where, for whom, and all that happened."""

    key: int
    category: str
    text: str
    community: int
    street: int | None
    address: Address
    requester: str
    placer: str | None
    source: str
    urgency: Urgency
    anonymous: bool
    steps: tuple[Step, ...]
    external_number: str | None = None

    @property
    def status(self) -> OrderStatus:
        """Where it stands now."""
        return self.steps[-1].to
