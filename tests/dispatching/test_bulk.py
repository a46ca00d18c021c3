"""批量: the verbs of the desk for many at once, with a preview and a result for each."""

from datetime import timedelta
from typing import Any

import pytest

from app.dispatching import jobs
from app.dispatching.models import BulkRun
from app.dispatching.queries.runs import get_visible_run
from app.dispatching.schemas import BulkIn
from app.dispatching.states import BULK_FIELDS, RUNS_KEPT, BulkAction
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import NotFound
from app.orders.door import bodies as actions
from tests.conftest import Clock, count
from tests.orders.rows import heard, last_message, later, refused, rows
from tests.orders.stages import STAGES
from tests.orders.stories import actions_of, order_of, read
from tests.world import World

PATH = "/orders/bulk"


def bulk(
    world: World, action: str, ids: list[int], who: str = "dispatcher", **body: Any
) -> list[dict[str, Any]]:
    """The results."""
    answer = world.post(who, PATH, ids=ids, action=action, **body)
    assert answer.status_code == 200, answer.json
    return list((answer.json or {})["results"])


def statuses(results: list[dict[str, Any]]) -> list[int]:
    """The numbers alone."""
    return [result["status"] for result in results]


def three(world: World) -> list[int]:
    """Three new orders."""
    return [int(world.order()["id"]) for _ in range(3)]


def test_into_the_pool(world: World) -> None:
    """All of them, each with its history and its message."""
    ids = three(world)
    since = last_message()
    assert bulk(world, "dispatch", ids, mode="pool") == [{"id": id_, "status": 200} for id_ in ids]
    for order in ids:
        assert (order_of(order).status, order_of(order).mode) == ("dispatched", "pool")
        assert actions_of(order) == ["submit", "dispatch"]
        assert heard(world, order, since) == {("resident", "pooled")}


def test_to_one_person_with_terms(world: World) -> None:
    ids = three(world)
    body = {"mode": "direct", "assignee_id": world.ids["grid"], "task": "去看一看"}
    assert statuses(bulk(world, "dispatch", ids, due_at=later(days=2), **body)) == [200] * 3
    for order in ids:
        found = order_of(order)
        assert (found.holder_id, found.task) == (world.ids["grid"], "去看一看")
        assert found.due_at is not None


def test_one_refused_leaves_the_others(world: World) -> None:
    """Status, code and sentence are those of the single verb; the order of the ids is kept."""
    ids = three(world)
    world.act("dispatcher", ids[1], "dispatch", mode="pool")
    foreign = int(world.order("other_resident")["id"])
    found = bulk(world, "dispatch", [*ids, foreign, 99999999], mode="pool")
    assert statuses(found) == [200, 409, 200, 404, 404]
    single = world.post("dispatcher", f"/orders/{ids[1]}/dispatch", mode="pool").json
    assert found[1] == {
        "id": ids[1],
        "status": 409,
        "code": single["code"],
        "message": single["detail"],
    }
    assert {**found[3], "id": 0} == {**found[4], "id": 0}


def test_merge_many_into_one_and_apart_again(world: World) -> None:
    """With the root among them it is told so; unmerged each is a matter of its own."""
    root, *others = three(world)
    found = bulk(world, "merge", [*others, root], into_id=root)
    assert statuses(found) == [200, 200, 422]
    assert found[2]["code"] == "order.merge_into_itself"
    assert [order_of(order).merged_into_id for order in others] == [root, root]
    found = bulk(world, "unmerge", [*others, root], reason="不是同一件事")
    assert statuses(found) == [200, 200, 409]
    assert [order_of(order).status for order in others] == ["submitted", "submitted"]


def test_merge_with_those_that_follow_already(world: World) -> None:
    """What was merged into one of them moves along."""
    root, middle, last = three(world)
    bulk(world, "merge", [last], into_id=middle)
    assert statuses(bulk(world, "merge", [middle, last], into_id=root)) == [200, 409]
    assert order_of(last).merged_into_id == root


def test_reply_and_close(world: World) -> None:
    """A word for all residents; then settled on the spot, each asked whether it is solved."""
    ids = three(world)
    since = last_message()
    assert statuses(bulk(world, "reply", ids, note="8号楼停水，预计18点恢复。")) == [200] * 3
    for order in ids:
        assert heard(world, order, since) == {("resident", "comment")}
        events = read(world, "resident", f"/orders/{order}/events")["items"]
        assert events[-1]["note"] == "8号楼停水，预计18点恢复。"
    assert statuses(bulk(world, "close", ids, note="已经恢复供水。")) == [200] * 3
    assert {order_of(order).status for order in ids} == {"completed"}


def test_recall_reassign_and_the_rest(world: World) -> None:
    """Whatever the desk does to one it does to many."""
    ids = three(world)
    assert statuses(bulk(world, "acknowledge", ids, who="duty")) == [200] * 3
    assert statuses(bulk(world, "ask", ids, note="请问是哪一层？")) == [200] * 3
    assert statuses(bulk(world, "supervise", ids, who="street", note="请抓紧")) == [200] * 3
    bulk(world, "dispatch", ids, mode="pool")
    body = {"reason": "换人", "mode": "direct", "assignee_id": world.ids["grid"]}
    assert statuses(bulk(world, "reassign", ids, **body)) == [200] * 3
    assert statuses(bulk(world, "recall", ids, reason="重新安排")) == [200] * 3
    assert statuses(bulk(world, "reject", ids, reason="不归我们", note="请找供电公司")) == [200] * 3
    assert {order_of(order).status for order in ids} == {"rejected"}


def test_an_id_counts_once(world: World) -> None:
    (order, *_) = three(world)
    found = bulk(world, "dispatch", [order, order], mode="pool")
    assert found == [{"id": order, "status": 200}]


@pytest.mark.slow
@pytest.mark.parametrize("action", BulkAction)
def test_in_every_state_as_alone(world: World, action: BulkAction) -> None:
    """Of ten orders, one in each state, the same are refused as one by one, with the same words."""
    world.lift_caps()
    bodies = {
        "mode": "pool",
        "into_id": int(world.order()["id"]),
        "reason": "重新安排",
        "note": "已经和居民联系过。",
    }
    body = {name: bodies[name] for name in BULK_FIELDS[action].needed}
    ids = [bring(world) for bring in STAGES.values()]
    tried = bulk(world, action.value, ids, dry_run=True, **body)
    alone = {"reply": "comments", "close": "settle"}.get(action.value, action.value)
    for result in tried:
        answer = world.post("dispatcher", f"/orders/{result['id']}/{alone}", **body)
        expected = {"id": result["id"], "status": answer.status_code}
        if answer.status_code != 200:
            expected |= {"code": answer.json["code"], "message": answer.json["detail"]}
        assert result == expected


def test_by_whom(world: World) -> None:
    """The rights of the single verbs: some may reply and not dispatch, some do not even see it."""
    ids = three(world)
    for who, expected in (
        ("other_dispatcher", 404),
        ("resident2", 404),
        ("member", 404),
        ("resident", 403),
        ("grid", 403),
        ("duty", 200),
    ):
        found = bulk(world, "dispatch", ids, who=who, mode="pool", dry_run=True)
        assert statuses(found) == [expected] * 3, who
    assert statuses(bulk(world, "recall", ids, who="duty", reason="换人")) == [403] * 3
    assert statuses(bulk(world, "reply", ids, who="grid", note="我去看一看。")) == [200] * 3


# --- only tried


def test_a_trial_shows_what_would_happen_and_changes_nothing(world: World) -> None:
    """Neither rows nor messages; then it happens just so."""
    root, *others = three(world)
    held = int(world.claimed("member2")["id"])
    ids = [*others, held, root, 99999999]
    headers = world.login("dispatcher")
    body = {"ids": ids, "action": "merge", "into_id": root}
    before, orders = rows(), [order_of(order).version for order in (root, *others, held)]
    assert world.client is not None
    tried = world.client.post(
        f"/api/v1{PATH}", json={**body, "dry_run": True}, headers=headers
    ).get_json()
    assert statuses(tried["results"]) == [200, 200, 200, 422, 404]
    assert rows() == before
    assert [order_of(order).version for order in (root, *others, held)] == orders
    assert order_of(held).holder_id == world.ids["member2"]
    done = world.client.post(f"/api/v1{PATH}", json=body, headers=headers).get_json()
    assert done == tried
    assert order_of(held).merged_into_id == root


def test_a_trial_counts_what_it_has_tried_before(world: World) -> None:
    """Merged into each other in turn: the second finds its root gone, as it would be."""
    first, second, _ = three(world)
    bulk(world, "merge", [first], into_id=second)
    found = bulk(world, "merge", [second, first], into_id=first, dry_run=True)
    assert statuses(found) == [409, 422]
    assert found[0]["code"] == "order.root_not_open"


def test_a_trial_needs_no_key_and_keeps_none(world: World) -> None:
    """The same key serves for the deed itself when nothing else differs."""
    ids = three(world)
    body = {"ids": ids, "action": "dispatch", "mode": "pool"}
    for _ in range(2):
        answer = world.call(
            "dispatcher", "POST", PATH, {**body, "dry_run": True}, Idempotency_Key="bulk-trial"
        )
        assert statuses(answer.json["results"]) == [200] * 3
    done = world.call("dispatcher", "POST", PATH, body, Idempotency_Key="bulk-trial")
    assert statuses(done.json["results"]) == [200] * 3
    assert count(BulkRun) == 1


# --- repeated


def test_repeated_under_its_key(world: World) -> None:
    """The first results, refusals included, and nothing is done again."""
    ids = three(world)
    body = {"ids": [*ids, 99999999], "action": "reply", "note": "请放心，正在处理。"}
    first = world.call("dispatcher", "POST", PATH, body, Idempotency_Key="bulk-1")
    assert statuses(first.json["results"]) == [200, 200, 200, 404]
    since = last_message()
    again = world.call("dispatcher", "POST", PATH, body, Idempotency_Key="bulk-1")
    assert again.json == first.json
    assert last_message() == since
    assert actions_of(ids[0]) == ["submit", "comments"]
    other = world.call("dispatcher", "POST", PATH, {**body, "ids": ids}, Idempotency_Key="bulk-1")
    assert (other.status_code, other.json["code"]) == (422, "idempotency.key_reused")


def test_nobody_elses_run_is_repeated(world: World) -> None:
    """The same key of another person is another key."""
    ids = three(world)
    body = {"ids": ids, "action": "reply", "note": "请放心，正在处理。"}
    world.call("dispatcher", "POST", PATH, body, Idempotency_Key="bulk-2")
    world.call("leader", "POST", PATH, body, Idempotency_Key="bulk-2")
    assert actions_of(ids[0]) == ["submit", "comments", "comments"]
    assert count(BulkRun) == 2


def test_nobody_elses_run_is_shown(world: World) -> None:
    bulk(world, "dispatch", three(world), mode="pool")
    (run,) = session.query(BulkRun).all()
    assert get_visible_run(world.actor("dispatcher"), run.id) is run
    with pytest.raises(NotFound):
        get_visible_run(world.actor("leader"), run.id)


def test_no_word_is_kept_in_the_run(world: World) -> None:
    """Who, what, and what came of it."""
    ids = three(world)
    bulk(world, "recall", ids, reason="张三家里有事")
    (run,) = session.query(BulkRun).all()
    assert (run.actor_id, run.action) == (world.ids["dispatcher"], "recall")
    assert [result["status"] for result in run.results] == [409] * 3
    assert "张三" not in str(run.results)


def test_old_runs_are_forgotten(world: World, clock: Clock) -> None:
    """After thirty days; a key is long dead by then."""
    bulk(world, "dispatch", three(world), mode="pool")
    (run,) = session.query(BulkRun).all()
    assert jobs.forget_old_runs() == 0
    clock.shift(RUNS_KEPT.total_seconds() - 60)
    assert jobs.forget_old_runs() == 0
    clock.shift(RUNS_KEPT.total_seconds() + 60)
    assert run.at < now() - timedelta(days=29)
    assert jobs.forget_old_runs() == 1
    assert count(BulkRun) == 0


# --- bad input


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"action": "dispatch"}, "bulk.field_required"),
        ({"action": "recall"}, "bulk.field_required"),
        ({"action": "reply", "note": ""}, "bulk.field_required"),
        ({"action": "reject", "reason": "不归我们"}, "bulk.field_required"),
        ({"action": "recall", "reason": "换人", "mode": "pool"}, "bulk.field_not_taken"),
        ({"action": "close", "note": "好了", "into_id": 1}, "bulk.field_not_taken"),
        ({"action": "cancel"}, "body.invalid"),
        ({"action": "recall", "reason": "换人", "stars": 5}, "field.unknown"),
        ({"action": "recall", "reason": "换人", "ids": []}, "body.invalid"),
        ({"action": "recall", "reason": "换人", "ids": list(range(1, 202))}, "body.invalid"),
        ({"action": "recall", "reason": "换人", "ids": ["1"]}, "body.invalid"),
        ({"action": "dispatch", "mode": "assigned"}, "body.invalid"),
    ],
)
def test_bad_input(world: World, body: dict[str, Any], code: str) -> None:
    """Refused as a whole, and nothing changes, whether it is to be tried or done."""
    given = {"ids": three(world)} | body
    assert refused(world, "dispatcher", PATH, **given) == (422, code)
    assert refused(world, "dispatcher", PATH, **given, dry_run=True) == (422, code)


def test_the_fields_are_those_of_the_single_verbs() -> None:
    """What one order takes many take, but for pictures; nothing else."""
    singles = {
        BulkAction.ACKNOWLEDGE: actions.NoteIn,
        BulkAction.DISPATCH: actions.DispatchIn,
        BulkAction.REASSIGN: actions.ReassignIn,
        BulkAction.RECALL: actions.ReasonIn,
        BulkAction.REJECT: actions.RejectIn,
        BulkAction.MERGE: actions.MergeIn,
        BulkAction.UNMERGE: actions.ReasonIn,
        BulkAction.ASK: actions.NoteNeededIn,
        BulkAction.SUPERVISE: actions.NoteNeededIn,
        BulkAction.REPLY: actions.CommentIn,
        BulkAction.CLOSE: actions.ReportIn,
    }
    for action, about in BULK_FIELDS.items():
        fields = singles[action]().fields
        assert about.allowed == fields.keys() - {"photo_ids", "visible"}, action
        assert about.needed == {name for name, field in fields.items() if field.required}, action
    everything = {name for about in BULK_FIELDS.values() for name in about.allowed}
    assert BulkIn().fields.keys() - {"ids", "action", "dry_run"} == everything
