"""The first command of an empty installation, and those about the jobs."""

import pytest
from sqlalchemy import func, select

from app.identity.models import Account
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.heartbeat import Rounds
from app.kernel.http import App
from app.kernel.queue import MAX_ATTEMPTS
from app.kernel.slots import due_slots, fail_slot
from app.organisation.models import Unit
from app.people.queries.roles import grants_of
from tests.conftest import Clock

FOUND = ["init", "--district", "青梧区", "--code", "QW"]


def test_a_district_is_founded(app: App) -> None:
    """With its code and an administrator who may go on from there."""
    done = app.test_cli_runner().invoke(args=FOUND)
    assert done.exit_code == 0, done.output
    assert "青梧区" in done.output
    unit = session.scalars(select(Unit).where(Unit.code == "QW")).one()
    assert unit.name == "青梧区"
    account = session.scalars(select(Account).where(Account.username == "admin")).one()
    held = {right for grant in grants_of(account.person_id, now()) for right in grant.permissions}
    assert {"roles.grant", "orders.manage", "accounts.edit"} <= held


def test_a_second_time_says_why_not(app: App) -> None:
    """In words, and nothing is added."""
    runner = app.test_cli_runner()
    assert runner.invoke(args=FOUND).exit_code == 0
    again = runner.invoke(args=FOUND)
    assert again.exit_code == 1
    # Which clash is met first is the database's affair.
    assert "已经用过" in again.output or "已经有这个名称" in again.output
    assert session.scalar(select(func.count()).where(Unit.name == "青梧区")) == 1


def test_jobs_are_told_of_in_words(app: App, clock: Clock) -> None:
    """Their last rounds and failures; 1 where nobody runs them."""
    clock.set("2026-03-02T09:00:05+08:00")
    note_round(app, "people.end_expired_roles", 3, None)
    clock.set("2026-03-02T09:00:10+08:00")
    note_round(app, "orders.ask_again", 0, "KeyError")
    told = app.test_cli_runner().invoke(args=["jobs", "status"])
    assert told.exit_code == 1
    lines = told.output.splitlines()
    assert "  people.end_expired_roles：最近一轮 03-02 09:00:05，办了 3 件" in lines
    failed = "最近一轮 03-02 09:00:10，办了 0 件；失败过 1 次，最近一次 03-02 09:00:10（KeyError）"
    assert f"  orders.ask_again：{failed}" in lines
    assert "  notifications.deliver：还没有运行过" in lines
    assert "  多次失败、已停下的定期任务（个）：0" in lines


def note_round(app: App, name: str, done: int, error: str | None) -> None:
    """As a job process does."""
    with app.app_context():
        Rounds().note(name, done, error)


def lose(*slots: str) -> None:
    """Slots that were given up."""
    for slot in slots:
        for _ in range(MAX_ATTEMPTS):
            fail_slot("tests.bulletin", slot, None, "RuntimeError")
    session.commit()


def test_what_was_given_up_is_sent_again(app: App) -> None:
    """It is listed, taken back once, and done by the next round."""
    lose("2026-W47")
    runner = app.test_cli_runner()
    for words in ([], ["slot"]):
        listed = runner.invoke(args=["jobs", "given-up", *words])
        assert "slot tests.bulletin:2026-W47：失败 5 次，RuntimeError；" in listed.output
        assert "共 1 项" in listed.output
    assert "共 0 项" in runner.invoke(args=["jobs", "given-up", "message"]).output
    retry = ["jobs", "retry", "slot", "tests.bulletin:2026-W47"]
    done = runner.invoke(args=retry)
    assert done.exit_code == 0, done.output
    assert due_slots("tests.bulletin", []) == ["2026-W47"]
    again = runner.invoke(args=retry)
    assert again.exit_code == 1
    assert "没有停下" in again.output
    missing = runner.invoke(args=[*retry[:-1], "tests.bulletin:2026-W48"])
    assert missing.exit_code == 1
    assert "没有找到" in missing.output
    assert "共 0 项" in runner.invoke(args=["jobs", "given-up"]).output


def test_all_of_a_kind_is_sent_again(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page after page; an unknown kind is refused in words."""
    monkeypatch.setattr("app.cli.MAX_LIMIT", 2)
    weeks = [f"2026-W{week}" for week in range(41, 46)]
    lose(*weeks)
    runner = app.test_cli_runner()
    assert "共 5 项" in runner.invoke(args=["jobs", "given-up"]).output
    done = runner.invoke(args=["jobs", "retry", "slot"])
    assert done.exit_code == 0, done.output
    assert "5 项会在下一轮重做" in done.output
    assert due_slots("tests.bulletin", []) == weeks
    unknown = runner.invoke(args=["jobs", "retry", "slots"])
    assert unknown.exit_code == 1
    assert "没有这一类" in unknown.output
