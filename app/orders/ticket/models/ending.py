"""The acts by which an order ends or begins again, and by which orders are linked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.categories.states import Urgency
from app.kernel.clock import local_date
from app.orders.ticket.events import OrderRated, OrderReopened
from app.orders.ticket.models.around import OrderCall, OrderFollower, OrderRating
from app.orders.ticket.models.handing import Handing
from app.orders.ticket.states import (
    ROUNDS_BEFORE_DECIDING,
    Action,
    CallOutcome,
    CloseKind,
    OrderStatus,
)

A, S = Action, OrderStatus


class Ending(Handing):
    """Rating, following up, closing, beginning again; merging, joining and withdrawing."""

    __abstract__ = True

    def rate(
        self,
        at: datetime,
        *,
        person_id: int | None,
        solved: bool,
        satisfied: bool | None,
        stars: int | None,
        comment: str | None,
    ) -> None:
        """评价: a solved order is closed, an unsolved one begins a new round."""
        self.begin(A.RATE, at, solved=solved, satisfied=satisfied, stars=stars)
        said = OrderRating(
            person_id=person_id, solved=solved, satisfied=satisfied, stars=stars, comment=comment
        )
        self._note_rating(at, said, by_follow_up=False)
        self._settled(at, solved=solved, kind=CloseKind.SOLVED)
        if solved and satisfied is False:
            self.follow_up_due = True

    def _note_rating(self, at: datetime, said: OrderRating, *, by_follow_up: bool) -> None:
        said.order_id, said.round, said.at, said.by_follow_up = (
            self.id,
            self.round,
            at,
            by_follow_up,
        )
        self.beside.append(said)
        self.beside.append(
            OrderRated(self.id, self.round, said.solved, said.satisfied, by_follow_up)
        )

    def _settled(self, at: datetime, *, solved: bool, kind: CloseKind) -> None:
        """Closes, or begins the next round; after the second "not solved" the leader decides."""
        if solved:
            self._free_hands(at)
            if self.status is not S.CLOSED:
                self._close(kind)
            return
        self._let_go(at)
        self._new_round()
        self._decide_late_rounds()

    def _decide_late_rounds(self) -> None:
        if self.round > ROUNDS_BEFORE_DECIDING:
            self.to_decide = True

    def follow_up(
        self,
        at: datetime,
        *,
        caller_id: int | None,
        outcome: CallOutcome,
        solved: bool | None,
        satisfied: bool | None,
        note: str | None,
    ) -> None:
        """回访: notes a call; the answer of a resident who was reached counts like a rating."""
        self.begin(A.FOLLOW_UP, at, outcome=outcome, solved=solved, satisfied=satisfied)
        call = OrderCall(
            order_id=self.id,
            round=self.round,
            caller_id=caller_id,
            outcome=outcome,
            at=at,
            day=local_date(at),
        )
        self.beside.append(call)
        if outcome is not CallOutcome.REACHED or solved is None:
            return
        self.follow_up_due = False
        said = OrderRating(person_id=caller_id, solved=solved, satisfied=satisfied, comment=note)
        self._note_rating(at, said, by_follow_up=True)
        self._settled(at, solved=solved, kind=CloseKind.BY_FOLLOW_UP)

    def close_unanswered(self, at: datetime) -> None:
        """逾期未评: closes the order, because nobody said whether it is solved."""
        self.begin(A.CLOSE_UNANSWERED, at)
        self._close(CloseKind.UNANSWERED)

    def close_unrecognised(self, at: datetime) -> None:
        """居民未认可: closes the order against the resident's word, as the unit above has agreed."""
        self.begin(A.AGREE, at, closed=True)
        self._let_go(at)
        self.to_decide = False
        self._close(CloseKind.NOT_RECOGNISED)

    def decide_again(self, at: datetime) -> None:
        """研判: the leader decides that the order is worked on once more."""
        self.begin(A.DECIDE, at, again=True)
        self.to_decide = False

    def reopen(self, at: datetime, *, unit_id: int, unit_path: str) -> None:
        """重办: begins a new round at this unit; for a rejected order it is the appeal (申诉)."""
        self.begin(A.REOPEN, at, unit_id=unit_id)
        rejected = self.status is S.REJECTED
        if rejected:
            self.appealed = True
        if unit_id != self.handling_unit_id:
            self.attention_unit_id = unit_id
        self._put_at(unit_id, unit_path)
        self._new_round()
        if not rejected:
            self._decide_late_rounds()

    def reject(self, at: datetime) -> None:
        """不予受理: rejects the order."""
        self.begin(A.REJECT, at)
        self._let_go(at)
        self.move(S.REJECTED)
        self._ended()

    def cancel(self, action: Action, at: datetime) -> None:
        """撤单: cancels the order, by CANCEL or by AGREE."""
        self.begin(action, at)
        self._withdraw(at)

    def merge(self, at: datetime, *, root_id: int, root: str) -> None:
        """合并: merges the order into the root with this id and number."""
        self.begin(A.MERGE, at, root=root, root_id=root_id)
        self._let_go(at)
        self.move(S.MERGED)
        self.mode = None
        self.merged_into_id = root_id

    def follow_root(self, at: datetime, *, root_id: int, root: str) -> None:
        """Merges a merged order into another root, because its own was merged or withdrawn."""
        self.begin(A.MERGE, at, checked=False, root=root, root_id=root_id)
        self.merged_into_id = root_id

    def take_in(
        self,
        at: datetime,
        *,
        merged: Sequence[str],
        urgency: Urgency | None,
        green_channel: bool,
        due_at: datetime | None,
        called: bool,
    ) -> None:
        """合并, for the root: notes the numbers taken in, and becomes as urgent, green and early.

        `called`: it became an emergency, so it must be acknowledged anew.
        """
        raised: dict[str, Any] = {"urgency": urgency} if urgency else {}
        raised |= {"called": True} if called else {}
        raised |= {"green_channel": True} if green_channel else {}
        raised |= {"due_at": due_at} if due_at else {}
        self.begin(A.MERGE, at, merged=list(merged), **raised)
        if urgency is not None:
            self.urgency = urgency
        if green_channel:
            self.green_channel = True

    def come_apart(self, action: Action, at: datetime) -> None:
        """拆开: takes the order off its root, back to the desk, by UNMERGE or by REOPEN."""
        self.begin(action, at)
        self._come_back()
        self.merged_into_id = self.acknowledged_at = None
        self.beside.append(OrderReopened(self.id, self.round))

    def join(self, at: datetime, person_id: int | None) -> None:
        """附议: counts the person as a joiner, who will hear the outcome."""
        self.begin(A.JOIN, at)
        self.joined += 1
        self.beside.append(OrderFollower(order_id=self.id, person_id=person_id, since=at))

    def erase(self, at: datetime, *, requester: bool, placer: bool) -> None:
        """注销 of the requester, of the person who placed the order, or of both.

        With the requester the words are emptied, and the place unless it is public; an order that is
        only submitted or dispatched is cancelled.
        """
        self.begin(A.ERASE, at, requester=requester, placer=placer)
        if placer:
            self.placer_id = None
        if not requester:
            return
        self.requester_id = None
        self.empty("words")
        if self.status in (S.SUBMITTED, S.DISPATCHED):
            self._withdraw(at)
        if not self.public_place:
            self.empty("place")
