"""Commands for the operator: `flask orders …`."""

import sys

import click
from flask.cli import AppGroup

from app.kernel.actor import Actor
from app.kernel.database import transaction
from app.orders.record.verifying import verify_histories
from app.orders.record.words import rebuild_index, rebuild_words

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
