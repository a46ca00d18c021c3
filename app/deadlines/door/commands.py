"""The operator's commands `flask deadlines …`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from flask.cli import AppGroup

from app.deadlines.computing.rules import URGENCIES, BadRules
from app.deadlines.days.queries import year_calendar
from app.deadlines.days.service import fill_calendar, import_days
from app.deadlines.policies.previewing import Preview, preview
from app.deadlines.policies.queries import PolicyHere, policies_here
from app.deadlines.policies.service import publish_policy, seed_policies
from app.deadlines.policies.shipped import read_policies
from app.deadlines.standing.rebuilding import differences, rebuild_some
from app.deadlines.standing.subjects import subject_kinds, subjects_after
from app.kernel.actor import Actor
from app.kernel.clock import LOCAL, now
from app.kernel.database import transaction
from app.kernel.errors import Refusal
from app.organisation.queries import list_units, unit_called

group = AppGroup("deadlines", help="时限规则和工作日历。")

_ACTOR = Actor.system("deadlines command")
_AT_A_TIME = 200
_UNIT = click.option("--unit", help="单位的编号；不填是最上级的。")
_YEAR = click.argument("year", type=int)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@contextmanager
def _said(*, writing: bool) -> Iterator[None]:
    """One transaction; a refusal ends the command with its Chinese text."""
    try:
        with transaction(writing=writing):
            yield
    except Refusal as refused:
        raise click.ClickException(refused.message) from refused


@group.command("policies")
@_UNIT
def list_policies(unit: str | None) -> None:
    """时限规则在一个单位怎样执行。"""
    with _said(writing=False):
        for policy in policies_here(_ACTOR, _unit_id(unit)):
            _tell_policy(policy)


@group.command("publish")
@click.argument("file", type=_FILE)
@click.option("--unit", help="只在这个单位和下级收紧；不填是全体的规则。")
def publish(file: Path, unit: str | None) -> None:
    """发布文件里的时限规则；写法同自带的 policies.toml。一条不对就都不发布。"""
    written = _text(file)
    try:
        policies = read_policies(written)
    except BadRules as wrong:
        raise click.ClickException(str(wrong)) from wrong
    with _said(writing=True):
        unit_id = None if unit is None else unit_called(unit).id
        current = {here.code: here for here in policies_here(_ACTOR, _unit_id(unit))}
        for policy in policies:
            here = current.get(policy.code)
            publish_policy(
                _ACTOR,
                policy.code,
                unit_id=unit_id,
                name=policy.name,
                stages=policy.stages,
                based_on=_replaced(here, unit_id),
            )
    click.echo(f"已发布{len(policies)}条时限规则，正在计时的随后重新计算。")


def _replaced(here: PolicyHere | None, unit_id: int | None) -> int | None:
    if here is None:
        return None
    return here.current_id if unit_id is None else here.own_id


@group.command("preview")
@click.argument("policy")
@_UNIT
@click.option("--urgency", type=click.Choice(URGENCIES), default="normal", show_default=True)
@click.option("--start", help="从什么时候开始，例如 2026-02-13T16:50；不填是现在。")
@click.option(
    "--pause", "pauses", multiple=True, help="暂停的起止，例如 2026-02-14T09:00/2026-02-15T09:00。"
)
def try_out(
    policy: str, unit: str | None, urgency: str, start: str | None, pauses: tuple[str, ...]
) -> None:
    """试算各环节什么时候到期、什么时候提醒谁。"""
    begins = now() if start is None else _moment(start)
    stops = [_pause(written) for written in pauses]
    with _said(writing=False):
        unit_id = _unit_id(unit)
        found = preview(
            _ACTOR, policy=policy, unit_id=unit_id, urgency=urgency, start=begins, pauses=stops
        )
        _tell_preview(found)


@group.command("calendar")
@_YEAR
def show_calendar(year: int) -> None:
    """一年的放假和调休。"""
    with _said(writing=False):
        found = year_calendar(_ACTOR, year)
        click.echo(f"{year}年：{'已公布' if found.confirmed else '还没有公布，暂定'}")
        for special in found.days:
            click.echo(f"{special.day.isoformat()} {special.text}")


@group.command("calendar-import")
@_YEAR
@click.argument("file", type=_FILE, required=False)
@click.option("--dry-run", is_flag=True, help="只看有什么变化。")
def import_calendar(year: int, file: Path | None, dry_run: bool) -> None:
    """整年的放假安排，代替原来的。

    文件是 CSV，列为 日期、类别（放假或上班）、名称；不给文件就用程序自带的公布安排。
    """
    table = None if file is None else _text(file)
    source = "chinesecalendar" if file is None else None
    with _said(writing=True):
        report = import_days(_ACTOR, year, csv=table, source=source, dry_run=dry_run)
    for difference in report.differences:
        click.echo(difference.text)
    click.echo(report.summary)


def _unit_id(named: str | None) -> int:
    if named is not None:
        return unit_called(named).id
    top = list_units(_ACTOR, parent_id=None, kind=None, closed=False, cursor=None, limit=1).items
    if not top:
        raise click.ClickException("还没有单位，请先运行 flask init。")
    return top[0].id


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as broken:
        raise click.ClickException(f"文件“{file}”打不开，请存成 UTF-8。") from broken


def _moment(written: str) -> datetime:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as wrong:
        raise click.ClickException(f"时间“{written}”不对，例如 2026-02-13T16:50。") from wrong
    return moment if moment.tzinfo else moment.replace(tzinfo=LOCAL)


def _pause(written: str) -> tuple[datetime, datetime | None]:
    since, _, until = written.partition("/")
    return _moment(since), _moment(until) if until else None


def _tell_policy(policy: PolicyHere) -> None:
    click.echo(f"{policy.code} {policy.name}（第{policy.own_id or policy.current_id}版）")
    for stage in policy.stages:
        times = "；".join(f"{time.urgency_name}{time.text}" for time in stage.times)
        night = f"；{stage.night.text}" if stage.night else ""
        click.echo(f"  {stage.name}：{times or '不限时'}{night}")


def _tell_preview(found: Preview) -> None:
    for stage in found.stages:
        due = stage.due_at.isoformat(sep=" ", timespec="minutes") if stage.due_at else "没有期限"
        click.echo(f"{stage.name}：{due}")
        for rung in stage.ladder:
            click.echo(f"  {rung.at.isoformat(sep=' ', timespec='minutes')} {rung.text}")


@group.command("rebuild")
@click.option("--write", is_flag=True, help="把不一致的改正过来；不写就只核对。")
def rebuild_all(*, write: bool) -> None:
    """只凭时限记录重新计算全部时限，与现有的核对；有出入又没有改正时退出码为 1。"""
    wrong = checked = 0
    with transaction(writing=False):
        kinds = subject_kinds()
    for kind in kinds:
        last: int | None = 0
        while last is not None:
            with transaction(writing=write):
                ids = subjects_after(kind, last, _AT_A_TIME)
                wrong += (
                    rebuild_some(_ACTOR, kind, ids)
                    if write
                    else sum(len(list(differences(kind, found))) for found in ids)
                )
            checked, last = checked + len(ids), ids[-1] if ids else None
    click.echo(f"核对了 {checked} 件事的时限，{wrong} 处{'已改正' if write else '有出入'}。")
    if wrong and not write:
        sys.exit(1)


@group.command("seed")
def seed() -> None:
    """放入还没有的时限规则和放假安排；可以重复执行。升级以后用一次。"""
    with transaction():
        policies, days = seed_policies(_ACTOR), fill_calendar(_ACTOR)
    click.echo(f"放入了 {policies} 项时限规则、{days} 天放假安排。")
