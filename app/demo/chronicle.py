"""Invents about six hundred orders of the last sixty days, counted back from now."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice, repeat
from random import Random

from app.categories.states import Urgency
from app.demo.crews import cast_for, desk_source, place_for
from app.demo.dice import dice
from app.demo.endings import ENDINGS, REJECTED, Ending
from app.demo.library import Matter, special, topics
from app.demo.merging import merged_stories
from app.demo.population import RESIDENTS
from app.demo.rhythm import Rhythm, later
from app.demo.shares import Shares
from app.demo.tale import NotYet, Rules, Story, Tale

# How often a story is tried, and by what factors its age may grow. In the morning no story can have
# a fresh step that people do by day, so older stories are taken then.
_PATIENCE, _MOST_MATTERS, _SLACK = 60, 15, (1, 1.6, 2.6, 5)


@dataclass(slots=True)
class Chronicle:
    """The stories that have been told so far, and the work that they have given to people."""

    now: datetime
    rules: Mapping[str, Rules]
    chance: Random = field(default_factory=lambda: dice("chronicle"))
    stories: list[Story] = field(default_factory=list)
    shares: Shares = field(default_factory=Shares)

    def tell(self, ending: Ending, matters: Iterator[Matter]) -> None:
        """Adds one story with this ending, about the first of the matters for which one is possible.

        A story must lie in the past and give no person too much work. Raises LookupError if no story
        is found.
        """
        for slack in _SLACK:
            easier = replace(
                ending, age=(ending.age[0], ending.age[1] * slack), fresh=ending.fresh * slack
            )
            for matter in islice(matters, _MOST_MATTERS):
                for _ in range(_PATIENCE):
                    story = self._attempt(easier, matter)
                    if story is not None and self.shares.admit(story, self.now):
                        self.stories.append(story)
                        return
        raise LookupError(f"no story ends by {ending.tell.__name__}")

    def _attempt(self, ending: Ending, matter: Matter) -> Story | None:
        rules, topic, chance = self.rules[matter.category], topics()[matter.category], self.chance
        number = chance.randint(1, RESIDENTS)
        cast, community, street = cast_for(chance, number, topic, rules, ending.handled_by)
        start = self._start(ending, rules)
        external = None
        source = chance.choice(("mini_program", "mini_program", "mini_program", "h5"))
        if ending.some_by_the_desk and chance.random() < 0.22:
            source, external = desk_source(chance, start)
            cast = cast.placed_by(source, chance)
        address = place_for(chance, topic, community, number)
        tale = Tale(
            chance, self.now, start, rules, topic, matter, cast, address.words, source,
            slow=3.0 if chance.random() < 0.12 else 1.0,
        )  # fmt: skip
        try:
            ending.tell(tale)
        except NotYet:
            return None
        if self.now - tale.steps[-1].at > timedelta(hours=ending.fresh):
            return None
        if ending.members_wait and community == 0 and tale.rhythm is Rhythm.MEMBER:
            return None
        return Story(
            key=len(self.stories) + 1, category=matter.category, text=tale.fill(matter.text),
            community=community, street=street, address=address, requester=cast.requester,
            placer=cast.placer, source=source, urgency=rules.urgency,
            anonymous=topic.name in _TOUCHY and cast.placer is None and chance.random() < 0.2,
            steps=tuple(tale.steps), external_number=external,
        )  # fmt: skip

    def _start(self, ending: Ending, rules: Rules) -> datetime:
        youngest, oldest = ending.age
        at = self.now - timedelta(hours=self.chance.uniform(youngest, oldest))
        if rules.urgency is Urgency.EMERGENCY and self.chance.random() < 0.3:
            return at
        moved = later(self.chance, at, Rhythm.RESIDENT, 0, 1)
        # Late in the evening `later` moves on to the next morning, which can lie in the future.
        return moved if moved < self.now - timedelta(minutes=3) else moved - timedelta(days=1)


_TOUCHY = frozenset({"噪声扰民", "投诉工作人员", "邻里纠纷", "油烟异味", "飞线充电、电动车进楼"})


def chronicle(now: datetime, rules: Mapping[str, Rules]) -> list[Story]:
    """All stories up to `now`, the oldest first; `rules` are by the category's name."""
    told = Chronicle(now, rules)
    for about in special()["rejected"]:
        words = f"{about['reason']}\n{about['ask']}"
        told.tell(REJECTED, repeat(Matter(about["category"], about["text"], words)))
    matters = _Matters(told.chance, rules)
    # Rare endings suit few texts, so they come first, while no text has been used.
    for ending in sorted(ENDINGS, key=lambda one: one.count):
        for _ in range(ending.count):
            told.tell(ending, matters.fit_for(ending))
    merged_stories(told.stories, told.chance, now, rules)
    return sorted(told.stories, key=lambda story: story.steps[0].at)


class _Matters:
    """Chooses the texts of the stories: the least used one first; emergencies are repeated rarely."""

    def __init__(self, chance: Random, rules: Mapping[str, Rules]) -> None:
        self._rules = rules
        self._used: Counter[Matter] = Counter()
        self._all = [matter for topic in topics().values() for matter in topic.matters]
        self._chance = chance

    def fit_for(self, ending: Ending) -> Iterator[Matter]:
        """An endless iterator of matters that suit the ending, the least used first.

        Each matter that is taken counts as used.
        """
        while True:
            fitting = list(self._fitting(ending))
            least = min(map(self._weight, fitting))
            matter = self._chance.choice([one for one in fitting if self._weight(one) == least])
            self._used[matter] += 1
            yield matter

    def _fitting(self, ending: Ending) -> Iterator[Matter]:
        for matter in self._all:
            if ending.suits(topics()[matter.category], self._rules[matter.category]):
                yield matter

    def _weight(self, matter: Matter) -> int:
        rules = self._rules[matter.category]
        rare = rules.urgency is Urgency.EMERGENCY or rules.to_unit_above
        return self._used[matter] * (4 if rare else 1)
