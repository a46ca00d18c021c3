"""Does acts of the past again, by the methods of the order that the verbs call too."""

from collections.abc import Callable

from app.categories.queries import get_category
from app.categories.states import Urgency
from app.orders.asking.service import lapses_at
from app.orders.ticket.models import (
    Amendment,
    Asked,
    Giving,
)
from app.orders.ticket.states import (
    Action,
    CallOutcome,
    ContentState,
    DispatchMode,
    HandlerKind,
    OrderStatus,
    RequestKind,
    RequestState,
)
from app.organisation.queries import get_place, get_unit
from app.pasts.acts import PastEvent
from app.pasts.replaying import Replay

A = Action
# Details of a request itself; the others are for its agreement.
_OF_ASKING = frozenset({"asked", "asked_of", "request_id"})


def _give_out(replay: Replay, event: PastEvent) -> None:
    facts = event.facts
    kind = facts.get("kind")
    person_id = facts.get("assignee_id")
    to = Giving(
        DispatchMode(facts.get("mode", DispatchMode.DIRECT)),
        assignee_id=person_id,
        provider_id=facts.get("provider_id"),
        kind=None if kind is None else HandlerKind(kind),
        holder_id=facts.get("holder_id", person_id),
        due_at=event.maybe_time("due_at"),
        task=facts.get("task"),
        people_needed=facts.get("people_needed"),
        helper_ids=facts.get("helper_ids") or (),
    )
    replay.order.give_out(event.action, event.at, to)


def _claim(replay: Replay, event: PastEvent) -> None:
    person_id = event.facts.get("assignee_id", event.actor_id)
    replay.order.claim(event.at, kind=HandlerKind(event.facts["kind"]), person_id=person_id)


def _release(replay: Replay, event: PastEvent) -> None:
    replay.order.release(event.at, helper_ids=event.facts.get("helper_ids"))


def _suspend(replay: Replay, event: PastEvent) -> None:
    replay.order.suspend(
        event.action,
        event.at,
        until=event.time("until"),
        long_term=bool(event.facts.get("long_term")),
    )


def _ask(replay: Replay, event: PastEvent) -> None:
    facts = event.facts
    kind = RequestKind(facts["asked"])
    unit = get_unit(facts["asked_of"])
    details = {name: value for name, value in facts.items() if name not in _OF_ASKING}
    until = lapses_at(kind, unit.id, event.at)
    asked = Asked(kind, unit.id, unit.path, until, event.note or None, details)
    request = replay.order.ask(event.action, event.at, event.actor_id, asked)
    if "request_id" in facts:
        replay.order.note(request_id=facts["request_id"])
        replay.requests[facts["request_id"]] = request
    replay.rows.append(request)


def _extend(replay: Replay, event: PastEvent) -> None:
    replay.order.extend(event.action, event.at, due_at=event.time("due_at"))


def _cancel(replay: Replay, event: PastEvent) -> None:
    replay.order.cancel(event.action, event.at)


def _complete(replay: Replay, event: PastEvent) -> None:
    helpers = event.facts.get("helper_ids") or ()
    minutes = event.facts.get("minutes_spent")
    replay.order.complete(event.at, minutes_spent=minutes, helper_ids=helpers)


def _settle(replay: Replay, event: PastEvent) -> None:
    kind = HandlerKind(event.facts.get("kind", HandlerKind.STAFF))
    replay.order.settle(event.at, kind=kind, person_id=event.actor_id)


def _check(replay: Replay, event: PastEvent) -> None:
    passed = bool(event.facts["passed"])
    to_desk = event.to is OrderStatus.SUBMITTED
    replay.order.check(event.at, passed=passed, to_desk=to_desk)


def _rate(replay: Replay, event: PastEvent) -> None:
    replay.order.rate(
        event.at,
        person_id=event.actor_id,
        solved=event.facts["solved"],
        satisfied=event.facts["satisfied"],
        stars=event.facts.get("stars"),
        comment=event.note or None,
    )


def _follow_up(replay: Replay, event: PastEvent) -> None:
    replay.order.follow_up(
        event.at,
        caller_id=event.actor_id,
        outcome=CallOutcome(event.facts["outcome"]),
        solved=event.facts.get("solved"),
        satisfied=event.facts.get("satisfied"),
        note=event.note or None,
    )


def _reopen(replay: Replay, event: PastEvent) -> None:
    order = replay.order
    if order.status is OrderStatus.MERGED:
        order.come_apart(A.REOPEN, event.at)
        return
    unit = get_unit(event.facts.get("unit_id", order.handling_unit_id))
    order.reopen(event.at, unit_id=unit.id, unit_path=unit.path)


def _merge(replay: Replay, event: PastEvent) -> None:
    order, facts = replay.order, event.facts
    if "merged" in facts:
        order.take_in(
            event.at,
            merged=facts["merged"],
            urgency=Urgency(facts["urgency"]) if "urgency" in facts else None,
            green_channel="green_channel" in facts,
            due_at=event.maybe_time("due_at"),
            called="called" in facts,
        )
        return
    join = order.follow_root if order.status is OrderStatus.MERGED else order.merge
    join(event.at, root_id=facts["root_id"], root=facts["root"])


def _agree(replay: Replay, event: PastEvent) -> None:
    request = replay.asked(event)
    kind = RequestKind(event.facts["asked"])
    if request is not None:
        request.answer(RequestState.AGREED, event.at, event.actor_id)
    _AGREED[kind](replay, event)
    replay.order.note(**{n: event.facts[n] for n in _OF_ASKING if n in event.facts})


def _go_to(replay: Replay, event: PastEvent) -> None:
    unit = get_unit(event.facts["unit_id"])
    is_first = event.facts["asked"] == RequestKind.TRANSFER
    replay.order.go_to(event.at, unit_id=unit.id, unit_path=unit.path, is_first=is_first)


def _support(replay: Replay, event: PastEvent) -> None:
    replay.order.support(event.at, person_id=event.facts["person_id"])


def _close(replay: Replay, event: PastEvent) -> None:
    replay.order.close_unrecognised(event.at)


def _answer_request(replay: Replay, event: PastEvent) -> None:
    request = replay.asked(event)
    if request is None:
        raise ValueError(f"{event.action} without a request")
    # The history names a request by the id that it had then.
    number = event.facts.get("request_id")
    if event.action is A.REFUSE:
        replay.order.refuse(event.at, request, event.actor_id)
    else:
        replay.order.lapse_request(event.at, request)
    replay.order.note(request_id=number)


def _amend(replay: Replay, event: PastEvent) -> None:
    order, facts = replay.order, event.facts
    if "unit_id" in facts:
        _follow_unit(replay, event)
        return
    place = get_place(facts["place_id"]) if "place_id" in facts else None
    unit = None if place is None else get_unit(place.unit_id)
    inside = unit is not None and unit.path != order.handling_path
    wanted = Amendment(
        category=get_category(facts["category_id"]) if "category_id" in facts else None,
        urgency=Urgency(facts["urgency"]) if "urgency" in facts else None,
        place_id=place.id if place else None,
        grid_id=unit.id if unit and inside else None,
        latitude=place.latitude if place else None,
        longitude=place.longitude if place else None,
        green_channel=facts.get("green_channel"),
        contact=tuple(facts.get("contact", ())),
    )
    order.amend(event.at, event.actor_id, wanted, called="called" in facts)


def _follow_unit(replay: Replay, event: PastEvent) -> None:
    unit = get_unit(event.facts["unit_id"])
    replay.order.follow_unit(event.at, unit_id=unit.id, unit_path=unit.path)


def _comment(replay: Replay, event: PastEvent) -> None:
    order, facts = replay.order, event.facts
    if "unit_id" in facts:
        _follow_unit(replay, event)
    elif "attached" in facts and event.on_word_of is not None:
        order.attach_to(event.at, event.on_word_of)
    elif "not_solved" in facts:
        order.doubt(event.at)
        follower = replay.follower(event.actor_id)
        if follower is not None:
            follower.doubt(event.at)
    else:
        order.comment(event.at)


def _judge_miss(replay: Replay, event: PastEvent) -> None:
    confirmed, missed = bool(event.facts["confirmed"]), replay.missed()
    if missed is not None and confirmed:
        missed.confirm(event.at, event.actor_id)
    elif missed is not None:
        replay.rows.remove(missed)
    replay.order.judge_miss(event.at, confirmed=confirmed)


def _supervise(replay: Replay, event: PastEvent) -> None:
    facts = dict(event.facts)
    replay.order.supervise(event.at, unit_id=facts.pop("unit_id"), **facts)


def _plan(replay: Replay, event: PastEvent) -> None:
    is_late = "planned_until" in event.facts
    due_at = event.time("planned_until" if is_late else "due_at")
    replay.order.plan(event.at, due_at=due_at, is_late=is_late)


def _erase(replay: Replay, event: PastEvent) -> None:
    facts = event.facts
    replay.order.erase(event.at, requester=facts["requester"], placer=facts["placer"])


_AGREED: dict[RequestKind, Callable[[Replay, PastEvent], None]] = {
    RequestKind.SUSPEND: _suspend,
    RequestKind.EXTEND: _extend,
    RequestKind.CANCEL: _cancel,
    RequestKind.TRANSFER: _go_to,
    RequestKind.REPORT_UP: _go_to,
    RequestKind.SUPPORT: _support,
    RequestKind.CLOSE: _close,
}

_ACTS: dict[Action, Callable[[Replay, PastEvent], None]] = {
    A.SUBMIT: lambda replay, event: replay.order.note(**event.facts),
    A.ACKNOWLEDGE: lambda replay, event: replay.order.acknowledge(event.at),
    A.SETTLE: _settle,
    A.DISPATCH: _give_out,
    A.REASSIGN: _give_out,
    A.CLAIM: _claim,
    A.DECLINE: lambda replay, event: replay.order.decline(event.at),
    A.APPOINT: lambda replay, event: replay.order.appoint(event.at, event.time("at")),
    A.START: lambda replay, event: replay.order.start(
        event.at, visit_proven=bool(event.facts.get("visit_proven"))
    ),
    A.PROGRESS: lambda replay, event: replay.order.progress(event.at),
    A.LAPSE: lambda replay, event: replay.order.lapse(event.at),
    A.RECALL: lambda replay, event: replay.order.recall(event.at),
    A.RETURN: lambda replay, event: replay.order.give_back(event.at),
    A.SUSPEND: _suspend,
    A.RESUME: lambda replay, event: replay.order.resume(event.at),
    A.COMPLETE: _complete,
    A.CHECK: _check,
    A.RATE: _rate,
    A.FOLLOW_UP: _follow_up,
    A.CLOSE_UNANSWERED: lambda replay, event: replay.order.close_unanswered(event.at),
    A.REOPEN: _reopen,
    A.DECIDE: lambda replay, event: replay.order.decide_again(event.at),
    A.SUPERVISE: _supervise,
    A.SPLIT: lambda replay, event: replay.order.split(event.at, parts=event.facts["parts"]),
    A.GATHER: lambda replay, event: replay.order.gather(event.at),
    A.AMEND: _amend,
    A.ASK: lambda replay, event: replay.order.question(event.at),
    A.ANSWER: lambda replay, event: replay.order.answer(event.at),
    A.EXTEND: _extend,
    A.PLAN: _plan,
    A.MERGE: _merge,
    A.UNMERGE: lambda replay, event: replay.order.come_apart(A.UNMERGE, event.at),
    A.REJECT: lambda replay, event: replay.order.reject(event.at),
    A.CANCEL: _cancel,
    A.URGE: lambda replay, event: replay.order.urge(event.at),
    A.NOT_COME: lambda replay, event: replay.order.miss(event.at),
    A.CONFIRM_NO_SHOW: _judge_miss,
    A.COMMENT: _comment,
    A.JOIN: lambda replay, event: replay.order.join(event.at, event.actor_id),
    A.AGREE: _agree,
    A.REFUSE: _answer_request,
    A.LAPSE_REQUEST: _answer_request,
    A.REMIND: lambda replay, event: replay.order.remind(event.at, step=event.facts["step"]),
    A.RELEASE: _release,
    A.ERASE: _erase,
    A.CHECK_CONTENT: lambda replay, event: replay.order.pass_content(
        event.at, ContentState(event.facts["content_state"])
    ),
}


def redo(replay: Replay, event: PastEvent) -> None:
    """Does the act again; raises ValueError where it leads to another state than the event says."""
    act = _ask if "asked_of" in event.facts else _ACTS[event.action]
    act(replay, event)
    if replay.order.status is not event.to:
        raise ValueError(f"{event.action} left {replay.order.status}, not {event.to}")
    replay.take_beside()
