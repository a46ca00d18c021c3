"""The parts of which acts consist: states, hands, pauses, and the note of the act under way."""

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
    """The open assignee rows of these helpers are deleted, because they did not help."""

    person_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class RequestsLapse:
    """All pending requests of the order lapse at that time."""

    at: datetime


# An act leaves these beside the order: new rows, changes of rows, and events to announce.
Beside = Model | HandsEnd | HelpersGo | RequestsLapse | Event


@dataclass(frozen=True, slots=True)
class Act:
    """One act on an order, as its history notes it.

    `before` is the state that it left, None for the placing; `details` is kept as JSON.
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
        """Forgets the act under way: it was written, or its transaction was given up."""
        self.__dict__.pop("_act", None)
        self.__dict__.pop("_beside", None)

    @property
    def is_open(self) -> bool:
        """Whether the order is submitted, dispatched, claimed, in progress or suspended."""
        return self.status in OPEN

    @property
    def is_held(self) -> bool:
        """Whether the order is claimed, in progress or suspended, so that a handler answers for it."""
        return self.status in HELD

    def check_action(self, action: Action, words: Mapping[OrderStatus, str] = STAFF_WORDS) -> None:
        """Raises Conflict `order.action_not_allowed` where the action may not start in this state.

        `words` are the Chinese names of the states for the message.
        """
        if self.status not in TABLE[action].start:
            raise Conflict(
                "order.action_not_allowed",
                f"工单现在是“{words[self.status]}”，不能{TABLE[action].word}。",
            )

    def begin(
        self, action: Action, moment: datetime, *, checked: bool = True, **details: Any
    ) -> None:
        """Notes the act and its details; with `checked` it raises what `check_action` raises."""
        if checked:
            self.check_action(action)
        self.__dict__.pop("_beside", None)
        self.__dict__["_act"] = Act(action, moment, self.status, {})
        self.note(**details)

    def note(self, **details: Any) -> None:
        """Adds details to the act under way.

        A caller adds only details that the method of the act cannot know, such as a request's id.
        """
        act: Act = self.__dict__["_act"]
        plain = {name: plain_value(value) for name, value in details.items()}
        self.__dict__["_act"] = replace(act, details={**act.details, **plain})

    def move(self, to: OrderStatus, *, anew: bool = False) -> None:
        """Moves the order to another state by the table, and sets the columns that depend on it.

        `anew` does so although the state stays, as between two holders.
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
        """Ends a pause, if there is one, and adds its seconds."""
        if self.suspended_at is not None:
            self.suspended_seconds += int((at - self.suspended_at).total_seconds())
            self._forget_pause()

    def _free_hands(self, at: datetime) -> None:
        """Ends the assignee rows of the order."""
        self.beside.append(HandsEnd(at))

    def _let_go(self, at: datetime) -> None:
        """Frees the handlers, ends a pause, and lapses pending requests."""
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
        """Adds an assignee row: this person or provider handles the order from now on."""
        if person_id is None and provider_id is None:
            # The people of another system are unknown here.
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
        """Puts the order into the pool, or offers it to one person."""
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
        """Makes a person or provider the holder of the order."""
        self.move(OrderStatus.CLAIMED, anew=True)
        self.holder_id, self.holder_kind, self.provider_id = holder_id, kind, provider_id
        self.claimed_at = self.entered_at = at
        self.last_sign_at = self.appointed_at = self.visited_at = None
        self._forget_pause()
        self._take_hand(at, kind, person_id=holder_id, provider_id=provider_id, by_claim=by_claim)

    def _go_along(self, at: datetime, helper_ids: list[int]) -> None:
        """Makes these people, and nobody else, the helpers from now on."""
        gone = set(self.helper_ids) - set(helper_ids)
        if gone:
            self.beside.append(HelpersGo(frozenset(gone)))
        for helper_id in helper_ids:
            if helper_id not in self.helper_ids:
                self._take_hand(at, HandlerKind.MEMBER, person_id=helper_id, part=HELPS)
        self.helper_ids = list(helper_ids)

    def _come_back(self) -> None:
        """Puts the order back on the dispatcher's desk, in the same round."""
        self.move(OrderStatus.SUBMITTED)
        self._take_back()

    def _take_back(self) -> None:
        self.mode = self.dispatched_at = None
        # The task of a part stays: the part consists of it.
        if self.parent_id is None:
            self.task = None

    def _put_away(self, at: datetime) -> None:
        """Takes the order from its handler, or the offer back.

        An assigned or a sensitive order goes to the desk, another one to the pool.
        """
        self._let_go(at)
        if self.mode is DispatchMode.ASSIGNED or self.sensitive:
            self._come_back()
        else:
            self._offer(at, DispatchMode.POOL)

    def _put_at(self, unit_id: int, unit_path: str) -> None:
        """Makes another unit the one that handles the order."""
        self.handling_unit_id, self.handling_path = unit_id, unit_path

    def _new_round(self) -> None:
        """重办: begins the next round of the order on the desk, and resets the columns of a round."""
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
        """Completes the order; the handler stays in its columns."""
        hands = self.holder_id, self.holder_kind, self.provider_id, self.helper_ids
        self.move(OrderStatus.COMPLETED)
        # Kept so that a failed check can give the order back, and the requester sees the handler.
        self.holder_id, self.holder_kind, self.provider_id, self.helper_ids = hands
        self.completed_at = at
        self.reminded = 0

    def _close(self, kind: CloseKind) -> None:
        """Closes the order in this way."""
        self.move(OrderStatus.CLOSED)
        self.close_kind = kind
        self._ended()

    def _withdraw(self, at: datetime) -> None:
        """Cancels the order, whether a handler has it or not."""
        self._let_go(at)
        self.move(OrderStatus.CANCELLED)
        self._ended()

    def _ended(self) -> None:
        self.beside.append(OrderEnded(self.id, self.status, self.close_kind))

    def _is_read(self) -> None:
        """Passes unchecked words: the person who gives the order out has read them."""
        if self.content_state is ContentState.PENDING:
            self.content_state = ContentState.PASSED


def plain_value(value: Any) -> Any:
    """The value as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, StrEnum) else value
