"""The endings of the stories: a function for each way in which an order can stand today."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.categories.states import Urgency
from app.demo import chapters as ch
from app.demo.library import Topic
from app.demo.rhythm import Rhythm
from app.demo.tale import NotYet, Rules, Tale
from app.orders.ticket.states import Action, OrderStatus

A, S = Action, OrderStatus
_NORMAL = frozenset({Urgency.NORMAL})
_ALL = frozenset(Urgency)


def _worked(tale: Tale) -> None:
    ch.placed(tale)
    ch.given_out(tale)
    ch.begun(tale)
    ch.reported(tale)


def _done(tale: Tale) -> None:
    if tale.topic.settled and tale.luck(0.6):
        ch.placed(tale)
        ch.settled(tale)
    else:
        _worked(tale)
        ch.finished(tale)


def _solved(tale: Tale) -> None:
    _done(tale)
    if tale.cast.placer is None:
        ch.rated(tale)
    else:
        ch.called(tale)


def _called(tale: Tale) -> None:
    _done(tale)
    ch.called(tale)


def _reworked(tale: Tale) -> None:
    _worked(tale)
    ch.finished(tale)
    ch.unsolved(tale)
    ch.given_out(tale)
    ch.begun(tale)
    ch.finished(tale, tale.say("redo_done"))
    ch.rated(tale)


def _unanswered(tale: Tale) -> None:
    _done(tale)
    ch.unanswered(tale)


def _checked_twice(tale: Tale) -> None:
    _worked(tale)
    tale.act(
        A.COMPLETE, tale.acting, (60, 900), tale.rhythm, to=S.COMPLETED,
        note=tale.fill(tale.matter.done), minutes_spent=30,
    )  # fmt: skip
    tale.act(
        A.CHECK, tale.cast.desk, (60, 600), Rhythm.DESK, to=S.IN_PROGRESS,
        note=tale.say("check_failures"), passed=False,
    )  # fmt: skip
    ch.finished(tale, tale.say("redo_done"))
    ch.rated(tale)


def _missed(tale: Tale) -> None:
    """The member does not come to the appointment and returns the order; another member does it."""
    ch.placed(tale)
    ch.by_a_member(tale)
    ch.appointed(tale)
    tale.act(
        A.NOT_COME,
        tale.cast.requester,
        (30, 90),
        Rhythm.RESIDENT,
        note=tale.say("not_come_notes"),
    )
    ch.returned(tale, (10, 200))
    ch.claimed(tale)
    ch.begun(tale)
    ch.finished(tale)
    ch.rated(tale)


def _reassigned(tale: Tale) -> None:
    ch.placed(tale)
    ch.by_order(tale)
    others = [one for one in tale.cast.others if one != tale.handler] or list(tale.cast.others)
    tale.handler = tale.chance.choice(others)
    tale.act(
        A.REASSIGN, tale.cast.desk, (60, 600), Rhythm.DESK, to=S.CLAIMED,
        note=tale.say("reassign_reasons"), mode="assigned", handler=tale.handler,
    )  # fmt: skip
    ch.begun(tale)
    ch.reported(tale)
    ch.finished(tale)
    ch.rated(tale)


def _recalled(tale: Tale) -> None:
    ch.placed(tale)
    ch.to_the_pool(tale)
    tale.act(
        A.RECALL,
        tale.cast.desk,
        (30, 300),
        Rhythm.DESK,
        to=S.SUBMITTED,
        note=tale.say("recall_reasons"),
    )
    ch.given_out(tale)
    ch.begun(tale)
    ch.finished(tale)
    ch.rated(tale)


def _reopened(tale: Tale) -> None:
    _worked(tale)
    ch.finished(tale)
    ch.rated(tale)
    tale.act(
        A.REOPEN, tale.cast.requester, (3000, 9000), Rhythm.RESIDENT, to=S.SUBMITTED,
        note=tale.say("reopen_reasons"),
    )  # fmt: skip
    ch.given_out(tale)
    ch.begun(tale)
    ch.finished(tale, tale.say("redo_done"))
    ch.rated(tale)


def _submitted(tale: Tale) -> None:
    ch.placed(tale)
    if tale.luck(0.15) and tale.cast.placer is None:
        tale.act(A.URGE, tale.cast.requester, (200, 900), Rhythm.RESIDENT, note=tale.say("urges"))


def _declined(tale: Tale) -> None:
    ch.placed(tale)
    ch.offered(tale)
    tale.act(
        A.DECLINE, str(tale.steps[-1].more["offered_to"]), (20, 300), Rhythm.MEMBER, to=S.SUBMITTED,
        note=tale.say("decline_reasons"),
    )  # fmt: skip


def _second_round(tale: Tale) -> None:
    _worked(tale)
    ch.finished(tale)
    ch.unsolved(tale)


def _pooled(tale: Tale) -> None:
    ch.placed(tale)
    ch.to_the_pool(tale)


def _offered(tale: Tale) -> None:
    ch.placed(tale)
    ch.offered(tale)


def _claimed(tale: Tale) -> None:
    ch.placed(tale)
    ch.given_out(tale)


def _working(tale: Tale) -> None:
    ch.placed(tale)
    ch.given_out(tale)
    ch.begun(tale)
    if tale.luck(0.5):
        tale.act(A.PROGRESS, tale.acting, (30, 800), tale.rhythm, note=tale.progress_words())


def _supervised(tale: Tale) -> None:
    """The order is long overdue: the street supervises it, and the handler reports."""
    _working(tale)
    asked = tale.now - timedelta(hours=tale.chance.uniform(14, 30))
    if asked < tale.at + timedelta(days=2):
        raise NotYet
    tale.at = asked
    tale.act(
        A.SUPERVISE, tale.cast.officer, (30, 600), Rhythm.DESK, note=tale.say("supervise_reasons")
    )
    tale.act(A.PROGRESS, tale.acting, (30, 300), tale.rhythm, note=tale.progress_words())


def _paused(tale: Tale) -> None:
    _working(tale)
    ch.paused(tale, tale.chance.choice((2, 3, 3)))


def _long_term(tale: Tale) -> None:
    _working(tale)
    ch.paused(tale, tale.chance.randint(20, 28), long_term=True)


def _cancelled(tale: Tale) -> None:
    ch.placed(tale)
    if tale.luck(0.5) and tale.cast.members:
        ch.to_the_pool(tale)
    tale.act(
        A.CANCEL, tale.cast.requester, (20, 400), Rhythm.RESIDENT, to=S.CANCELLED,
        note=tale.say("cancel_reasons"),
    )  # fmt: skip


def _cancelled_later(tale: Tale) -> None:
    """The requester asks to cancel a claimed order, and the desk agrees."""
    _claimed(tale)
    tale.act(
        A.CANCEL, tale.cast.requester, (30, 400), Rhythm.RESIDENT, note=tale.say("cancel_asks"),
        request="cancel",
    )  # fmt: skip
    tale.act(A.AGREE, tale.cast.desk, (15, 200), Rhythm.DESK, to=S.CANCELLED, request="cancel")


def _rejected(tale: Tale) -> None:
    ch.placed(tale)
    tale.act(A.REJECT, tale.cast.desk, (30, 500), Rhythm.DESK, to=S.REJECTED, note=tale.matter.done)


def _asks(kind: str, action: Action, words: str) -> Callable[[Tale], None]:
    """An ending in which a request of this kind still waits for its answer."""

    def ending(tale: Tale) -> None:
        (_working if action is not A.REPORT_UP else _claimed)(tale)
        who = tale.cast.requester if action is A.CANCEL else tale.acting
        who = tale.cast.desk if action is A.REPORT_UP else who
        rhythm = Rhythm.RESIDENT if action is A.CANCEL else tale.rhythm
        step = tale.act(action, who, (20, 400), rhythm, note=tale.say(words), request=kind)
        if action is A.SUSPEND:
            step.more.update(until=step.at + timedelta(days=6), long_term=False)

    return ending


@dataclass(frozen=True, slots=True)
class Ending:
    """An ending, and the stories that have it.

    - `tell` tells a story up to this ending.
    - `count`: the number of stories with this ending.
    - `age`: the least and the most hours since the order was placed.
    - `fresh`: the most hours since the last step.
    - `handled_by`: "member", "others" (no members) or "" (all).
    - `some_by_the_desk`: the desk enters a part of the orders for residents.
    - `members_wait`: no member of community 0 handles such an order, since visitors of the demo log
      in as these members and should have free hands.
    """

    tell: Callable[[Tale], None]
    count: int
    age: tuple[float, float]
    fresh: float = 24 * 61
    urgencies: frozenset[Urgency] = _ALL
    handled_by: str = ""
    some_by_the_desk: bool = False
    members_wait: bool = False

    def suits(self, topic: Topic, rules: Rules) -> bool:
        """Returns whether an order of this category can have this ending."""
        if rules.urgency not in self.urgencies:
            return False
        if rules.to_unit_above and self.tell is not _solved:
            return False
        if self.handled_by == "member":
            return "member" in topic.handlers
        return not self.handled_by or any(one != "member" for one in topic.handlers)


_DAYS = 24
_OLD = (30, 60 * _DAYS)
ENDINGS: Sequence[Ending] = (
    Ending(_solved, 294, _OLD, some_by_the_desk=True),
    Ending(_called, 26, _OLD, urgencies=_NORMAL | {Urgency.URGENT}, some_by_the_desk=True),
    Ending(_reworked, 18, (9 * _DAYS, 60 * _DAYS), urgencies=_NORMAL),
    Ending(_checked_twice, 5, (5 * _DAYS, 60 * _DAYS), urgencies=_NORMAL),
    Ending(_missed, 4, (5 * _DAYS, 55 * _DAYS), 1464, _NORMAL, "member"),
    Ending(_reassigned, 8, (5 * _DAYS, 60 * _DAYS), 1464, _NORMAL, "others"),
    Ending(_recalled, 5, (5 * _DAYS, 60 * _DAYS), urgencies=_NORMAL),
    Ending(_reopened, 5, (14 * _DAYS, 60 * _DAYS), urgencies=_NORMAL),
    Ending(_unanswered, 36, (9 * _DAYS, 60 * _DAYS)),
    Ending(_done, 43, (10, 12 * _DAYS), fresh=6.5 * _DAYS),
    Ending(_submitted, 18, (0.1, 20), urgencies=_NORMAL),
    Ending(_submitted, 4, (24, 50), urgencies=_NORMAL),
    Ending(_declined, 2, (6, 48), 20, _NORMAL, "member"),
    Ending(_second_round, 2, (72, 12 * _DAYS), 20, _NORMAL),
    Ending(_pooled, 18, (2, 40), 20, _NORMAL, "member"),
    Ending(_offered, 6, (1, 30), 11, _NORMAL, "member"),
    Ending(_claimed, 16, (3, 70), 20, _NORMAL, members_wait=True),
    Ending(_working, 18, (12, 9 * _DAYS), 22, _NORMAL),
    Ending(_supervised, 4, (8 * _DAYS, 16 * _DAYS), 22, _NORMAL, "others"),
    Ending(_paused, 9, (30, 9 * _DAYS), 40, _NORMAL),
    Ending(_long_term, 4, (4 * _DAYS, 20 * _DAYS), 6 * _DAYS, _NORMAL, "others"),
    Ending(_asks("suspend", A.SUSPEND, "suspend_reasons"), 2, (24, 9 * _DAYS), 18, _NORMAL),
    Ending(_asks("extend", A.EXTEND, "extend_reasons"), 3, (24, 6 * _DAYS), 18, _NORMAL),
    Ending(_asks("cancel", A.CANCEL, "cancel_asks"), 2, (12, 5 * _DAYS), 18, _NORMAL),
    Ending(
        _asks("report_up", A.REPORT_UP, "report_up_reasons"),
        2,
        (12, 4 * _DAYS),
        16,
        _NORMAL,
        "others",
    ),
    Ending(_cancelled, 13, (30, 60 * _DAYS), urgencies=_NORMAL),
    Ending(_cancelled_later, 4, (48, 60 * _DAYS), urgencies=_NORMAL),
)  # fmt: skip
REJECTED = Ending(_rejected, 12, (30, 58 * _DAYS))
