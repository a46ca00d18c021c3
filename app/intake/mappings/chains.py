"""The chain of actions that leads to a state of the other system, checked against the orders' TABLE."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.intake.mappings.parts import Part, wrong
from app.intake.mappings.templates import Template
from app.orders.ticket.states import (
    STAFF_WORDS,
    TABLE,
    Action,
    DispatchMode,
    HandlerKind,
    OrderStatus,
)

A, S = Action, OrderStatus
# The state after an action; None if the state stays. Other actions cannot stand in a mapping.
_LEADS_TO: dict[Action, OrderStatus | None] = {
    A.ACKNOWLEDGE: None,
    A.COMMENT: None,
    A.START: S.IN_PROGRESS,
    A.PROGRESS: S.IN_PROGRESS,
    A.SUSPEND: S.SUSPENDED,
    A.COMPLETE: S.COMPLETED,
    A.SETTLE: S.COMPLETED,
    A.CLOSE_UNANSWERED: S.CLOSED,
    A.REJECT: S.REJECTED,
    A.CANCEL: S.CANCELLED,
}
# The state after DISPATCH. A file names no person of this program, so there is no direct offer.
_MODES = {DispatchMode.POOL: S.DISPATCHED, DispatchMode.ASSIGNED: S.CLAIMED}


@dataclass(frozen=True, slots=True)
class Step:
    """An action of the past; it happened at the first of the times `at` that is filled in the row.

    `until` is the name of the time at which a suspension ends; None for other actions.
    """

    action: Action
    at: tuple[str, ...]
    to: OrderStatus
    note: Template | None
    visible: bool
    facts: Mapping[str, Any]
    until: str | None


def read_chain(parts: Iterable[Part], times: Mapping[str, str]) -> tuple[Step, ...]:
    """The actions of one chain, beginning with SUBMIT.

    `times` are the columns of the mapping by the name of the time. Raises Invalid `import.mapping`
    for an action that the orders' TABLE does not allow there.
    """
    steps: list[Step] = []
    for part in parts:
        before = steps[-1].to if steps else None
        steps.append(_step(part, before, times))
        part.end()
    return tuple(steps)


def _step(part: Part, before: OrderStatus | None, times: Mapping[str, str]) -> Step:
    action = _action(part, before)
    facts, to = _facts(part, action)
    if before is not None and before not in TABLE[action].start:
        word = TABLE[action].word
        raise wrong(part.where, f"工单这时是“{STAFF_WORDS[before]}”，不能{word}（{action}）。")
    note = part.maybe_template("note")
    if action is A.REJECT and note is None:
        raise wrong(part.where, "不予受理要写 note（原因和该找谁）。")
    at = part.texts("at")
    if not at:
        raise wrong(part.where, "缺少 at（什么时候）。")
    until = part.text("until") if action is A.SUSPEND else None
    for name in (*at, *([until] if until else [])):
        if name not in times:
            raise wrong(part.where, f"[times.columns] 里没有“{name}”这个时间。")
    stays = before or S.SUBMITTED
    return Step(action, at, to or stays, note, part.yes("visible"), facts, until)


def _action(part: Part, before: OrderStatus | None) -> Action:
    name = part.text("action")
    if before is None:
        if name != A.SUBMIT:
            raise wrong(part.where, "第一步要是 submit（下单）。")
        return A.SUBMIT
    known = {action.value: action for action in (A.DISPATCH, *_LEADS_TO)}
    if name not in known:
        raise wrong(part.where, f"没有“{name}”这一步，可以用：{'、'.join(known)}。")
    return known[name]


def _facts(part: Part, action: Action) -> tuple[dict[str, Any], OrderStatus | None]:
    if action is not A.DISPATCH:
        return {}, _LEADS_TO.get(action)
    mode = DispatchMode(part.one_of("mode", [mode.value for mode in _MODES], ""))
    facts: dict[str, Any] = {"mode": mode.value}
    if mode is DispatchMode.ASSIGNED:
        kinds = [kind.value for kind in (HandlerKind.PROVIDER, HandlerKind.STAFF, HandlerKind.GRID)]
        facts["kind"] = part.one_of("kind", kinds, "")
    return facts, _MODES[mode]
