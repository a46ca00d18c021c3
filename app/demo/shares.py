"""Keeps the work of each person within the program's limits: caps of members, limits of residents."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from app.demo.tale import Story
from app.kernel.clock import local_date
from app.orders.ticket.states import HELD, OPEN, Action, OrderStatus

_OPEN_CAP, _DAILY_CAP = 3, 2
_RESIDENT_DAILY, _RESIDENT_OPEN = 2, 3
# Visitors of the demo log in as these members, so each of them holds at most one order, has claimed
# none today and has no offer to answer.
SPARED = frozenset(f"member:{number}" for number in range(1, 14))


@dataclass(frozen=True, slots=True)
class Held:
    """The time in which a member held an order; `until` is None if the member still holds it."""

    member: str
    since: datetime
    until: datetime | None


def held_by_members(story: Story) -> list[Held]:
    """The times in which members held the order of a story, from each claim on.

    A suspended order counts as held here, although it does not count for the real cap.
    """
    spans: list[Held] = []
    holder, since = "", story.steps[0].at
    for step in story.steps:
        if step.action is Action.CLAIM:
            holder, since = str(step.who), step.at
        elif holder and step.to not in HELD:
            spans.append(Held(holder, since, step.at))
            holder = ""
    return [*spans, Held(holder, since, None)] if holder else spans


@dataclass(slots=True)
class Shares:
    """The work and the orders that the stories so far have given to each person."""

    spans: defaultdict[str, list[Held]] = field(default_factory=lambda: defaultdict(list))
    claims: Counter[tuple[str, date]] = field(default_factory=Counter)
    placed: Counter[tuple[str, date]] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    offers: Counter[str] = field(default_factory=Counter)

    def admit(self, story: Story, now: datetime) -> bool:
        """Counts the story and returns True, if it keeps all limits; else returns False."""
        spans = held_by_members(story)
        if not self._residents_can(story) or not all(self._can_take(span, now) for span in spans):
            return False
        offered = self._offered_now(story)
        if offered and (self.offers[offered] or offered in SPARED):
            return False
        if len({(span.member, local_date(span.since)) for span in spans}) != len(spans):
            return False
        for span in spans:
            self.spans[span.member].append(span)
            self.claims[span.member, local_date(span.since)] += 1
        self.placed[story.requester, local_date(story.steps[0].at)] += 1
        self.waiting[story.requester] += story.status in OPEN
        self.offers[offered] += bool(offered)
        return True

    def _offered_now(self, story: Story) -> str:
        last = story.steps[-1]
        return str(last.more.get("offered_to", "")) if last.to is OrderStatus.DISPATCHED else ""

    def _residents_can(self, story: Story) -> bool:
        return (
            self.placed[story.requester, local_date(story.steps[0].at)] < _RESIDENT_DAILY
            and self.waiting[story.requester] < _RESIDENT_OPEN
        )

    def _can_take(self, span: Held, now: datetime) -> bool:
        if span.member in SPARED and not self._is_spared(span, now):
            return False
        if self.claims[span.member, local_date(span.since)] >= _DAILY_CAP:
            return False
        end = span.until or now + timedelta(days=1)
        meeting = [
            other
            for other in self.spans[span.member]
            if other.since < end and (other.until is None or other.until > span.since)
        ]
        return len(meeting) < _OPEN_CAP

    def _is_spared(self, span: Held, now: datetime) -> bool:
        if local_date(span.since) == local_date(now):
            return False
        return span.until is not None or all(
            other.until is not None for other in self.spans[span.member]
        )
