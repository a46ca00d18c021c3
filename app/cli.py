"""The commands: `flask init`, `flask demo`, `flask run-jobs`, and those of the rooms."""

import click
from flask import Flask, current_app

from app import jobs
from app.categories.service import seed_categories
from app.demo import build
from app.identity.commands import accounts
from app.identity.service import OneTimePassword, open_account
from app.intake.commands import import_orders
from app.kernel.actor import Actor
from app.kernel.database import session, transaction
from app.kernel.errors import Refusal
from app.orders.commands import group as orders
from app.organisation.commands import group as organisation
from app.organisation.service import found_district
from app.people.models import Person
from app.people.service import create_person, grant_role, seed_roles
from app.people.states import PersonKind

_ACTOR = Actor.system("command")


@click.command("init")
@click.option("--district", required=True, help="区的名称。")
@click.option("--code", help="区的行政区划代码，导入组织表时用它作上级。")
@click.option("--admin", default="admin", show_default=True, help="管理员的用户名。")
def init(district: str, code: str | None, admin: str) -> None:
    """Founds a district with its roles, categories and one administrator with a one-time password."""
    try:
        issued = _found(district, code, admin)
    except Refusal as refused:
        raise click.ClickException(refused.message) from refused
    click.echo(f"已建立“{district}”。管理员：{admin}")
    click.echo(f"一次性密码(7 天内有效，首次登录须修改):{issued.one_time_password}")


def _found(district: str, code: str | None, admin: str) -> OneTimePassword:
    with transaction():
        seed_roles(_ACTOR)
        seed_categories(_ACTOR)
        unit = found_district(_ACTOR, district, code=code)
        person = create_person(
            _ACTOR, kind=PersonKind.STAFF, name="系统管理员", home_unit_id=unit.id
        )
        # An administrator gives out the roles of others, and none that he does not hold himself.
        for role in ("admin", "district_officer"):
            grant_role(_ACTOR, person.id, role, unit.id)
        return open_account(_ACTOR, person.id, admin)


@click.command("demo")
@click.option("--once", is_flag=True, help="已有数据时什么也不做。")
def demo(*, once: bool) -> None:
    """Puts in the invented district with its people and orders."""
    if current_app.config["APP_ENV"] == "production":
        raise click.ClickException("生产环境不能放演示数据。")
    with transaction():
        taken = session.query(Person.id).first() is not None
    if taken:
        if once:
            return
        raise click.ClickException("数据库里已有数据，演示数据只能放进空的数据库。")
    click.echo("正在生成演示数据，请稍候……")
    build.build()
    click.echo("演示数据已就绪。")


@click.command("run-jobs")
def run_jobs() -> None:
    """Runs the timetable until it is told to stop."""
    jobs.run(current_app._get_current_object())  # type: ignore[attr-defined]  # the app behind the proxy


def register(app: Flask) -> None:
    """Adds all commands to `flask`."""
    # `flask orders import` stands with the orders' own, though its room is above theirs.
    orders.add_command(import_orders)
    for command in (init, demo, run_jobs, accounts, organisation, orders):
        app.cli.add_command(command)
