"""Candidates, matchings, and verbs for many orders at once."""

from typing import Any

from tests.orders.stages import dispatched, submitted
from tests.permissions.cases import situations as s
from tests.permissions.runner import Call, Case, Values


def _done(answer: Any, _: Values) -> bool:
    """Whether something came of it."""
    return any(result["status"] == 200 for result in answer["results"])


def _proposed(answer: Any, values: Values) -> bool:
    """Whether the order is among those that are to be given out."""
    found = (*answer["rows"], *answer["unmatched"])
    return any(row["order_id"] == values["order_id"] for row in found)


def _of_the_community(call: Call) -> dict[str, Any]:
    return {"unit_id": call.world.community.id}


def _to_the_member(call: Call) -> dict[str, Any]:
    people = [call.world.ids["member2"]]
    return {"rows": [{"order_id": call.values["order_id"], "assignee_ids": people}]}


def _many(action: str, **body: Any) -> Any:
    return lambda call: {"ids": [call.values["order_id"]], "action": action, **body}


CASES = (
    Case("dispatching.list_candidates", s.order_at(submitted)),
    Case("dispatching.list_candidates:confidential", s.order_at(s.of(s.CONFIDENTIAL))),
    Case("dispatching.propose_matching", s.order_at(submitted), _of_the_community, shows=_proposed),
    Case(
        "dispatching.propose_matching:in the pool",
        s.order_at(dispatched),
        _of_the_community,
        shows=_proposed,
    ),
    Case(
        "dispatching.propose_matching:confidential",
        s.order_at(s.of(s.CONFIDENTIAL)),
        _of_the_community,
        shows=_proposed,
    ),
    Case("dispatching.carry_out_matching", s.order_at(submitted), _to_the_member, shows=_done),
    Case(
        "dispatching.carry_out_matching:in the pool",
        s.order_at(dispatched),
        _to_the_member,
        shows=_done,
    ),
    Case("dispatching.bulk", s.order_at(submitted), _many("dispatch", mode="pool"), shows=_done),
    Case(
        "dispatching.bulk:tried",
        s.order_at(submitted),
        _many("dispatch", mode="pool", dry_run=True),
        shows=_done,
    ),
    Case(
        "dispatching.bulk:recall",
        s.order_at(dispatched),
        _many("recall", reason="重新安排"),
        shows=_done,
    ),
    Case(
        "dispatching.bulk:reply", s.order_at(submitted), _many("reply", note="请放心"), shows=_done
    ),
    Case(
        "dispatching.bulk:close", s.order_at(submitted), _many("close", note="已答复"), shows=_done
    ),
)
