"""The chapters of the stories: each function adds the steps of one part of an order's history."""

from datetime import timedelta

from app.demo.rhythm import Rhythm, later
from app.demo.tale import Handler, Tale
from app.orders.ticket.states import Action, OrderStatus

A, S = Action, OrderStatus
_STARS = (5, 5, 5, 5, 4)


def placed(tale: Tale) -> None:
    """The resident places the order; the desk may ask a question, neighbours may join."""
    tale.act(
        A.SUBMIT,
        tale.cast.placer or tale.cast.requester,
        (0, 0),
        Rhythm.ALWAYS,
        to=S.SUBMITTED,
        source=tale.source,
    )
    if tale.is_emergency:
        tale.act(A.ACKNOWLEDGE, tale.cast.duty, (30, 110), Rhythm.ALWAYS)
    elif tale.luck(0.07) and tale.cast.placer is None:
        tale.act(A.ASK, tale.cast.desk, (15, 120), Rhythm.DESK, note=tale.say("ask_notes"))
        tale.act(
            A.ANSWER,
            tale.cast.requester,
            (10, 300),
            Rhythm.RESIDENT,
            note=tale.say("ask_answers"),
        )
    if tale.rules.public_place and not tale.is_emergency and tale.luck(0.12):
        joined(tale)
    if tale.luck(0.06):
        tale.act(
            A.COMMENT,
            tale.cast.desk,
            (5, 60),
            tale.desk_rhythm,
            note=tale.say("comments_internal"),
            visible=False,
        )


def given_out(tale: Tale) -> None:
    """The desk dispatches the order: usually to a member if members do such orders, else by order."""
    wants_member = "member" in tale.topic.handlers and tale.cast.members
    alone = tale.topic.handlers == ("member",) or not tale.cast.others
    if wants_member and (alone or tale.luck(0.7)):
        by_a_member(tale)
    else:
        by_order(tale)


def by_order(tale: Tale) -> None:
    """The desk assigns the order to a grid worker, to staff or to a provider."""
    handler = tale.chance.choice(tale.cast.others)
    who = tale.cast.duty if tale.is_emergency else tale.cast.desk
    tale.handler = handler
    tale.act(
        A.DISPATCH,
        who,
        (20, 300 * tale.slow),
        tale.desk_rhythm,
        to=S.CLAIMED,
        note=tale.say("dispatch_notes"),
        mode="assigned",
        handler=handler,
        task=tale.say("tasks"),
    )


def by_a_member(tale: Tale) -> None:
    """The desk puts the order into the pool or offers it to a member, and a member claims it.

    Before that an offer may be declined or lapse; after that the member may return the order.
    """
    chance = tale.chance.random()
    if chance < 0.72:
        to_the_pool(tale)
    else:
        offered(tale)
        if chance > 0.95:
            tale.act(
                A.DECLINE,
                str(tale.steps[-1].more["offered_to"]),
                (20, 200),
                Rhythm.MEMBER,
                to=S.SUBMITTED,
                note=tale.say("decline_reasons"),
            )
            to_the_pool(tale)
        elif chance > 0.92:
            tale.act(A.LAPSE, None, (722, 725), Rhythm.ALWAYS, to=S.SUBMITTED)
            to_the_pool(tale)
    claimed(tale)
    if tale.luck(0.05):
        returned(tale, (60, 700))
        claimed(tale)


def returned(tale: Tale, within: tuple[int, int]) -> None:
    """The member returns the order, and it is in the pool again.

    A sensitive order goes back to the desk first; `within` are the least and the most minutes of waiting.
    """
    to = S.SUBMITTED if tale.rules.sensitive else S.DISPATCHED
    note = tale.say("return_reasons")
    tale.act(A.RETURN, tale.acting, within, Rhythm.MEMBER, to=to, note=note)
    if tale.rules.sensitive:
        to_the_pool(tale)


def to_the_pool(tale: Tale) -> None:
    """The desk puts the order into the pool (接单大厅)."""
    tale.act(
        A.DISPATCH,
        tale.cast.desk,
        (20, 300 * tale.slow),
        tale.desk_rhythm,
        to=S.DISPATCHED,
        note=tale.say("dispatch_notes"),
        mode="pool",
        task=tale.say("tasks"),
        people_needed=2 if tale.rules.two_people else 1,
    )


def offered(tale: Tale) -> None:
    """The desk offers the order to one member (指派)."""
    tale.act(
        A.DISPATCH,
        tale.cast.desk,
        (20, 300 * tale.slow),
        tale.desk_rhythm,
        to=S.DISPATCHED,
        note=tale.say("dispatch_notes"),
        mode="direct",
        task=tale.say("tasks"),
        offered_to=tale.chance.choice(tale.cast.members),
    )


def claimed(tale: Tale) -> None:
    """A member claims the order: the member who got the offer, else one who did not return it."""
    last = next(step for step in reversed(tale.steps) if step.to is S.DISPATCHED)
    before = tale.handler.key if tale.handler else ""
    free = [member for member in tale.cast.members if member != before] or list(tale.cast.members)
    member = last.more.get("offered_to") or tale.chance.choice(free)
    tale.handler = Handler("member", member)
    tale.act(
        A.CLAIM,
        member,
        (15, 600),
        Rhythm.MEMBER,
        to=S.CLAIMED,
        note=tale.say("claim_notes"),
        handler=tale.handler,
    )


def begun(tale: Tale) -> None:
    """The handler starts; before that he or she makes an appointment if a visit is needed."""
    if tale.luck(0.06) and not tale.cast.placer:
        urged(tale)
    wait = (60.0, 900.0)
    if tale.rules.home_visit or (tale.topic.place == "home" and tale.luck(0.4)):
        appointed(tale)
        wait = (2, 12)
    tale.act(
        A.START, tale.acting, wait, tale.rhythm, to=S.IN_PROGRESS, note=tale.say("start_notes")
    )


def appointed(tale: Tale) -> None:
    """约时间: the handler appoints a full or half hour; the story goes on at that time."""
    step = tale.act(A.APPOINT, tale.acting, (10, 200), tale.rhythm, note=tale.say("appoint_notes"))
    moment = later(tale.chance, step.at, tale.rhythm, 120, 1200)
    visit = moment.replace(minute=moment.minute // 30 * 30, second=0, microsecond=0)
    step.more["at"] = visit
    tale.at = max(visit, step.at)


def urged(tale: Tale) -> None:
    """催单: the requester urges."""
    tale.act(A.URGE, tale.cast.requester, (100, 900), Rhythm.RESIDENT, note=tale.say("urges"))


def reported(tale: Tale) -> None:
    """The handler reports progress; sometimes a pause, an extension or a comment follows."""
    tale.act(
        A.PROGRESS,
        tale.acting,
        (30, 800),
        tale.rhythm,
        to=S.IN_PROGRESS,
        note=tale.progress_words(),
    )
    chance = tale.chance.random()
    if tale.is_emergency:
        return
    if chance < 0.05:
        paused(tale, tale.chance.randint(1, 3))
        until = tale.steps[-1].more["until"]
        tale.at = until
        tale.act(
            A.RESUME, None, (0, 1), Rhythm.ALWAYS, to=S.IN_PROGRESS, note=tale.say("resume_notes")
        )
    elif chance < 0.09:
        extended(tale)
    elif chance < 0.14:
        tale.act(
            A.COMMENT,
            tale.cast.requester,
            (20, 300),
            Rhythm.RESIDENT,
            note=tale.say("comments_visible"),
        )


def paused(tale: Tale, days: int, *, long_term: bool = False) -> None:
    """暂缓: the handler suspends the order for `days` days; with `long_term` (挂账) the desk does."""
    who = tale.cast.desk if long_term else tale.acting
    rhythm = Rhythm.DESK if long_term else tale.rhythm
    reason = tale.say("long_suspend_reasons" if long_term else "suspend_reasons")
    step = tale.act(
        A.SUSPEND, who, (30, 500), rhythm, to=S.SUSPENDED, note=reason, long_term=long_term
    )
    step.more["until"] = step.at + timedelta(days=days)


def extended(tale: Tale) -> None:
    """延期: the desk extends the order; `archive` computes the later date."""
    tale.act(A.EXTEND, tale.cast.desk, (60, 600), Rhythm.DESK, note=tale.say("extend_reasons"))


def joined(tale: Tale) -> None:
    """附议: one to three neighbours join the order."""
    for neighbour in tale.chance.sample(list(tale.cast.neighbours), tale.chance.randint(1, 3)):
        tale.act(A.JOIN, neighbour, (5, 200), Rhythm.RESIDENT, note=tale.say("supports"))


def finished(tale: Tale, done: str = "") -> None:
    """办结: the handler completes the order; the desk checks it if the category asks for a check.

    `done` is the text of the completion; empty means the text of the matter.
    """
    tale.act(
        A.COMPLETE,
        tale.acting,
        (60, 1300 * tale.slow),
        tale.rhythm,
        to=S.COMPLETED,
        note=done or tale.fill(tale.matter.done),
        minutes_spent=tale.chance.choice((20, 30, 40, 60, 90, 120)),
    )
    if tale.rules.check:
        tale.act(
            A.CHECK,
            tale.cast.desk,
            (60, 600),
            Rhythm.DESK,
            to=S.COMPLETED,
            note=tale.say("check_notes"),
            passed=True,
        )


def settled(tale: Tale) -> None:
    """当场办结: the desk answers and settles the order at once."""
    tale.act(
        A.SETTLE,
        tale.cast.desk,
        (10, 200),
        Rhythm.DESK,
        to=S.COMPLETED,
        note=tale.fill(tale.chance.choice(tale.topic.settled or (tale.matter.done,))),
    )


def rated(tale: Tale) -> None:
    """The resident says that it is solved, and is usually satisfied; else the desk may call."""
    chance = tale.chance.random()
    words = ""
    if chance < 0.55:
        words, stars, satisfied = tale.say("praise"), tale.chance.choice(_STARS), True
    elif chance < 0.7:
        words, stars, satisfied = tale.say("fair"), tale.chance.choice((3, 4, 4)), True
    elif chance < 0.76:
        words, stars, satisfied = tale.say("dissatisfied"), tale.chance.choice((2, 3)), False
    else:
        stars, satisfied = 5, True
    tale.act(
        A.RATE,
        tale.cast.requester,
        (20, 3000),
        Rhythm.RESIDENT,
        to=S.CLOSED,
        note=words,
        solved=True,
        satisfied=satisfied,
        stars=stars,
    )
    if not satisfied and tale.luck(0.7):
        tale.act(
            A.FOLLOW_UP,
            tale.cast.desk,
            (300, 2500),
            Rhythm.DESK,
            to=S.CLOSED,
            note=tale.say("follow_ups"),
            outcome="reached",
            solved=True,
            satisfied=False,
        )


def unsolved(tale: Tale) -> None:
    """没解决: the resident says that it is not solved; the order goes into another round."""
    tale.act(
        A.RATE,
        tale.cast.requester,
        (60, 2500),
        Rhythm.RESIDENT,
        to=S.SUBMITTED,
        note=tale.say("unsolved"),
        solved=False,
        satisfied=False,
        stars=tale.chance.choice((1, 2)),
    )


def called(tale: Tale) -> None:
    """回访: the desk calls the resident, who says that it is solved; sometimes the first call fails."""
    if tale.luck(0.3):
        tale.act(
            A.FOLLOW_UP,
            tale.cast.desk,
            (300, 2000),
            Rhythm.DESK,
            to=S.COMPLETED,
            note=tale.say("follow_ups_missed"),
            outcome="no_answer",
        )
    tale.act(
        A.FOLLOW_UP,
        tale.cast.desk,
        (300, 2500),
        Rhythm.DESK,
        to=S.CLOSED,
        note=tale.say("follow_ups"),
        outcome="reached",
        solved=True,
        satisfied=True,
    )


def unanswered(tale: Tale) -> None:
    """逾期未评: the program closes the order seven days after the last step."""
    tale.at = tale.steps[-1].at + timedelta(days=7)
    tale.act(A.CLOSE_UNANSWERED, None, (1, 30), Rhythm.ALWAYS, to=S.CLOSED)
