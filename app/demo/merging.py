"""Stories of several residents about one trouble, merged into the first order."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from app.demo import chapters as ch
from app.demo.crews import cast_for
from app.demo.geography import Address
from app.demo.library import Matter, special, topics
from app.demo.population import people
from app.demo.rhythm import Rhythm, later
from app.demo.tale import NotYet, Rules, Story, Tale
from app.orders.ticket.states import Action, OrderStatus

# Age of each group in days; the orders of the last two groups are still being worked on.
_AGES = (41, 27, 12, 1.4, 0.9)


def merged_stories(
    stories: list[Story], chance: Random, now: datetime, rules: Mapping[str, Rules]
) -> None:
    """Adds to `stories` five groups of orders: a first order and the orders merged into it."""
    for place, (about, age) in enumerate(zip(special()["merged"], _AGES, strict=True)):
        neighbours = _neighbours(place + 1)
        while not _cluster(stories, chance, now, rules, about, age, neighbours):
            age += 0.05


def _neighbours(community: int) -> list[str]:
    """The keys of the residents in the first estate of a community, which has a property firm."""
    return [
        person.key
        for person in people().values()
        if person.kind == "resident" and person.home is not None
        if person.home.community == community and person.home.estate == 0
    ]


def _cluster(
    stories: list[Story], chance: Random, now: datetime, rules: Mapping[str, Rules],
    about: Mapping[str, Any], age: float, neighbours: list[str],
) -> bool:  # fmt: skip
    category = about["category"]
    start = later(chance, now - timedelta(days=age), Rhythm.RESIDENT, 0, 1)
    key, home = len(stories) + 1, people()[neighbours[0]].home
    if home is None:
        raise LookupError(neighbours[0])
    try:
        root = _tale(chance, now, start, rules[category], about, neighbours[0], home)
        ch.placed(root)
        ch.by_order(root)
        dispatched = root.at
        ch.begun(root)
        if age > 2:
            ch.finished(root)
            ch.rated(root)
        told = [_story(root, key, home)]
        for place, text in enumerate(about["others"], start=1):
            at = later(chance, dispatched, Rhythm.DESK, 8 * place, 8 * place + 4)
            other = _tale(
                chance, now, at, rules[category], {**about, "root": text}, neighbours[place], home
            )
            ch.placed(other)
            other.act(
                Action.MERGE, other.cast.desk, (10, 40), Rhythm.ALWAYS, to=OrderStatus.MERGED,
                note="与前面同一地点的工单一起办理。", into=key,
            )  # fmt: skip
            told.append(_story(other, key + place, home))
    except NotYet:
        return False
    # An order that is completed cannot take in other orders any more.
    if age > 2 and any(story.steps[-1].at >= root.steps[-2].at for story in told[1:]):
        return False
    stories.extend(told)
    return True


def _tale(
    chance: Random, now: datetime, at: datetime, rules: Rules, about: Mapping[str, Any],
    requester: str, home: Address,
) -> Tale:  # fmt: skip
    topic = topics()[about["category"]]
    cast, _, _ = cast_for(chance, int(requester.partition(":")[2]), topic, rules, "others")
    matter = Matter(about["category"], about["root"], about["done"])
    return Tale(chance, now, at, rules, topic, matter, cast, home.words, "mini_program")


def _story(tale: Tale, key: int, home: Address) -> Story:
    return Story(
        key=key, category=tale.matter.category, text=tale.fill(tale.matter.text),
        community=home.community, street=None, address=home, requester=tale.cast.requester,
        placer=None, source=tale.source, urgency=tale.rules.urgency, anonymous=False,
        steps=tuple(tale.steps),
    )  # fmt: skip
