"""Writes the stories into the database: keys become ids, and each order gets its history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.categories.models import Category
from app.demo import geography
from app.demo.album import Album
from app.demo.dice import dice
from app.demo.ground import Ground
from app.demo.library import topics
from app.demo.population import people
from app.demo.tale import Handler, Rules, Step, Story
from app.kernel.clock import now
from app.kernel.database import session
from app.orders.ticket.models import Contact, Order, Placement, from_category
from app.orders.ticket.models.order import reminded_at
from app.orders.ticket.states import Action, ContentState, OrderStatus, Source
from app.organisation.models import Unit
from app.pasts.acts import PastEvent
from app.pasts.service import Past
from app.people.models import Person

_WITHIN = {
    "danger": timedelta(hours=24),
    "utilities": timedelta(hours=24),
    "medicine_same_day": timedelta(hours=12),
    "relief_24h": timedelta(hours=72),
    "enquiry": timedelta(hours=24),
    "sanitation": timedelta(days=3),
    "care": timedelta(days=3),
    "mediation_15d": timedelta(days=15),
    "complaint_15d": timedelta(days=15),
    "affairs": timedelta(days=9),
    "general_7d": timedelta(days=9),
}
_USUALLY = timedelta(days=7)


def rules_of_categories() -> dict[str, Rules]:
    """The rules of all leaf categories that matter for stories, by the category's name."""
    return {
        row.name: Rules(
            urgency=row.urgency,
            skills=frozenset(row.skills),
            public_place=row.public_place,
            home_visit=row.home_visit,
            vetted_only=row.vetted_only,
            two_people=row.two_people,
            check=row.check_before_answer,
            to_unit_above=row.to_unit_above,
            sensitive=row.sensitive,
        )
        for row in _leaves()
    }


def _leaves() -> Iterable[Category]:
    return session.scalars(select(Category).where(Category.parent_id.is_not(None)))


@dataclass(slots=True)
class Archive:
    """The rows that the keys of the stories stand for: units, people, categories, and stored orders."""

    ground: Ground
    persons: Mapping[str, Person]
    categories: dict[str, Category] = field(
        default_factory=lambda: {row.name: row for row in _leaves()}
    )
    orders: dict[int, Order] = field(default_factory=dict)

    def put(self, stories: Sequence[Story]) -> None:
        """Writes all orders with their histories; `orders` holds them afterwards, by story key."""
        units = [self._unit(story) for story in stories]
        placements = [self._placement(one, unit) for one, unit in zip(stories, units, strict=True)]
        starts = [story.steps[0].at for story in stories]
        past = Past()
        orders = past.enter(list(zip(placements, starts, strict=True)))
        self.orders = {story.key: order for story, order in zip(stories, orders, strict=True)}
        album = Album(self.persons)
        album.fill(stories, self.orders)
        for story, unit in zip(stories, units, strict=True):
            order = self.orders[story.key]
            facts = _Facts(self, story, unit, order.requester_id, album)
            past.tell(order, [facts.event(step) for step in story.steps])
            if order.status is OrderStatus.COMPLETED:
                # Without this the first round of the jobs would ask all residents at once to rate.
                order.reminded = reminded_at(now())
        past.write()

    def _unit(self, story: Story) -> Unit:
        key = f"community:{story.community}" if story.street is None else f"street:{story.street}"
        return self.ground.units[key]

    def _contact(self, story: Story) -> Contact:
        plan = people()[story.requester]
        at_home = topics()[story.category].place == "home"
        address = str(plan.home) if plan.home and at_home else None
        return Contact(plan.name, plan.phone, address)

    def _placement(self, story: Story, unit: Unit) -> Placement:
        category, requester = self.categories[story.category], self.persons[story.requester]
        where = topics()[story.category].place
        plan, grid = story.address.plan, story.address.plan.grid
        latitude, longitude = plan.latitude, plan.longitude
        if where == "outdoor":
            latitude, longitude = geography.spot(story.community, grid, str(story.key))
        nowhere = where == "none" or story.street is not None
        fresh = story.status is OrderStatus.SUBMITTED and len(story.steps) == 1
        chance = dice(f"order {story.key}")
        return Placement(
            **from_category(category)
            | {
                "urgency": story.urgency,
                "green_channel": category.green_channel or requester.green,
            },
            unit_id=unit.id,
            unit_path=unit.path,
            grid_id=None if nowhere else self.ground.units[f"grid:{story.community}:{grid}"].id,
            place_id=None if nowhere else self.ground.doorway(story.address).id,
            latitude=None if nowhere else latitude,
            longitude=None if nowhere else longitude,
            anonymous=story.anonymous,
            source=Source(story.source),
            external_number=story.external_number,
            description=story.text,
            content_state=ContentState.PENDING if fresh else ContentState.PASSED,
            requester_id=requester.id,
            contact=self._contact(story),
            visit_code=f"{chance.randrange(10_000):04d}",
        )


@dataclass(slots=True)
class _Facts:
    """Turns the steps of one story into events, and computes the promised date on the way."""

    archive: Archive
    story: Story
    unit: Unit
    requester_id: int | None
    album: Album
    due_at: datetime | None = None
    since: datetime | None = None
    rounds: int = 0

    def event(self, step: Step) -> PastEvent:
        """The event of a step, with ids instead of keys; call it for all steps in their order."""
        if step.to is OrderStatus.SUBMITTED and step.action in (
            Action.SUBMIT,
            Action.RATE,
            Action.REOPEN,
        ):
            self.since, self.due_at = step.at, None
            self.rounds += 1
        spoke = step.action is Action.FOLLOW_UP and step.more.get("solved") is not None
        entered = step.action is Action.SUBMIT and self.story.placer is not None
        return PastEvent(
            action=step.action,
            at=step.at,
            actor_id=self.archive.persons[step.who].id if step.who else None,
            to=step.to,
            note=self.story.text if step.action is Action.SUBMIT else step.note,
            visible=step.visible and not self._is_inside(step),
            on_word_of=self.requester_id if spoke or entered else None,
            photo_ids=self.album.of(self.story, step),
            facts=self._facts(step),
        )

    def _is_inside(self, step: Step) -> bool:
        asked = "request" in step.more and step.action is not Action.CANCEL
        return step.action in _INSIDE or asked or step.more.get("passed") is False

    def _facts(self, step: Step) -> dict[str, Any]:
        facts = {name: value for name, value in step.more.items() if name not in _KEYS}
        facts |= self._people(step.more)
        if step.action is Action.SUPERVISE:
            facts["unit_id"] = self._above().id
        if step.action is Action.EXTEND:
            self.due_at = facts["due_at"] = max(self._promise(), step.at) + timedelta(days=3)
        if kind := step.more.get("request"):
            facts |= self._request(step.action, kind)
        return facts

    def _people(self, more: Mapping[str, Any]) -> dict[str, Any]:
        """The facts of a step that name people, providers and orders, with ids instead of keys."""
        facts: dict[str, Any] = {}
        if handler := more.get("handler"):
            facts |= self._handler(handler)
        if offered := more.get("offered_to"):
            facts["assignee_id"] = self.archive.persons[offered].id
        if "into" in more:
            root = self.archive.orders[more["into"]]
            facts |= {"root_id": root.id, "root": root.number}
        return facts

    def _handler(self, handler: Handler) -> dict[str, Any]:
        if handler.kind == "provider":
            provider = self.archive.ground.providers[handler.key]
            return {"kind": handler.kind, "provider_id": provider.id}
        person = self.archive.persons[handler.key]
        kind = "volunteer" if person.kind == "volunteer" else handler.kind
        return {"kind": kind, "assignee_id": person.id}

    def _promise(self) -> datetime:
        """The promised date of the current round; a second round has half the time."""
        if self.due_at is None:
            policy = self.archive.categories[self.story.category].policy
            within = _WITHIN.get(policy, _USUALLY) / (1 if self.rounds < 2 else 2)
            self.due_at = (self.since or self.story.steps[0].at) + within
        return self.due_at

    def _above(self) -> Unit:
        return self.archive.ground.units[f"street:{self.story.community // 3}"]

    def _request(self, action: Action, kind: str) -> dict[str, Any]:
        """The facts of a request; the unit above decides on a report up, the desk on other requests.

        An answer names only the kind of the request.
        """
        if action is Action.AGREE:
            return {"asked": kind}
        unit = self._above() if kind == "report_up" else self.unit
        return {"asked": kind, "asked_of": unit.id}


_KEYS = frozenset({"handler", "offered_to", "into", "request", "source"})
# Only staff can read these rows of the history; the verbs of the orders do the same.
_INSIDE = frozenset({Action.DECLINE, Action.RETURN, Action.LAPSE, Action.JOIN})
