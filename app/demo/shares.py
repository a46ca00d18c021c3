"""Who has how much to do: no member over the caps, no resident over the limits, no double hour."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from app.demo.tale import Story
from app.kernel.clock import local_date
from app.orders.ticket.states import HELD, OPEN, Action, OrderStatus

_OPEN_CAP, _DAILY_CAP = 3, 2
_RESIDENT_DAILY, _RESIDENT_OPEN = 2, 3
# Members a visitor logs in as: hardly anything in hand, nothing new today.
SPARED = frozenset(f"member:{number}" for number in range(1, 14))


@dataclass(frozen=True, slots=True)
class Held:
    """A member answered for an order in that time; `until` None: still does."""

    member: str
    since: datetime
    until: datetime | None


def held_by_members(story: Story) -> list[Held]:
    """From each claim to its end; a pause does not end it here, though it does for the cap."""
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
    """What has been given to everybody so far."""

    spans: defaultdict[str, list[Held]] = field(default_factory=lambda: defaultdict(list))
    claims: Counter[tuple[str, date]] = field(default_factory=Counter)
    placed: Counter[tuple[str, date]] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    offers: Counter[str] = field(default_factory=Counter)

    def admit(self, story: Story, now: datetime) -> bool:
        """Takes the story in if nobody is asked too much by it."""
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
