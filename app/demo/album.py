"""Gives some of the newest orders a picture, and a second one where it has been put right."""

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
    """File ids by the order's key and the act that they belong to."""

    persons: Mapping[str, Person]
    pictures: dict[tuple[int, Action], list[int]] = field(default_factory=dict)

    def of(self, story: Story, step: Step) -> Sequence[int]:
        """The pictures of one act."""
        return self.pictures.get((story.key, step.action), ())

    def fill(self, stories: Sequence[Story], orders: Mapping[int, Order]) -> None:
        """Draws, uploads and attaches; an order that was done twice keeps only its first ones."""
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
    """Who completed it, if once and not by the desk for a firm."""
    acts = [step for step in story.steps if step.action is Action.COMPLETE]
    return acts[0].who if len(acts) == 1 else None
