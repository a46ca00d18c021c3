"""Invented files: a city's requests in the layout of Los Angeles 311, and a community's own ledger."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import xlsxwriter

CITY = (
    *("srnumber", "requesttype", "status", "createddate", "updateddate", "closeddate"),
    *("requestsource", "owner", "anonymous", "assignto", "latitude", "longitude", "address", "ncname"),
)  # fmt: skip
LEDGER = (
    *("序号", "编号", "受理时间", "来源", "诉求人", "电话", "地址", "小区楼栋", "内容", "类别", "状态"),
    *("承办单位", "派单时间", "办结时间", "办理结果", "匿名", "暂缓至"),
)  # fmt: skip
Row = dict[str, str]

_TYPES = (
    *("Bulky Items", "Graffiti Removal", "Illegal Dumping Pickup", "Homeless Encampment"),
    *("Single Streetlight Issue", "Report Water Waste", "Dead Animal Removal", "Other"),
)
_STATUSES = ("Closed",) * 16 + ("Cancelled", "Open", "Pending", "Referred Out")
_SOURCES = ("Call", "Mobile App", "Driver Self Report", "Self Service", "Email")


def city_row(number: int = 1, **given: str) -> Row:
    """One request, closed after a day."""
    return {
        "srnumber": f"1-{number:06d}",
        "requesttype": "Bulky Items",
        "status": "Closed",
        "createddate": "1/2/20 10:15",
        "updateddate": "1/3/20 8:43",
        "closeddate": "1/3/20 8:43",
        "requestsource": "Call",
        "owner": "BOS",
        "anonymous": "N",
        "assignto": "WV",
        "latitude": "34.19402846",
        "longitude": "-118.4994716",
        "address": f"{16000 + number} W INVENTED ST, 91406",
        "ncname": "LAKE BALBOA NC",
    } | given


def city_rows(count: int) -> list[Row]:
    """Requests of a few days in all states, always the same."""
    dice = Random(311)
    return [_drawn(dice, number) for number in range(1, count + 1)]


def _drawn(dice: Random, number: int) -> Row:
    status = dice.choice(_STATUSES)
    created = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=dice.randrange(60 * 24 * 3))
    changed = created + timedelta(minutes=dice.randrange(60 * 24 * 30))
    ended = status in ("Closed", "Cancelled", "Referred Out") and dice.random() < 0.98
    nowhere = dice.random() < 0.02
    return city_row(
        number,
        requesttype=dice.choice(_TYPES),
        status=status,
        createddate=_written(created),
        updateddate=_written(changed),
        closeddate=_written(changed) if ended else "",
        requestsource=dice.choice(_SOURCES),
        anonymous="Y" if dice.random() < 0.15 else "N",
        assignto="" if nowhere else "WV",
        latitude="" if nowhere else f"{dice.uniform(33.7, 34.3):.8f}",
        longitude="" if nowhere else f"{dice.uniform(-118.6, -118.2):.7f}",
        ncname="" if nowhere else dice.choice(("SYLMAR NC", "VAN NUYS NC")),
    )


def _written(moment: datetime) -> str:
    return f"{moment:%m/%d/%y} {moment.hour}:{moment:%M}"


def ledger_row(number: int = 1, **given: str) -> Row:
    """One matter of the community, done on the same day."""
    return {
        "序号": str(number),
        "编号": f"2024-{number:04d}",
        "受理时间": "2024-03-02 09:15",
        "来源": "电话",
        "诉求人": f"诸葛{number}号",
        "电话": f"135{number:08d}",
        "地址": f"青梧路{number}弄暗号室",
        "小区楼栋": "",
        "内容": f"第{number}号：楼道的灯不亮。",
        "类别": "路灯楼道灯",
        "状态": "已办结",
        "承办单位": "安心物业",
        "派单时间": "2024-03-02 09:40",
        "办结时间": "2024-03-02 16:00",
        "办理结果": "换好了灯泡。",
        "匿名": "否",
        "暂缓至": "",
    } | given


def as_csv(rows: Iterable[Mapping[str, str]], columns: Sequence[str], **how: Any) -> bytes:
    """A CSV file; `encoding` and `delimiter` as asked."""
    encoding = how.pop("encoding", "utf-8")
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", **how)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def as_excel(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], title: str = "") -> bytes:
    """An Excel file, with a title above the headings if there is one; times as Excel has them."""
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        sheet, moment = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        if title:
            sheet.merge_range(0, 0, 0, len(columns) - 1, title)
        first = 1 if title else 0
        sheet.write_row(first, 0, columns)
        for number, row in enumerate(rows, start=first + 1):
            for at, column in enumerate(columns):
                value = row.get(column, "")
                if isinstance(value, datetime):
                    sheet.write_datetime(number, at, value, moment)
                else:
                    sheet.write(number, at, value)
    return packed.getvalue()
