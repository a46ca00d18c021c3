"""The acts that give an order out, and the acts of its handler."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.orders.ticket.events import OrderClaimed
from app.orders.ticket.models.moves import Moves
from app.orders.ticket.states import Action, DispatchMode, HandlerKind, OrderStatus

A, S = Action, OrderStatus


@dataclass(frozen=True, slots=True)
class Giving:
    """The handler to whom an order is given, and the terms.

    With a `kind` the order is assigned to `holder_id` (None for a provider without an account), for
    an outside unit with `provider_id`. Without a `kind` it is offered to `assignee_id`, or put into
    the pool. `mode` is the choice of the desk, `due_at` the date that the desk sets.
    """

    mode: DispatchMode
    assignee_id: int | None = None
    provider_id: int | None = None
    kind: HandlerKind | None = None
    holder_id: int | None = None
    due_at: datetime | None = None
    task: str | None = None
    people_needed: int | None = None
    helper_ids: Sequence[int] = ()


class Handing(Moves):
    """Giving out, claiming, working and giving back."""

    __abstract__ = True

    def acknowledge(self, at: datetime) -> None:
        """签收: a person on duty has seen the order."""
        self.begin(A.ACKNOWLEDGE, at)
        self.acknowledged_at = at

    def give_out(self, action: Action, at: datetime, to: Giving) -> None:
        """派单 or 改派: puts the order into the pool, offers it to a person, or assigns it."""
        self.begin(action, at)
        self._is_read()
        if action is A.REASSIGN:
            self._let_go(at)
        if to.kind is not None:
            self._hold(at, to.kind, holder_id=to.holder_id, provider_id=to.provider_id)
            self.mode, self.dispatched_at = DispatchMode.ASSIGNED, at
        elif to.assignee_id is not None:
            self._offer(at, DispatchMode.DIRECT, to.assignee_id)
        else:
            self._offer(at, DispatchMode.POOL)
        if to.task is not None:
            self.task = to.task
        if to.people_needed is not None:
            self.people_needed = to.people_needed
        if to.helper_ids:
            self._go_along(at, list(to.helper_ids))
            self.people_needed = max(self.people_needed, 1 + len(to.helper_ids))
        self.note(
            mode=to.mode,
            assignee_id=to.assignee_id,
            provider_id=to.provider_id,
            kind=to.kind,
            holder_id=to.holder_id,
            due_at=to.due_at,
            task=to.task,
            people_needed=self.people_needed,
            helper_ids=self.helper_ids,
            content_state=self.content_state,
        )

    def claim(self, at: datetime, *, kind: HandlerKind, person_id: int | None) -> None:
        """接单: a member or volunteer becomes the holder."""
        self.begin(A.CLAIM, at, kind=kind)
        self._claimed(at, kind, person_id)

    def _claimed(self, at: datetime, kind: HandlerKind, person_id: int | None) -> None:
        self._hold(at, kind, holder_id=person_id, by_claim=True)
        if person_id is not None:
            self.beside.append(OrderClaimed(self.id, person_id))

    def decline(self, at: datetime) -> None:
        """暂不接单: the offer goes back to the desk, and counts as a return."""
        self.begin(A.DECLINE, at)
        self._free_hands(at)
        self._come_back()
        self.returns += 1

    def lapse(self, at: datetime) -> None:
        """超时未接: takes back an offer without an answer, or a claim without a sign of life."""
        self.begin(A.LAPSE, at)
        if self.status is S.DISPATCHED:
            self._free_hands(at)
            self._come_back()
        else:
            self._put_away(at)
        self.returns += 1

    def recall(self, at: datetime) -> None:
        """收回: takes the order back to the desk."""
        self.begin(A.RECALL, at)
        self._let_go(at)
        self._come_back()

    def give_back(self, at: datetime) -> None:
        """退回: gives the order back to the pool, a sensitive one to the desk."""
        self.begin(A.RETURN, at)
        self._let_go(at)
        if self.sensitive:
            self._come_back()
        else:
            self._offer(at, DispatchMode.POOL)
        self.returns += 1

    def release(self, at: datetime, *, helper_ids: Sequence[int] | None = None) -> None:
        """退回接单大厅: the holder loses the order; with `helper_ids`, only the other helpers do."""
        self.begin(A.RELEASE, at)
        if helper_ids is None:
            self._put_away(at)
        else:
            self._go_along(at, list(helper_ids))
            self.note(helper_ids=self.helper_ids)

    def appoint(self, at: datetime, visit_at: datetime) -> None:
        """约时间: notes the time of the visit."""
        self.begin(A.APPOINT, at, at=visit_at)
        self.appointed_at, self.last_sign_at = visit_at, at

    def start(self, at: datetime, *, visit_proven: bool) -> None:
        """开始办理: the work begins; `visit_proven` says that the resident's code was right."""
        self.begin(A.START, at, visit_proven=visit_proven)
        self.move(S.IN_PROGRESS)
        self.last_sign_at = at
        if visit_proven:
            self.visited_at = at

    def progress(self, at: datetime) -> None:
        """反馈: notes a report on the work."""
        self.begin(A.PROGRESS, at)
        self.move(S.IN_PROGRESS)
        self.last_sign_at = at

    def suspend(self, action: Action, at: datetime, *, until: datetime, long_term: bool) -> None:
        """暂缓: suspends the order until then, by SUSPEND or by AGREE; `long_term` is 挂账."""
        self.begin(action, at, until=until, long_term=long_term)
        before = self.status
        self.move(S.SUSPENDED)
        self.suspended_at, self.suspended_until, self.suspended_from = at, until, before
        self.suspensions += 1
        self.long_term = self.long_term or long_term

    def resume(self, at: datetime) -> None:
        """恢复办理: it goes on in the state that the pause began in."""
        self.begin(A.RESUME, at)
        self.move(self.suspended_from or S.CLAIMED)
        self._end_pause(at)
        self.last_sign_at = at

    def complete(
        self, at: datetime, *, minutes_spent: int | None, helper_ids: Sequence[int]
    ) -> None:
        """提交办结: the handler says that the work is done, and that these people helped."""
        self.begin(A.COMPLETE, at, minutes_spent=minutes_spent, helper_ids=list(helper_ids))
        self._go_along(at, list(helper_ids))
        self._free_hands(at)
        self._done(at)

    def settle(self, at: datetime, *, kind: HandlerKind, person_id: int | None) -> None:
        """当场办结: this person answered on the spot, so the order is completed."""
        self.begin(A.SETTLE, at, kind=kind)
        self._let_go(at)
        self.holder_id, self.holder_kind = person_id, kind
        self._done(at)
        self._take_hand(at, kind, person_id=person_id, until=at)

    def gather(self, at: datetime) -> None:
        """会办完成: all parts are settled, so the order is completed."""
        self.begin(A.GATHER, at)
        self._let_go(at)
        self._done(at)

    def split(self, at: datetime, *, parts: Sequence[str]) -> None:
        """会办: notes the numbers of the parts."""
        self.begin(A.SPLIT, at, parts=list(parts))

    def check(self, at: datetime, *, passed: bool, to_desk: bool = False) -> None:
        """核查: notes a passed check; after a failed one the handler goes on, or the desk (`to_desk`)."""
        self.begin(A.CHECK, at, passed=passed)
        if passed:
            self.checked_at = at
            return
        self.completed_at = None
        if to_desk:
            self._come_back()
            return
        kind, helpers = self.holder_kind, self.helper_ids
        self.move(S.IN_PROGRESS)
        self.last_sign_at = at
        if kind is not None:
            self._take_hand(at, kind, person_id=self.holder_id, provider_id=self.provider_id)
        self.helper_ids = []
        self._go_along(at, helpers)
