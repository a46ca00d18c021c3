"""Tells the history of one invented order; each step is checked against the orders' TABLE."""

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
    """The next step would lie in the future; the story is told again with an earlier start."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a category that matter for stories."""

    urgency: Urgency
    skills: frozenset[str] = frozenset()
    public_place: bool = False
    home_visit: bool = False
    vetted_only: bool = False
    two_people: bool = False
    check: bool = False
    to_unit_above: bool = False
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a story.

    `who` is the key of a person, None for the program; `to` is the state afterwards; `more` are the
    other facts of the action.
    """

    action: Action
    at: datetime
    who: str | None
    to: OrderStatus
    note: str = ""
    visible: bool = True
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handler:
    """The handler of a story: `kind` is that of the orders, `key` names a person or a provider."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of a story, by key.

    Dispatcher, duty person, officer of the street, requester, placer (None if the requester places
    the order), members who may claim, other possible handlers, and neighbours.
    """

    desk: str
    duty: str
    officer: str
    requester: str
    placer: str | None
    members: Sequence[str]
    others: Sequence[Handler]
    neighbours: Sequence[str] = ()

    def placed_by(self, source: str, chance: Random) -> "Cast":
        """The same people, but the dispatcher enters the order, or sometimes the duty person."""
        return replace(
            self, placer=self.duty if source == "phone" and chance.random() < 0.3 else self.desk
        )


@dataclass(slots=True)
class Tale:
    """A story that is being told; `at` is the time of its last step."""

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
        """特急: True for an emergency; people act at any hour then."""
        return self.rules.urgency is Urgency.EMERGENCY

    @property
    def acting(self) -> str:
        """The key of the person who writes for the handler; the desk does it for a provider."""
        if self.handler is None or self.handler.kind == "provider":
            return self.cast.desk
        return self.handler.key

    @property
    def rhythm(self) -> Rhythm:
        """The hours of the handler."""
        if self.is_emergency:
            return Rhythm.ALWAYS
        if self.handler is not None and self.handler.kind in ("member", "volunteer"):
            return Rhythm.MEMBER
        return Rhythm.FIELD

    @property
    def desk_rhythm(self) -> Rhythm:
        """The hours of the desk."""
        return Rhythm.ALWAYS if self.is_emergency else Rhythm.DESK

    def say(self, kind: str) -> str:
        """A random phrase of this kind that suits the tone of the topic."""
        words = phrases()[kind]
        return self.chance.choice(words["any"] + words.get(self.topic.tone, []))

    def progress_words(self) -> str:
        """A random progress report of the topic."""
        return self.fill(self.chance.choice(self.topic.progress))

    def fill(self, text: str) -> str:
        """The text with 小区, 楼 and 单元 filled in."""
        return text.format(**self.words)

    def luck(self, share: float) -> bool:
        """Returns True at random, in this share of the calls."""
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
        """Adds the next step and returns it.

        It happens a random number of minutes in `wait` after the last step (less if it is urgent),
        in the hours of `rhythm`. Without `to` the state stays. Raises NotYet if the step would lie
        in the future, ValueError if the orders' TABLE does not allow it.
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
    """An invented order that is told to its end: its text, place, requester and all its steps."""

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
        """The state of the order after its last step."""
        return self.steps[-1].to
