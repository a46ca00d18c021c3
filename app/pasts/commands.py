"""Commands for the operator about histories and the facts of deadlines: `flask orders …`."""

import sys

import click

from app.kernel.actor import Actor
from app.kernel.database import transaction
from app.pasts.checking import check_facts, order_ids_after
from app.pasts.starting import start_missing

_ACTOR = Actor.system("command")


@click.command("check-deadlines")
def check_deadlines() -> None:
    """核对时限的记录与办理经过是否一致；有出入时退出码为 1。"""
    checked = wrong = 0
    last: int | None = 0
    while last is not None:
        with transaction(writing=False):
            ids = order_ids_after(last)
            for found in check_facts(ids):
                wrong += 1
                click.echo(
                    f"工单 {found.order_id}：缺 {len(found.missing)} 条，多 {len(found.surplus)} 条"
                )
        checked, last = checked + len(ids), ids[-1] if ids else None
    click.echo(f"核对了 {checked} 张工单，{wrong} 张有出入。")
    if wrong:
        sys.exit(1)


@click.command("start-deadlines")
def start_deadlines() -> None:
    """给还没有时限的老工单按办理经过补上时限；不提醒过去的事，可以重复执行。"""
    started = 0
    while True:
        with transaction():
            batch = start_missing(_ACTOR)
        if not batch:
            break
        started += batch
    click.echo(f"给 {started} 张工单补上了时限。")
