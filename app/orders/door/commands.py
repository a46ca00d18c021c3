"""Commands for the operator: `flask orders …`."""

import sys

import click
from flask.cli import AppGroup

from app.kernel.actor import Actor
from app.kernel.database import transaction
from app.orders.clockwork.checking import check_facts, order_ids_after
from app.orders.clockwork.starting import start_missing
from app.orders.ticket.verifying import verify_histories
from app.orders.ticket.words import rebuild_index, rebuild_words

group = AppGroup("orders", help="工单。")
_ACTOR = Actor.system("command")


@group.command("verify-history")
@click.argument("order_ids", nargs=-1, type=int)
def verify_history(order_ids: tuple[int, ...]) -> None:
    """核对办理记录有没有被改动;不写编号就核对全部。有问题时退出码为 1。"""
    with transaction(writing=False):
        verdicts = verify_histories(order_ids or None)
    broken = [verdict for verdict in verdicts if verdict.broken]
    for verdict in broken:
        click.echo(f"工单 {verdict.order_id}：{'；'.join(verdict.broken)}")
    erased = sum(verdict.erased for verdict in verdicts)
    click.echo(
        f"核对了 {len(verdicts)} 张工单，{erased} 行的内容已按规定删除，{len(broken)} 张有问题。"
    )
    missing = set(order_ids) - {verdict.order_id for verdict in verdicts}
    if missing:
        click.echo(f"没有找到：{'、'.join(str(order_id) for order_id in sorted(missing))}")
    if broken or missing:
        sys.exit(1)


@group.command("check-deadlines")
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


@group.command("start-deadlines")
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


@group.command("rebuild-search")
def rebuild_search() -> None:
    """重建工单的搜索索引；分批进行，期间可以照常使用。"""
    last: int | None = 0
    while last is not None:
        with transaction():
            last = rebuild_words(_ACTOR, last)
    with transaction():
        rebuild_index(_ACTOR)
    click.echo("搜索索引已重建。")
