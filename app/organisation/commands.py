"""Commands for the operator: `flask organisation …`."""

from pathlib import Path

import click
from flask.cli import AppGroup

from app.kernel.actor import Actor
from app.kernel.database import transaction
from app.kernel.errors import Refusal
from app.organisation import service
from app.organisation.geometry import CoordinateSystem
from app.organisation.service import ImportReport

group = AppGroup("organisation", help="组织、小区楼栋和边界。")

_ACTOR = Actor.system("organisation command")
_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_STRICT = click.option("--strict", is_flag=True, help="有一处不对就一条也不导入。")


@group.command("import-units")
@_FILE
@_STRICT
def import_units(file: Path, strict: bool) -> None:
    """Imports units from an Excel or CSV file.

    Columns in any order: 编号* 名称* 类别*（区、街道、社区、网格、楼组、党员中心户） 上级编号 电话
    地址 开放时间 排序. Correct rows are imported, wrong rows are listed. Importing the same file
    again changes nothing.
    """
    try:
        with transaction():
            report = service.import_units(_ACTOR, file.read_bytes(), strict=strict)
    except Refusal as refusal:
        raise _told(refusal) from refusal
    _tell(report)


@group.command("import-places")
@_FILE
@_STRICT
def import_places(file: Path, strict: bool) -> None:
    """Imports places from an Excel or CSV file.

    Columns in any order: 编号* 名称* 类别*（小区、楼栋、单元、室） 上级编号 单位编号
    物业管理（专业物业、单位自管、无主管） 物业单位 纬度 经度 坐标系（gcj02、wgs84） 排序.
    """
    try:
        with transaction():
            report = service.import_places(_ACTOR, file.read_bytes(), strict=strict)
    except Refusal as refusal:
        raise _told(refusal) from refusal
    _tell(report)


@group.command("import-areas")
@_FILE
@click.option(
    "--coordinate-system",
    type=click.Choice([system.value for system in CoordinateSystem]),
    required=True,
    help="文件用的坐标系：gcj02（高德、腾讯地图）或 wgs84（卫星定位）。",
)
@_STRICT
def import_areas(file: Path, coordinate_system: str, strict: bool) -> None:
    """Imports polygons from a GeoJSON FeatureCollection; the property 编号 or code names the unit."""
    try:
        with transaction():
            report = service.import_areas(
                _ACTOR,
                file.read_bytes(),
                coordinate_system=CoordinateSystem(coordinate_system),
                strict=strict,
            )
    except Refusal as refusal:
        raise _told(refusal) from refusal
    _tell(report)


def _told(refusal: Refusal) -> click.ClickException:
    lines = [text for texts in (refusal.errors or {}).values() for text in texts]
    return click.ClickException("\n".join([refusal.message, *lines]))


def _tell(report: ImportReport) -> None:
    click.echo(
        f"新增{report.created}条，修改{report.changed}条，没有变化{report.unchanged}条，"
        f"有问题{len(report.faults)}处。"
    )
    for fault in report.faults:
        click.echo(str(fault), err=True)
    if report.ignored:
        click.echo(f"这些列没有用到：{'、'.join(report.ignored)}。", err=True)
    if report.faults:
        raise SystemExit(1)
