"""What all acts are made of: states, hands, pauses, and the note of the act under way."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.kernel.database import Model
from app.kernel.errors import Conflict
from app.orders.ticket.events import (
    OrderClaimed,
    OrderEnded,
    OrderRated,
    OrderReopened,
    OrderSubmitted,
)
from app.orders.ticket.models.around import OrderAssignee
from app.orders.ticket.models.columns import OrderColumns
from app.orders.ticket.states import (
    HELD,
    OPEN,
    SETTLED,
    STAFF_WORDS,
    TABLE,
    Action,
    CloseKind,
    ContentState,
    DispatchMode,
    HandlerKind,
    OrderStatus,
)

HELPS = "helper"
Event = OrderSubmitted | OrderClaimed | OrderRated | OrderEnded | OrderReopened


@dataclass(frozen=True, slots=True)
class HandsEnd:
    """All open assignee rows of the order end at that time."""

    at: datetime


@dataclass(frozen=True, slots=True)
class HelpersGo:
    """The open rows of these helpers are deleted: they did not help."""

    person_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class RequestsLapse:
    """All pending requests of the order lapse at that time."""

    at: datetime


# What an act leaves beside the order: new rows, changes of rows, and events to announce.
Beside = Model | HandsEnd | HelpersGo | RequestsLapse | Event


@dataclass(frozen=True, slots=True)
class Act:
    """One act on an order, as its history notes it; `before` is the state that it left.

    None before the placing. `details` is what the history keeps as JSON.
    """

    action: Action
    at: datetime
    before: OrderStatus | None
    details: Mapping[str, Any]


class Moves(OrderColumns):
    """The parts of which the acts of an order consist.

    An act notes itself in `act` and what it leaves beside the order in `beside`. Both live in memory
    only, until the act is written.
    """

    __abstract__ = True

    @property
    def act(self) -> Act | None:
        """The act that has been done and not yet been written."""
        found: Act | None = self.__dict__.get("_act")
        return found

    @property
    def beside(self) -> list[Beside]:
        """The rows, changes of rows and events that the act leaves, in their order."""
        found: list[Beside] = self.__dict__.setdefault("_beside", [])
        return found

    def forget_act(self) -> None:
        """Nothing is under way: the act was written, or its transaction was given up."""
        self.__dict__.pop("_act", None)
        self.__dict__.pop("_beside", None)

    @property
    def is_open(self) -> bool:
        """Submitted, dispatched, claimed, in progress or suspended."""
        return self.status in OPEN

    @property
    def is_held(self) -> bool:
        """Claimed, in progress or suspended: somebody answers for it."""
        return self.status in HELD

    def check_action(self, action: Action, words: Mapping[OrderStatus, str] = STAFF_WORDS) -> None:
        """Raises Conflict `order.action_not_allowed` where the table has no such row."""
        if self.status not in TABLE[action].start:
            raise Conflict(
                "order.action_not_allowed",
                f"工单现在是“{words[self.status]}”，不能{TABLE[action].word}。",
            )

    def begin(
        self, action: Action, moment: datetime, *, checked: bool = True, **details: Any
    ) -> None:
        """Notes the act and its particulars; `checked` refuses what has no row in the table."""
        if checked:
            self.check_action(action)
        self.__dict__["_act"] = Act(action, moment, self.status, {})
        self.note(**details)

    def note(self, **details: Any) -> None:
        """Adds particulars to the act under way, such as the number of a request.

        Only what the act's own method cannot know is added by its caller.
        """
        act: Act = self.__dict__["_act"]
        plain = {name: _plain(value) for name, value in details.items()}
        self.__dict__["_act"] = replace(act, details={**act.details, **plain})

    def move(self, to: OrderStatus, *, anew: bool = False) -> None:
        """Goes to another state by the act's row of the table; the order's own times follow.

        `anew`: also where the state stays, as between two holders.
        """
        act: Act = self.__dict__["_act"]
        if to is not self.status and to not in TABLE[act.action].to:
            raise Conflict(
                "order.action_not_allowed",
                f"{TABLE[act.action].word}不能使工单变为“{STAFF_WORDS[to]}”。",
            )
        if to is self.status and not anew:
            return
        self.status = to
        self.entered_at = act.at
        if to not in HELD:
            self.holder_id = self.holder_kind = self.provider_id = None
            self.last_sign_at = self.appointed_at = self.visited_at = None
            self.helper_ids = []
            self._forget_pause()
        if to is not OrderStatus.DISPATCHED:
            self.offered_to_id = None
        if to not in OPEN:
            self.next_due_at = None
        if to in SETTLED:
            self.closed_at = act.at

    def _forget_pause(self) -> None:
        self.suspended_at = self.suspended_until = self.suspended_from = None

    def _end_pause(self, at: datetime) -> None:
        """A pause, if there is one, ends and counts."""
        if self.suspended_at is not None:
            self.suspended_seconds += int((at - self.suspended_at).total_seconds())
            self._forget_pause()

    def _free_hands(self, at: datetime) -> None:
        """The people who handle the order, or were asked to, are free of it."""
        self.beside.append(HandsEnd(at))

    def _let_go(self, at: datetime) -> None:
        """Hands are free, a pause ends, and what was asked for is void."""
        self._free_hands(at)
        self.helper_ids = []
        self._end_pause(at)
        self.beside.append(RequestsLapse(at))

    def _take_hand(
        self,
        at: datetime,
        kind: HandlerKind,
        *,
        person_id: int | None = None,
        provider_id: int | None = None,
        part: str | None = None,
        by_claim: bool = False,
        until: datetime | None = None,
    ) -> None:
        """An assignee row: this person or provider handles the order from now on."""
        if person_id is None and provider_id is None:
            # Another system's people are unknown here.
            return
        row = OrderAssignee(
            order_id=self.id,
            kind=kind,
            person_id=person_id,
            provider_id=provider_id,
            part=part,
            by_claim=by_claim,
            since=at,
            until=until,
        )
        self.beside.append(row)

    def _offer(self, at: datetime, mode: DispatchMode, offered_to_id: int | None = None) -> None:
        """Into the pool, or offered to one person."""
        self.move(OrderStatus.DISPATCHED, anew=True)
        self.mode = mode
        self.offered_to_id = offered_to_id
        self.dispatched_at = at

    def _hold(
        self,
        at: datetime,
        kind: HandlerKind,
        *,
        holder_id: int | None,
        provider_id: int | None = None,
        by_claim: bool = False,
    ) -> None:
        """Somebody answers for it from now on."""
        self.move(OrderStatus.CLAIMED, anew=True)
        self.holder_id, self.holder_kind, self.provider_id = holder_id, kind, provider_id
        self.claimed_at = self.entered_at = at
        self.last_sign_at = self.appointed_at = self.visited_at = None
        self._forget_pause()
        self._take_hand(at, kind, person_id=holder_id, provider_id=provider_id, by_claim=by_claim)

    def _go_along(self, at: datetime, helper_ids: list[int]) -> None:
        """These people go along from now on, and nobody else."""
        gone = set(self.helper_ids) - set(helper_ids)
        if gone:
            self.beside.append(HelpersGo(frozenset(gone)))
        for helper_id in helper_ids:
            if helper_id not in self.helper_ids:
                self._take_hand(at, HandlerKind.MEMBER, person_id=helper_id, part=HELPS)
        self.helper_ids = list(helper_ids)

    def _come_back(self) -> None:
        """To the dispatcher's desk again, in the same round; how it was given out is over."""
        self.move(OrderStatus.SUBMITTED)
        self._take_back()

    def _take_back(self) -> None:
        self.mode = self.dispatched_at = None
        # A part is its task, whoever has it.
        if self.parent_id is None:
            self.task = None

    def _put_away(self, at: datetime) -> None:
        """Out of the hands that have it, or were asked to take it.

        What a member had goes to the pool; what was assigned, or is confidential, to the desk.
        """
        self._let_go(at)
        if self.mode is DispatchMode.ASSIGNED or self.sensitive:
            self._come_back()
        else:
            self._offer(at, DispatchMode.POOL)

    def _put_at(self, unit_id: int, unit_path: str) -> None:
        """Another unit acts from now on."""
        self.handling_unit_id, self.handling_path = unit_id, unit_path

    def _new_round(self) -> None:
        """重办: the same order, a round later, with nothing held over but its first lateness."""
        self.move(OrderStatus.SUBMITTED)
        self._take_back()
        self.round += 1
        self.merged_into_id = None
        self.returns = self.suspensions = self.suspended_seconds = self.reminded = 0
        self.completed_at = self.closed_at = self.close_kind = self.checked_at = None
        self.acknowledged_at = self.claimed_at = None
        self.long_term = self.follow_up_due = False
        self.due_at = self.next_due_at = self.planned_until = None
        self.beside.append(OrderReopened(self.id, self.round))

    def _done(self, at: datetime) -> None:
        """The handler, or the desk, says done."""
        hands = self.holder_id, self.holder_kind, self.provider_id, self.helper_ids
        self.move(OrderStatus.COMPLETED)
        # Kept so that a check can give it back, and the requester sees who did it.
        self.holder_id, self.holder_kind, self.provider_id, self.helper_ids = hands
        self.completed_at = at
        self.reminded = 0

    def _close(self, kind: CloseKind) -> None:
        """Off the table."""
        self.move(OrderStatus.CLOSED)
        self.close_kind = kind
        self._ended()

    def _withdraw(self, at: datetime) -> None:
        """Cancelled, whoever has it."""
        self._let_go(at)
        self.move(OrderStatus.CANCELLED)
        self._ended()

    def _ended(self) -> None:
        self.beside.append(OrderEnded(self.id, self.status, self.close_kind))

    def _is_read(self) -> None:
        """The person who gives it out has read it; what was held back stays so."""
        if self.content_state is ContentState.PENDING:
            self.content_state = ContentState.PASSED


def _plain(value: Any) -> Any:  # whatever a particular may be
    """The value as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, StrEnum) else value
