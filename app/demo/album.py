"""Gives some of the newest orders a picture of the trouble, and some a picture of the repair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.demo.pictures import SCENES, picture
from app.demo.population import people
from app.demo.tale import Step, Story
from app.files import service
from app.files.reading import read_content
from app.files.states import ContentState
from app.kernel.actor import Actor
from app.orders.ticket.models import Order
from app.orders.ticket.states import Action
from app.people.models import Person

BEFORE, AFTER = 16, 8


@dataclass(slots=True)
class Album:
    """The pictures of the demo's orders: file ids by the story's key and the action."""

    persons: Mapping[str, Person]
    pictures: dict[tuple[int, Action], list[int]] = field(default_factory=dict)

    def of(self, story: Story, step: Step) -> Sequence[int]:
        """The file ids of the pictures of one step of a story."""
        return self.pictures.get((story.key, step.action), ())

    def fill(self, stories: Sequence[Story], orders: Mapping[int, Order]) -> None:
        """Draws pictures, uploads them and attaches them to the newest orders that suit.

        16 orders get a picture of the trouble, 8 orders also one of the repair; an order that was
        completed twice gets no picture of the repair.
        """
        shown = [
            story
            for story in reversed(stories)
            if story.category in SCENES and story.placer is None and not story.anonymous
        ]
        for story in shown[:BEFORE]:
            order = orders[story.key]
            order.photo_ids = self._add(story, Action.SUBMIT, story.requester, order)
        done = [(story, by) for story in shown if (by := _completed_by(story))]
        for story, by in done[:AFTER]:
            self._add(story, Action.COMPLETE, by, orders[story.key])

    def _add(self, story: Story, action: Action, by: str, order: Order) -> list[int]:
        actor = Actor(self.persons[by].id, people()[by].name)
        mended = action is Action.COMPLETE
        data = picture(story.category, f"{story.key} {action}", mended=mended)
        file = service.upload(actor, read_content(data))
        service.attach(actor, [file.id], ("order", order.id))
        file.content_state = ContentState.PASSED
        self.pictures[story.key, action] = [file.id]
        return [file.id]


def _completed_by(story: Story) -> str | None:
    """The key of the person who completed the order; None if it was not completed exactly once."""
    acts = [step for step in story.steps if step.action is Action.COMPLETE]
    return acts[0].who if len(acts) == 1 else None
