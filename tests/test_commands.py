"""The first command of an empty installation."""

from sqlalchemy import func, select

from app.identity.models import Account
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.http import App
from app.organisation.models import Unit
from app.people.queries.roles import grants_of

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
