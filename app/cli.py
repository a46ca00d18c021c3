"""The commands `flask init`, `flask demo`, `flask run-jobs`, `flask jobs`, and those of the rooms."""

from datetime import timedelta

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from app import jobs
from app.categories.service import seed_categories
from app.deadlines.days.service import seed_calendar
from app.deadlines.door.commands import group as deadlines
from app.deadlines.policies.service import seed_policies
from app.demo import build
from app.identity.commands import accounts
from app.identity.service import OneTimePassword, open_account
from app.intake.commands import import_orders
from app.kernel import health, heartbeat
from app.kernel.actor import Actor
from app.kernel.clock import to_local
from app.kernel.database import database_now, session, transaction
from app.kernel.errors import Refusal
from app.kernel.given_up import GivenUp
from app.kernel.pages import MAX_LIMIT
from app.notifications.queries import given_up
from app.notifications.service import retry_given_up
from app.orders.door.commands import group as orders
from app.organisation.commands import group as organisation
from app.organisation.service import found_district
from app.pasts.commands import check_deadlines, start_deadlines
from app.people.models import Person
from app.people.service import create_person, grant_role, seed_roles
from app.people.states import PersonKind

_ACTOR = Actor.system("command")


@click.command("init")
@click.option("--district", required=True, help="区的名称。")
@click.option("--code", help="区的行政区划代码，导入组织表时用它作上级。")
@click.option("--admin", default="admin", show_default=True, help="管理员的用户名。")
def init(district: str, code: str | None, admin: str) -> None:
    """Creates a district with roles, categories, deadline rules, calendar and one administrator.

    The one-time password of the administrator is printed.
    """
    try:
        issued = _found(district, code, admin)
    except Refusal as refused:
        raise click.ClickException(refused.message) from refused
    click.echo(f"已建立“{district}”。管理员：{admin}")
    click.echo(f"一次性密码(7 天内有效，首次登录须修改):{issued.one_time_password}")


def _found(district: str, code: str | None, admin: str) -> OneTimePassword:
    with transaction():
        seed_roles(_ACTOR)
        seed_policies(_ACTOR)
        seed_calendar(_ACTOR)
        seed_categories(_ACTOR)
        unit = found_district(_ACTOR, district, code=code)
        person = create_person(
            _ACTOR, kind=PersonKind.STAFF, name="系统管理员", home_unit_id=unit.id
        )
        # A person can give only roles whose permissions he or she has; so the administrator, who
        # gives the first roles, is a district officer as well.
        for role in ("admin", "district_officer"):
            grant_role(_ACTOR, person.id, role, unit.id)
        return open_account(_ACTOR, person.id, admin)


@click.command("demo")
@click.option("--once", is_flag=True, help="已有数据时什么也不做。")
def demo(*, once: bool) -> None:
    """Puts an invented district with people and orders into the empty database."""
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
    """Runs the scheduled jobs until the process is told to stop."""
    jobs.run(current_app._get_current_object())  # type: ignore[attr-defined]  # the app behind the proxy


looked_after = AppGroup("jobs", help="后台任务：运行情况，停下的任务重做。")


@looked_after.command("status")
def jobs_status() -> None:
    """Prints job processes, last rounds and figures; ends with 1 where no job process lives."""
    with transaction(writing=False):
        moment = database_now()
        living = heartbeat.living_processes()
        click.echo(f"正在运行的任务进程：{len(living)} 个")
        for process in living:
            minutes = (moment - process.started_at) // timedelta(minutes=1)
            beat = (moment - process.beat_at).total_seconds()
            click.echo(
                f"  {process.host}，进程号 {process.pid}："
                f"已运行 {minutes} 分钟，心跳在 {beat:.0f} 秒前"
            )
        click.echo("各项任务：")
        rounds = heartbeat.rounds_by_job()
        for job in jobs.every_job():
            click.echo(f"  {job.name}：{_told(rounds.get(job.name))}")
        click.echo("积压情况：")
        for figure, value in health.figures():
            click.echo(f"  {figure.text}：{value:.0f}")
    if not living:
        click.echo("没有任务进程在运行，请启动 flask run-jobs。", err=True)
        raise SystemExit(1)


def _told(row: heartbeat.JobRound | None) -> str:
    if row is None:
        return "还没有运行过"
    told = f"最近一轮 {to_local(row.last_at):%m-%d %H:%M:%S}，办了 {row.last_done} 件"
    if row.last_failed_at is None:
        return told
    failed = f"{to_local(row.last_failed_at):%m-%d %H:%M:%S}"
    return f"{told}；失败过 {row.failures} 次，最近一次 {failed}（{row.last_error}）"


@looked_after.command("given-up")
@click.argument("kind", required=False)
def list_given_up(kind: str | None) -> None:
    """Prints what was given up, of one kind or of all."""
    found = _given_up(kind)
    for row in found:
        about = "，".join(f"{name}={value}" for name, value in row.about.items())
        click.echo(f"{row.kind} {row.id}：失败 {row.attempts} 次，{row.last_error}；{about}")
    click.echo(f"已停下的共 {len(found)} 项。")


@looked_after.command("retry")
@click.argument("kind")
@click.argument("row_id", metavar="[ID]", required=False)
def retry(kind: str, row_id: str | None) -> None:
    """Sends again what was given up: one row, or without ID all rows of the kind."""
    wanted = [row_id] if row_id else [row.id for row in _given_up(kind)]
    try:
        for one in wanted:
            with transaction():
                retry_given_up(_ACTOR, kind, one)
    except Refusal as refused:
        raise click.ClickException(refused.message) from refused
    click.echo(f"{len(wanted)} 项会在下一轮重做。")


def _given_up(kind: str | None) -> list[GivenUp]:
    try:
        with transaction(writing=False):
            page = given_up(_ACTOR, kind=kind, cursor=None, limit=MAX_LIMIT)
            found = page.items
            while page.next_cursor:
                page = given_up(_ACTOR, kind=kind, cursor=page.next_cursor, limit=MAX_LIMIT)
                found += page.items
    except Refusal as refused:
        raise click.ClickException(refused.message) from refused
    return found


def register(app: Flask) -> None:
    """Adds all commands to `flask`."""
    # These belong to rooms above orders, so orders cannot add them itself.
    for command in (import_orders, check_deadlines, start_deadlines):
        orders.add_command(command)
    for command in (init, demo, run_jobs, looked_after, accounts, organisation, deadlines, orders):
        app.cli.add_command(command)
