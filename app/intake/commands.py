"""The command `flask orders import …` for the operator."""

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.exc import OperationalError

from app.intake.mappings import ImportMapping, read_mapping, shipped_mapping, shipped_names
from app.intake.queries.importing import ground_of, unit_by
from app.intake.rows import rejected_cells
from app.intake.service.importing import Entered, enter_lines
from app.intake.sheets import Sheet, read_sheet, with_quote, without_quote, workbook
from app.intake.states import BATCH, BATCH_ON_SQLITE, REASON_HEADING, ROW_HEADING
from app.kernel.actor import Actor
from app.kernel.database import is_sqlite, transaction
from app.kernel.errors import Refusal

_ACTOR = Actor.system("import command")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class _Writer(Protocol):
    def __call__(self, cells: list[str], /) -> object: ...


@dataclass(slots=True)
class _Tally:
    """The results of the rows so far: how many, and the first ten faults in words."""

    read: int = 0
    added: int = 0
    known: int = 0
    rejected: int = 0
    first: list[str] = field(default_factory=list)

    def count(self, rows: int, entered: Entered) -> None:
        self.read += rows
        self.added += entered.added
        self.known += entered.known
        self.rejected += len(entered.rejected)
        faults = [str(fault) for _, faults in entered.rejected for fault in faults]
        self.first += faults[: max(_SHOWN - len(self.first), 0)]


_SHOWN = 10


@click.command("import")
@click.argument("file", type=_FILE)
@click.option("--mapping", "named", required=True, help="映射：随程序带的名称，或一个 TOML 文件。")
@click.option("--unit", required=True, help="导入到哪个单位：编号或 id。")
@click.option(
    "--rejected",
    type=click.Path(dir_okay=False, path_type=Path),
    help="退回的行写到这个文件（csv 或 xlsx）；不写就放在当前目录。",
)
@click.option("--batch", type=click.IntRange(1, 5000), help="一次提交多少行。")
def import_orders(
    file: Path, named: str, unit: str, rejected: Path | None, batch: int | None
) -> None:
    """从别的系统导入过去的工单（Excel 或 CSV）：保留原来的时间，不通知任何人。

    中断后再运行一次即可，已导入的不会重复。有被退回的行时退出码为 1。
    """
    out = rejected or Path(f"{file.stem}.rejected.csv")
    tally = _Tally()
    try:
        mapping = _mapping(named)
        with file.open("rb") as content, _rejects(out, always=rejected is not None) as reject:
            sheet = read_sheet(content, mapping.needed)
            unit_id = _prepare(mapping, sheet, unit)
            reject([*sheet.headings, ROW_HEADING, REASON_HEADING])
            for rows, entered in _enter(mapping, sheet, unit_id, batch):
                tally.count(rows, entered)
                for line, faults in entered.rejected:
                    reject(rejected_cells(sheet.headings, line, faults))
    except Refusal as refusal:
        raise click.ClickException(refusal.message) from refusal
    except OperationalError as broken:
        raise click.ClickException(
            f"数据库中断了，已读{tally.read}行；再运行一次即可，已导入的不会重复。"
        ) from broken
    _say(tally, out)


def _mapping(named: str) -> ImportMapping:
    path = Path(named)
    if named in shipped_names() or not path.is_file():
        return shipped_mapping(named)
    try:
        return read_mapping(path.stem, path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as broken:
        raise click.ClickException(f"映射文件“{named}”打不开，请存成 UTF-8。") from broken


def _prepare(mapping: ImportMapping, sheet: Sheet, unit: str) -> int:
    """Checks mapping, unit and categories before a row is entered; returns the id of the unit."""
    with transaction(writing=False):
        found = unit_by(_ACTOR, unit)
        ground_of(mapping, found, sheet.headings, [])
        click.echo(f"把“{mapping.title}”的工单导入到“{found.name}”。")
        return found.id


def _enter(
    mapping: ImportMapping, sheet: Sheet, unit_id: int, batch: int | None
) -> Iterator[tuple[int, Entered]]:
    """Enters batch after batch, each in a transaction of its own, and shows the progress."""
    seen: dict[str, int] = {}
    size = batch or (BATCH_ON_SQLITE if is_sqlite() else BATCH)
    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with shown:
        task = shown.add_task("导入", total=sheet.total)
        while lines := list(islice(sheet.lines, size)):
            with transaction():
                entered = enter_lines(_ACTOR, mapping, unit_id, sheet.headings, lines, seen)
            yield len(lines), entered
            shown.advance(task, len(lines))


@contextmanager
def _rejects(out: Path, *, always: bool) -> Iterator[_Writer]:
    """Gives a function that takes rows; at the end the rows are in the file `out`.

    If only the headings were written, the file is made only with `always`. The file holds names and
    phones, so only its owner can read it. It is written under another name and moved at the end.
    """
    draft = out.with_name(f".{out.name}.part")
    # A draft that a killed run has left could be readable for other users.
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600, exist_ok=False)
    count = 0
    try:
        with draft.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)

            def write(cells: list[str]) -> None:
                nonlocal count
                count += 1
                writer.writerow([with_quote(cell) for cell in cells])

            yield write
        if count > 1 or always:
            if out.suffix.lower() == ".xlsx":
                _to_excel(draft)
            os.replace(draft, out)
    finally:
        draft.unlink(missing_ok=True)


def _to_excel(draft: Path) -> None:
    with draft.open(encoding="utf-8-sig", newline="") as file:
        rows = ([without_quote(cell) for cell in row] for row in csv.reader(file))
        packed = workbook([("退回的行", rows)])
    draft.write_bytes(packed)


def _say(tally: _Tally, out: Path) -> None:
    click.echo(
        f"读了{tally.read}行：新增{tally.added}条，已有{tally.known}条，退回{tally.rejected}条。"
    )
    if tally.rejected:
        for told in tally.first:
            click.echo(told, err=True)
        click.echo(f"退回的行和原因在 {out}。", err=True)
        raise SystemExit(1)
